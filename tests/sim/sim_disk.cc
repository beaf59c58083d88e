#include "tests/sim/sim_disk.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace paddock::sim {
namespace {

constexpr std::uint64_t direct_bytes = 4096;

std::string normal(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

std::string dir_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_aligned(const void* memory, std::uint64_t offset, std::uint64_t bytes) {
  return reinterpret_cast<std::uintptr_t>(memory) % direct_bytes == 0 &&
         offset % direct_bytes == 0 && bytes % direct_bytes == 0;
}

const char* name_of(SimDisk::Kind kind) {
  constexpr const char* names[] = {"open",     "size",   "read",   "write", "sync",     "allocate",
                                   "truncate", "rename", "remove", "list",  "make_dir", "sync_dir"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace

SimDisk::SimDisk(const Options& options) : options_(options), random_(options.seed) {}

// --- Calls: each is only queued.

void SimDisk::push(Op op) {
  if (Handle* h = handle(op.file)) ++h->in_flight;
  queue_.push_back(std::move(op));
}

void SimDisk::open(std::string_view path, Open how, Done done) {
  push({.kind = Kind::open, .path = normal(path), .how = how, .done = std::move(done)});
}
void SimDisk::close(File file) {
  Handle* h = handle(file);
  CHECK(h != nullptr);
  CHECK(h->in_flight == 0);
  handles_.erase(file);
}
void SimDisk::size(File file, Done done) {
  push({.kind = Kind::size, .file = file, .done = std::move(done)});
}
void SimDisk::read(File file, std::uint64_t offset, std::span<std::byte> into, Done done) {
  push({.kind = Kind::read, .file = file, .offset = offset, .into = into, .done = std::move(done)});
}
void SimDisk::write(File file, std::uint64_t offset, std::span<const std::byte> from, bool durable,
                    Done done) {
  push({.kind = Kind::write,
        .file = file,
        .offset = offset,
        .from = from,
        .durable = durable,
        .done = std::move(done)});
}
void SimDisk::sync(File file, Done done) {
  push({.kind = Kind::sync, .file = file, .done = std::move(done)});
}
void SimDisk::allocate(File file, std::uint64_t offset, std::uint64_t bytes, Done done) {
  push({.kind = Kind::allocate,
        .file = file,
        .offset = offset,
        .bytes = bytes,
        .done = std::move(done)});
}
void SimDisk::truncate(File file, std::uint64_t bytes, Done done) {
  push({.kind = Kind::truncate, .file = file, .bytes = bytes, .done = std::move(done)});
}
void SimDisk::rename(std::string_view from, std::string_view to, Done done) {
  push({.kind = Kind::rename, .path = normal(from), .to = normal(to), .done = std::move(done)});
}
void SimDisk::remove(std::string_view path, Done done) {
  push({.kind = Kind::remove, .path = normal(path), .done = std::move(done)});
}
void SimDisk::list(std::string_view dir, std::vector<std::string>& names, Done done) {
  push({.kind = Kind::list, .path = normal(dir), .names = &names, .done = std::move(done)});
}
void SimDisk::make_dir(std::string_view dir, Done done) {
  push({.kind = Kind::make_dir, .path = normal(dir), .done = std::move(done)});
}
void SimDisk::sync_dir(std::string_view dir, Done done) {
  push({.kind = Kind::sync_dir, .path = normal(dir), .done = std::move(done)});
}

std::size_t SimDisk::poll() {
  if (queue_.empty()) return 0;
  const std::size_t pick = options_.reorder ? random_() % queue_.size() : 0;
  Op op = std::move(queue_[pick]);
  queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(pick));
  if (Handle* h = handle(op.file)) --h->in_flight;
  std::int64_t result = -EIO;
  if (!off_) {
    result = run(op, true);
    ++counts_[static_cast<std::size_t>(op.kind)];
    if (is_change(op)) ++changes_;
  }
  op.done(result);
  if (!off_ && changes_ >= off_after_) power_off();
  return 1;
}

void SimDisk::wait() {
  CHECK(!queue_.empty());
  poll();
}

// --- Effects

bool SimDisk::is_change(const Op& op) const {
  switch (op.kind) {
    case Kind::open:
      return op.how.create;
    case Kind::size:
    case Kind::read:
    case Kind::list:
      return false;
    case Kind::write:
    case Kind::sync:
    case Kind::allocate:
    case Kind::truncate:
    case Kind::rename:
    case Kind::remove:
    case Kind::make_dir:
    case Kind::sync_dir:
      return true;
  }
  UNREACHABLE();
}

/// `power`: false for what was in flight at a cut; it then has no durable effect and no faults.
std::int64_t SimDisk::run(const Op& op, bool power) {
  Handle* h = handle(op.file);
  const std::string& path = h != nullptr ? h->path : op.path;
  trace_.push_back(std::string(power ? "" : "at the cut: ") + name_of(op.kind) + " " + path +
                   (op.to.empty() ? "" : " to " + op.to) + " " + std::to_string(op.offset) + "+" +
                   std::to_string(op.from.size() + op.into.size() + op.bytes));
  std::uint64_t write_bytes_max = UINT64_MAX;
  if (power) {
    const Fault* fault = fault_for(op);
    if (fault != nullptr && fault->error != 0) return -fault->error;
    if (fault != nullptr) write_bytes_max = fault->short_bytes;
  }
  const bool has_file = op.kind == Kind::size || op.kind == Kind::read || op.kind == Kind::write ||
                        op.kind == Kind::sync || op.kind == Kind::allocate ||
                        op.kind == Kind::truncate;
  if (has_file && h == nullptr) return -EBADF;
  switch (op.kind) {
    case Kind::open:
      return run_open(op);
    case Kind::size:
      return static_cast<std::int64_t>(h->node->live.size());
    case Kind::read: {
      const std::vector<std::byte>& live = h->node->live;
      if (h->direct && !is_aligned(op.into.data(), op.offset, op.into.size())) return -EINVAL;
      if (op.offset >= live.size()) return 0;
      const std::size_t count = std::min<std::size_t>(op.into.size(), live.size() - op.offset);
      std::memcpy(op.into.data(), live.data() + op.offset, count);
      return static_cast<std::int64_t>(count);
    }
    case Kind::write:
      return run_write(op, power, write_bytes_max);
    case Kind::sync:
      if (power) sync_all(*h->node);
      return 0;
    case Kind::allocate:
      return run_allocate(op);
    case Kind::truncate:
      if (!h->writable) return -EBADF;
      resize(*h->node, op.bytes);
      return 0;
    case Kind::rename:
      return run_rename(op);
    case Kind::remove:
      return run_remove(op);
    case Kind::list:
      return run_list(op);
    case Kind::make_dir:
      return run_make_dir(op);
    case Kind::sync_dir:
      return power ? run_sync_dir(op) : 0;
  }
  UNREACHABLE();
}

std::int64_t SimDisk::run_open(const Op& op) {
  auto found = names_.find(op.path);
  if (found == names_.end()) {
    if (!op.how.create || !has_dir(dir_of(op.path))) return -ENOENT;
    Node node = std::make_shared<Inode>();
    found = names_.emplace(op.path, node).first;
    name_changes_.push_back({dir_of(op.path), dir_of(op.path), op.path, "", node});
  } else if (op.how.create && op.how.exclusive) {
    return -EEXIST;
  }
  if (found->second->directory) return -EISDIR;
  if (off_) return -EIO;
  handles_[next_file_] = {found->second, op.path, op.how.writable, op.how.direct, 0};
  return next_file_++;
}

std::int64_t SimDisk::run_write(const Op& op, bool power, std::uint64_t bytes_max) {
  Handle& h = *handle(op.file);
  if (!h.writable) return -EBADF;
  if (h.direct && !is_aligned(op.from.data(), op.offset, op.from.size())) return -EINVAL;
  std::span<const std::byte> from = op.from;
  bool is_short = bytes_max < from.size();
  if (is_short) from = from.first(bytes_max);
  Inode& inode = *h.node;
  const std::uint64_t size = inode.live.size();
  if (op.offset + from.size() > size) {
    const std::uint64_t room =
        options_.capacity_bytes - std::min(options_.capacity_bytes, used_bytes());
    const std::uint64_t end_max = (size + room) / sector_bytes * sector_bytes;
    if (op.offset + from.size() > std::max(size, end_max)) {
      if (op.offset >= end_max) return -ENOSPC;
      from = from.first(end_max - op.offset);
      is_short = true;
    }
  }
  write_bytes(inode, op.offset, from);
  if (op.durable && power && !is_short) sync_range(inode, op.offset, from.size());
  return static_cast<std::int64_t>(from.size());
}

std::int64_t SimDisk::run_allocate(const Op& op) {
  Handle& h = *handle(op.file);
  if (!h.writable) return -EBADF;
  const std::uint64_t end = op.offset + op.bytes;
  if (end <= h.node->live.size()) return 0;
  if (used_bytes() + (end - h.node->live.size()) > options_.capacity_bytes) return -ENOSPC;
  resize(*h.node, end);
  return 0;
}

std::int64_t SimDisk::run_rename(const Op& op) {
  auto from = names_.find(op.path);
  if (from == names_.end() || !has_dir(dir_of(op.to))) return -ENOENT;
  Node node = from->second;
  if (node->directory) return -EINVAL;  // nobody here renames directories
  names_.erase(from);
  names_[op.to] = node;
  name_changes_.push_back({dir_of(op.to), dir_of(op.path), op.to, op.path, node});
  return 0;
}

std::int64_t SimDisk::run_remove(const Op& op) {
  auto found = names_.find(op.path);
  if (found == names_.end()) return -ENOENT;
  if (found->second->directory) return -EISDIR;
  names_.erase(found);
  name_changes_.push_back({dir_of(op.path), dir_of(op.path), "", op.path, nullptr});
  return 0;
}

std::int64_t SimDisk::run_list(const Op& op) {
  if (!has_dir(op.path)) return -ENOENT;
  op.names->clear();
  for (const auto& [path, node] : names_) {
    if (path != op.path && dir_of(path) == op.path) {
      const std::size_t slash = path.rfind('/');
      op.names->push_back(slash == std::string::npos ? path : path.substr(slash + 1));
    }
  }
  return static_cast<std::int64_t>(op.names->size());
}

std::int64_t SimDisk::run_make_dir(const Op& op) {
  if (has_dir(op.path) || names_.contains(op.path)) return -EEXIST;
  if (!has_dir(dir_of(op.path))) return -ENOENT;
  Node node = std::make_shared<Inode>();
  node->directory = true;
  names_[op.path] = node;
  name_changes_.push_back({dir_of(op.path), dir_of(op.path), op.path, "", node});
  return 0;
}

std::int64_t SimDisk::run_sync_dir(const Op& op) {
  if (!has_dir(op.path)) return -ENOENT;
  std::deque<NameChange> others;
  for (NameChange& change : name_changes_) {
    if (change.dir != op.path && change.other_dir != op.path) {
      others.push_back(std::move(change));
      continue;
    }
    if (!change.erased_name.empty()) stable_names_.erase(change.erased_name);
    if (!change.set_name.empty()) stable_names_[change.set_name] = change.node;
  }
  name_changes_ = std::move(others);
  return 0;
}

/// Counts the operation against the faults that match it; returns the first that hits it.
const SimDisk::Fault* SimDisk::fault_for(const Op& op) {
  Handle* h = handle(op.file);
  const std::string& path = h != nullptr ? h->path : op.path;
  for (Fault& fault : faults_) {
    if (fault.kind != op.kind || fault.times == 0) continue;
    if (path.find(fault.path_part) == std::string::npos) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    --fault.times;
    return &fault;
  }
  return nullptr;
}

// --- Content

SimDisk::Handle* SimDisk::handle(File file) {
  auto found = handles_.find(file);
  return found == handles_.end() ? nullptr : &found->second;
}

bool SimDisk::has_dir(const std::string& dir) const {
  if (dir == "." || dir == "/") return true;
  auto found = names_.find(dir);
  return found != names_.end() && found->second->directory;
}

/// A sector that is overwritten again before a sync may have reached the medium in between.
void SimDisk::write_bytes(Inode& inode, std::uint64_t offset, std::span<const std::byte> from) {
  if (from.empty()) return;
  if (offset + from.size() > inode.live.size()) resize(inode, offset + from.size());
  const std::uint64_t last = (offset + from.size() - 1) / sector_bytes;
  for (std::uint64_t sector = offset / sector_bytes; sector <= last; ++sector) {
    if (!inode.dirty.insert(sector).second && coin()) settle_sector(inode, sector);
  }
  std::memcpy(inode.live.data() + offset, from.data(), from.size());
}

void SimDisk::resize(Inode& inode, std::uint64_t bytes) {
  const std::uint64_t low = std::min<std::uint64_t>(bytes, inode.live.size());
  const std::uint64_t high = std::max<std::uint64_t>(bytes, inode.live.size());
  for (std::uint64_t sector = low / sector_bytes; sector * sector_bytes < high; ++sector)
    inode.dirty.insert(sector);
  inode.live.resize(bytes);
}

/// Makes the live content of one sector stable, as far as the stable file reaches.
void SimDisk::settle_sector(Inode& inode, std::uint64_t sector) {
  const std::uint64_t from = sector * sector_bytes;
  const std::uint64_t stable_end =
      std::min<std::uint64_t>(from + sector_bytes, inode.stable.size());
  for (std::uint64_t at = from; at < stable_end; ++at)
    inode.stable[at] = at < inode.live.size() ? inode.live[at] : std::byte{};
}

void SimDisk::sync_range(Inode& inode, std::uint64_t offset, std::uint64_t bytes) {
  if (bytes == 0) return;
  if (inode.stable.size() < offset + bytes) inode.stable.resize(offset + bytes);
  const std::uint64_t last = (offset + bytes - 1) / sector_bytes;
  for (std::uint64_t sector = offset / sector_bytes; sector <= last; ++sector) {
    settle_sector(inode, sector);
    inode.dirty.erase(sector);
  }
}

void SimDisk::sync_all(Inode& inode) {
  inode.stable.resize(inode.live.size());
  for (std::uint64_t sector : inode.dirty) settle_sector(inode, sector);
  inode.dirty.clear();
}

// --- Crashes

void SimDisk::power_off_after(std::uint64_t changes) {
  off_after_ = changes;
  if (changes_ >= off_after_) power_off();
}

void SimDisk::power_off() {
  if (off_) return;
  off_ = true;
  // What is in flight has happened somewhat: unsynced, so that the coins decide about it.
  for (const Op& op : queue_)
    if (is_change(op)) run(op, false);
}

void SimDisk::power_on(Survive how, std::uint64_t coin_seed) {
  CHECK(off_);
  CHECK(queue_.empty());
  off_ = false;
  off_after_ = UINT64_MAX;
  handles_.clear();
  faults_.clear();
  if (how == Survive::page_cache) return;
  std::mt19937_64 coins(coin_seed);
  auto survives = [&] {
    return how == Survive::everything || (how == Survive::coin && (coins() & 1) != 0);
  };
  // Names first; then the content behind those that are there.
  for (const NameChange& change : name_changes_) {
    if (!survives()) continue;
    if (!change.erased_name.empty()) stable_names_.erase(change.erased_name);
    if (!change.set_name.empty()) stable_names_[change.set_name] = change.node;
  }
  name_changes_.clear();
  for (bool again = true; std::exchange(again, false);) {  // a lost directory takes its files along
    names_ = stable_names_;
    for (const auto& [path, node] : names_) {
      if (!has_dir(dir_of(path))) {
        stable_names_.erase(path);
        again = true;
      }
    }
  }
  std::set<Node> settled;
  for (const auto& [path, node] : stable_names_) {
    if (!settled.insert(node).second) continue;
    if (node->stable.size() != node->live.size() && survives())
      node->stable.resize(node->live.size());
    for (std::uint64_t sector : node->dirty)
      if (survives()) settle_sector(*node, sector);
    node->dirty.clear();
    node->live = node->stable;
  }
}

// --- Looking and damaging

std::uint64_t SimDisk::used_bytes() const {
  std::set<const Inode*> counted;
  std::uint64_t bytes = 0;
  for (const auto& [path, node] : names_)
    if (counted.insert(node.get()).second) bytes += node->live.size();
  return bytes;
}

std::vector<std::string> SimDisk::names(const std::string& dir) const {
  std::vector<std::string> found;
  for (const auto& [path, node] : names_)
    if (path != normal(dir) && dir_of(path) == normal(dir))
      found.push_back(path.substr(path.rfind('/') + 1));
  return found;
}

const std::vector<std::byte>& SimDisk::contents(const std::string& path) const {
  auto found = names_.find(path);
  CHECK(found != names_.end());
  return found->second->live;
}

void SimDisk::put(const std::string& path, std::vector<std::byte> bytes) {
  for (std::string dir = dir_of(path); !has_dir(dir); dir = dir_of(dir)) {
    Node made = std::make_shared<Inode>();
    made->directory = true;
    names_[dir] = stable_names_[dir] = made;
  }
  Node node = std::make_shared<Inode>();
  node->live = bytes;
  node->stable = std::move(bytes);
  names_[path] = stable_names_[path] = node;
}

void SimDisk::drop(const std::string& path) {
  CHECK(names_.erase(path) == 1);
  stable_names_.erase(path);
}

void SimDisk::flip(const std::string& path, std::uint64_t offset, std::byte mask) {
  auto found = names_.find(path);
  CHECK(found != names_.end());
  CHECK(offset < found->second->live.size());
  found->second->live[offset] ^= mask;
  if (offset < found->second->stable.size()) found->second->stable[offset] ^= mask;
}

}  // namespace paddock::sim
