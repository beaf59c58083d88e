#pragma once

#include <sys/types.h>

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace paddock {

struct LossyOptions {
  std::uint64_t seed = 1;
  /// Off: syncs answer that all is well and do nothing. For the test that proves that the crash
  /// test notices.
  bool syncs = true;

  /// PADDOCK_LOSSY_SEED=N and PADDOCK_LOSSY_SYNC=off.
  static LossyOptions from_environment();
};

/// What the process knows of its files and a power cut would forget. All LossyDisks of a process
/// see the same files, whichever thread they belong to.
///
/// Written bytes live here as 512-byte sectors over the real file, changed names as a queue over
/// the real directory. A sync writes them to the real ones; killing the process forgets the rest.
/// So a SIGKILL does to this process what a power cut does to a machine. Faults, so that anything
/// else in a red test is a bug of the code under test:
///   - a sector written and not synced keeps its old content, or has reached the file early: for
///   each
///     write a coin decides for none, all, or a coin for each sector. A file's unsynced length
///     changes or not in the same way;
///   - a sync writes its sectors in a random order, often in two parts with time between them, so a
///     kill inside a write that was to be durable tears it;
///   - names made, renamed and removed in a directory that was not synced since are not in the real
///     one, or a first part of these changes is, in their order (as journaling file systems do it).
///     Syncing a file does not sync its name.
/// It never injects: loss of what was synced, a torn sector, failing calls; directories themselves
/// appear at once, and so does a rename from one directory to another.
///
/// Threads: any. mutex_ guards everything; syncs run on one thread of its own, in order.
class LossyFiles {
 public:
  static constexpr std::size_t sector_bytes = 512;

  /// Runs on the sync thread or inside the call.
  using Done = std::function<void(std::int64_t result)>;
  using Node = std::uint64_t;  ///< a file: its inode number in the real file system

  explicit LossyFiles(const LossyOptions& options);
  /// Finishes the syncs that were asked for; what was not synced is lost, as in a kill.
  ~LossyFiles();

  struct Open {
    bool create = false;
    bool exclusive = false;
  };
  /// A Node or -errno; close() gives it back.
  std::int64_t open(const std::string& path, Open how);
  void close(Node node);
  std::int64_t size(Node node);
  std::int64_t read(Node node, std::uint64_t offset, std::span<std::byte> into);
  std::int64_t write(Node node, std::uint64_t offset, std::span<const std::byte> from);
  std::int64_t allocate(Node node, std::uint64_t offset, std::uint64_t bytes);
  std::int64_t truncate(Node node, std::uint64_t bytes);
  std::int64_t rename(const std::string& from, const std::string& to);
  std::int64_t remove(const std::string& path);
  std::int64_t list(const std::string& dir, std::vector<std::string>& names);
  std::int64_t make_dir(const std::string& dir);

  /// Makes [offset, offset + bytes) durable, with all that is needed to read it; `done` gets 0 or
  /// -errno.
  void sync(Node node, std::uint64_t offset, std::uint64_t bytes, Done done);
  void sync_dir(const std::string& dir, Done done);

 private:
  struct Sector {
    std::array<std::byte, sector_bytes> bytes;
    std::uint64_t generation;  ///< raised by every write; tells a sync whether it wrote the newest
  };
  struct File {
    int fd = -1;  ///< the real one; held open so that its inode number stays its own
    std::uint32_t handles = 0;
    std::uint64_t size = 0;   ///< as the process sees it
    std::uint64_t valid = 0;  ///< real bytes below this are the file's, if no sector covers them
    std::uint64_t cuts = 0;   ///< times it was made shorter
    bool has_unsynced_cut = false;            ///< the real file may still hold what was cut off
    std::map<std::uint64_t, Sector> sectors;  ///< unsynced, by offset / sector_bytes
  };
  struct NameChange {
    enum class Kind : std::uint8_t { create, rename, remove };
    Kind kind{};
    std::string name;
    std::string to;  ///< of a rename
    Node node = 0;   ///< of a create
  };
  using Names = std::map<std::string, Node>;

  File& file(Node node) { return *files_.at(node); }
  bool coin() { return (random_() & 1) != 0; }
  bool load_names(const std::string& dir, Names& names, Names* real = nullptr);
  std::int64_t load_file(const std::string& dir, Node node, const Names& real);
  void change_name(const std::string& dir, NameChange change);
  std::int64_t apply(const std::string& dir, const NameChange& change);
  std::int64_t apply_names(const std::string& dir);
  void forget_unused();
  Sector& sector(File& file, std::uint64_t index);
  void write_early(File& file, std::uint64_t first, std::uint64_t last);
  std::int64_t write_sector(const File& file, std::uint64_t index, const Sector& sector);
  std::int64_t set_real_size(File& file);
  void read_view(const File& file, std::uint64_t offset, std::span<std::byte> into);
  void run_jobs();
  std::int64_t run_sync(Node node, std::uint64_t offset, std::uint64_t bytes);
  std::int64_t run_sync_dir(const std::string& dir);

  const LossyOptions options_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<Node, std::unique_ptr<File>> files_;
  std::map<std::string, std::deque<NameChange>> name_changes_;  ///< by directory, oldest first
  std::uint64_t generation_ = 0;

  std::condition_variable has_job_;
  std::deque<std::function<void()>> jobs_;
  bool stops_ = false;
  std::thread thread_;
};

}  // namespace paddock
