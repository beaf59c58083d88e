#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "paddock/startup/lock_file.h"

namespace paddock::startup {

/// What a file in a data directory is to us, by its name.
enum class FileKind : std::uint8_t {
  ours,        ///< a log segment or a snapshot: there is a tree to recover
  unfinished,  ///< one that a crash left half made under a temporary name
  harmless,    ///< lock, client.port, myid, lost+found, …: says nothing about a tree
  zookeeper,   ///< Apache ZooKeeper's log or snapshots
  foreign,     ///< anything else
};
FileKind kind_of(std::string_view file_name);

/// The names of the files in one directory.
struct Listing {
  std::string dir;
  std::vector<std::string> names;
};

/// True: one of the directories holds a log or a snapshot, so there is a tree to recover. False: an
/// empty tree may be made. The error says which files forbid both.
Result<bool, std::string> has_tree_in(const std::vector<Listing>& listings);

/// The data directory and the log directory (often the same): made if they are not there, locked
/// against a second process, and looked at. Blocking calls, before the loops run.
/// Threads: loop-local.
class DataDir {
 public:
  /// An empty tree is made only in an empty directory: one with Apache ZooKeeper's files, or with
  /// anything else that we do not know, is refused, because a daemon that serves an empty tree
  /// where clients expect theirs does more harm than one that does not start. For the same reason
  /// the log directory must be the one that the data directory's log is in (LogPlace). The error is
  /// a sentence for the operator.
  static Result<DataDir, std::string> open(const std::string& data_dir,
                                           const std::string& data_log_dir);

  /// There is a log or a snapshot: recover it. Else begin with an empty tree.
  bool has_tree() const { return has_tree_; }
  const std::string& path() const { return path_; }
  const std::string& log_path() const { return log_path_; }

  /// Of the locks, for net::Loop::hold_open().
  std::vector<int> lock_descriptors() const;

  /// Writes `port` as text to DIR/client.port, by rename, so that a reader sees a whole number or
  /// no file. open() has removed the one of an earlier run. Returns what went wrong, or "".
  std::string write_client_port(std::uint16_t port) const;
  static constexpr const char* port_file_name = "client.port";

 private:
  DataDir(std::string path, std::string log_path, LockFile lock, std::optional<LockFile> log_lock,
          bool has_tree);

  std::string path_;
  std::string log_path_;
  LockFile lock_;
  std::optional<LockFile> log_lock_;  ///< when the log has a directory of its own
  bool has_tree_ = false;
};

}  // namespace paddock::startup
