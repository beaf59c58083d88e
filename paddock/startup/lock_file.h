#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "core/base/result.h"

namespace paddock::startup {

/// Keeps a second process out of a data directory: an exclusive flock on DIR/paddock.lock, held
/// until this object or the process ends, however it ends, and until the loops that hold
/// descriptor() open have nothing under way. The file holds the owner's pid as text and stays when
/// the lock is released; only the lock counts. Threads: any, after acquire().
class LockFile {
 public:
  static constexpr const char* name = "paddock.lock";

  struct Error {
    bool is_held = false;  ///< another process has it; else the file cannot be made or locked
    std::string message;   ///< a sentence with the directory and, if held, the owner's pid
  };

  /// A predecessor that was killed may have writes under way for so long: a lock that is held is
  /// waited for.
  static constexpr std::chrono::milliseconds patience{3000};

  /// The directory must exist.
  static Result<LockFile, Error> acquire(const std::string& dir,
                                         std::chrono::milliseconds wait = patience);
  /// For a tool that only reads: keeps a daemon out, other readers not, and writes nothing. Nothing
  /// is held when DIR has no lock file: no daemon runs there then, and none is made for a look.
  static Result<std::optional<LockFile>, Error> share(const std::string& dir,
                                                      std::chrono::milliseconds wait = patience);
  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&&) = delete;
  ~LockFile();

  int descriptor() const { return descriptor_; }

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  static Result<LockFile, Error> lock(const std::string& dir, int descriptor, int how,
                                      std::chrono::milliseconds wait);
  int descriptor_ = -1;
};

}  // namespace paddock::startup
