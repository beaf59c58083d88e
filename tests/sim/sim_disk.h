#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "wal/disk.h"

namespace paddock::sim {

/// A disk in memory that keeps what was synced and gambles with the rest (R21).
///
/// An operation takes effect when poll() or wait() picks it, in a seeded order of its own
/// (operations in flight may overtake each other). Faults it may inject, so that anything else in a
/// red test is a bug of the code under test:
///   - power cut at any point: every 512-byte sector written and not synced since keeps its new or
///   its
///     old content, each by its own coin; one overwritten several times may hold a version in
///     between; a file's unsynced size is the old or the new one;
///   - a name that was created, renamed or removed and whose directory was not synced since is
///   there or
///     not, each operation by its own coin (a rename is atomic); syncing a file does not sync its
///     name;
///   - operations in flight at the cut happen partly, as unsynced ones;
///   - the death of the process alone: the page cache stays, and stays unsynced;
///   - on demand: an errno for the n-th operation of a kind, a short write, a full disk.
/// It never injects: loss of synced bytes (tests damage files through flip() and put()), a torn
/// sector, stale bytes in a grown file (they read as zeros), reordering across a sync that has
/// completed.
///
/// A short durable write leaves its bytes unsynced, as a write whose linked sync was cancelled
/// does.
///
/// Threads: loop-local.
class SimDisk final : public wal::Disk {
 public:
  static constexpr std::uint64_t sector_bytes = 512;

  enum class Kind : std::uint8_t {
    open,
    size,
    read,
    write,
    sync,
    allocate,
    truncate,
    rename,
    remove,
    list,
    make_dir,
    sync_dir
  };

  struct Options {
    std::uint64_t seed = 1;
    bool reorder = true;  ///< false: operations complete in the order of their calls
    std::uint64_t capacity_bytes = UINT64_MAX;
  };

  /// The operation of this kind that comes after `skip` others of it (on a path that contains
  /// `path_part`) fails with `error` without any effect; with error = 0 it is a write that takes
  /// `short_bytes` bytes and no more.
  struct Fault {
    Kind kind{};
    int error = 0;  ///< an errno, positive
    std::uint64_t short_bytes = 0;
    std::uint32_t skip = 0;
    std::uint32_t times = 1;
    std::string path_part;
  };

  /// What is there after power_on().
  enum class Survive : std::uint8_t {
    nothing,     ///< only what was synced
    everything,  ///< unsynced bytes and names as well, and all that was in flight
    coin,        ///< each unsynced sector and name by a coin
    page_cache,  ///< the process died and the machine did not: all is readable, nothing more is
                 ///< synced
  };

  explicit SimDisk(const Options& options);
  SimDisk() : SimDisk(Options{}) {}

  // --- wal::Disk
  void open(std::string_view path, Open how, Done done) override;
  void close(File file) override;
  void size(File file, Done done) override;
  void read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) override;
  void write(File file, std::uint64_t offset, std::span<const std::byte> from, bool durable,
             Done done) override;
  void sync(File file, Done done) override;
  void allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) override;
  void truncate(File file, std::uint64_t bytes, Done done) override;
  void rename(std::string_view from, std::string_view to, Done done) override;
  void remove(std::string_view path, Done done) override;
  void list(std::string_view dir, std::vector<std::string>& names, Done done) override;
  void make_dir(std::string_view dir, Done done) override;
  void sync_dir(std::string_view dir, Done done) override;
  std::size_t poll() override;  ///< runs one operation, if there is one
  void wait() override;

  // --- Crash points
  /// Operations so far that change the disk (reads, lists and plain opens do not count). The crash
  /// points of a workload are power_off_after(k) for k = 0 .. the count of a run without a crash;
  /// the same seed and workload take the same steps up to each of them.
  std::uint64_t changes() const { return changes_; }
  /// The power goes off as soon as `changes` operations in all have taken effect and the completion
  /// of the last has run: what that completion has started is in flight at the cut.
  void power_off_after(std::uint64_t changes);
  /// From now on nothing has an effect; every operation, in flight or new, completes with -EIO, so
  /// that the code under test comes to its end.
  void power_off();
  bool is_off() const { return off_; }
  /// REQUIRES: is_off(), nothing in flight, the users of the disk are gone. Open files are
  /// forgotten, injected faults and the crash point as well.
  void power_on(Survive how, std::uint64_t coin_seed = 0);

  // --- Faults on demand
  void inject(const Fault& fault) { faults_.push_back(fault); }
  void set_capacity(std::uint64_t bytes) { options_.capacity_bytes = bytes; }

  // --- Looking and damaging, past the interface
  std::size_t in_flight() const { return queue_.size(); }
  std::uint64_t count(Kind kind) const { return counts_[static_cast<std::size_t>(kind)]; }
  std::uint64_t used_bytes() const;
  bool exists(const std::string& path) const { return names_.contains(path); }
  std::vector<std::string> names(const std::string& dir) const;  ///< sorted
  const std::vector<std::byte>& contents(const std::string& path) const;
  /// Puts a file there, bytes and name synced.
  void put(const std::string& path, std::vector<std::byte> bytes);
  /// Takes a name away, synced.
  void drop(const std::string& path);
  /// Damages synced content: `mask` is xored onto one byte.
  void flip(const std::string& path, std::uint64_t offset, std::byte mask = std::byte{1});
  /// One line per operation that took effect, for a failing test to print.
  const std::vector<std::string>& trace() const { return trace_; }

 private:
  struct Inode {
    bool directory = false;
    std::vector<std::byte> live;    // what a reader sees
    std::vector<std::byte> stable;  // what a power cut cannot take
    std::set<std::uint64_t> dirty;  // sectors whose live content may differ from stable
  };
  using Node = std::shared_ptr<Inode>;

  /// A name operation that its directory's sync has not covered yet.
  struct NameChange {
    std::string dir, other_dir;         // other_dir: of a rename's source
    std::string set_name, erased_name;  // full paths; empty = none
    Node node;
  };

  struct Handle {
    Node node;
    std::string path;
    bool writable = false;
    bool direct = false;
    std::uint32_t in_flight = 0;
  };

  struct Op {
    Kind kind{};
    std::string path, to;
    Open how;
    File file = -1;
    std::uint64_t offset = 0, bytes = 0;
    std::span<std::byte> into;
    std::span<const std::byte> from;
    bool durable = false;
    std::vector<std::string>* names = nullptr;
    Done done;
  };

  void push(Op op);
  bool is_change(const Op& op) const;
  std::int64_t run(const Op& op, bool power);
  std::int64_t run_open(const Op& op);
  std::int64_t run_write(const Op& op, bool power, std::uint64_t bytes_max);
  std::int64_t run_allocate(const Op& op);
  std::int64_t run_rename(const Op& op);
  std::int64_t run_remove(const Op& op);
  std::int64_t run_list(const Op& op);
  std::int64_t run_make_dir(const Op& op);
  std::int64_t run_sync_dir(const Op& op);
  const Fault* fault_for(const Op& op);
  Handle* handle(File file);
  bool has_dir(const std::string& dir) const;
  void write_bytes(Inode& inode, std::uint64_t offset, std::span<const std::byte> from);
  void resize(Inode& inode, std::uint64_t bytes);
  static void sync_range(Inode& inode, std::uint64_t offset, std::uint64_t bytes);
  static void sync_all(Inode& inode);
  static void settle_sector(Inode& inode, std::uint64_t sector);
  bool coin() { return (random_() & 1) != 0; }

  Options options_;
  std::mt19937_64 random_;
  std::map<std::string, Node> names_;         // what a reader sees; full paths
  std::map<std::string, Node> stable_names_;  // what a power cut cannot take
  std::deque<NameChange> name_changes_;       // oldest first
  std::map<File, Handle> handles_;
  File next_file_ = 3;
  std::deque<Op> queue_;  // in flight, in the order of the calls
  std::vector<Fault> faults_;
  std::uint64_t counts_[12] = {};
  std::uint64_t changes_ = 0;
  std::uint64_t off_after_ = UINT64_MAX;
  bool off_ = false;
  std::vector<std::string> trace_;
};

}  // namespace paddock::sim
