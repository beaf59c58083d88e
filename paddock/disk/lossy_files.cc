#include "paddock/disk/lossy_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "core/base/check.h"

namespace paddock {

namespace {

std::pair<std::string, std::string> split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::string normal(std::string dir) {
  while (dir.size() > 1 && dir.back() == '/') dir.pop_back();
  return dir;
}

std::int64_t result_of(int answer) { return answer < 0 ? -errno : answer; }

struct stat stat_of(int fd) {
  struct stat stat {};
  CHECK(::fstat(fd, &stat) == 0);
  return stat;
}

}  // namespace

LossyOptions LossyOptions::from_environment() {
  LossyOptions options;
  if (const char* seed = std::getenv("PADDOCK_LOSSY_SEED")) {
    options.seed = std::strtoull(seed, nullptr, 0);
  } else {
    options.seed = std::random_device{}();
  }
  const char* syncs = std::getenv("PADDOCK_LOSSY_SYNC");
  options.syncs = syncs == nullptr || std::strcmp(syncs, "off") != 0;
  return options;
}

LossyFiles::LossyFiles(const LossyOptions& options)
    : options_(options), random_(options.seed), thread_([this] { run_jobs(); }) {}

LossyFiles::~LossyFiles() {
  {
    std::lock_guard lock(mutex_);
    stops_ = true;
  }
  has_job_.notify_one();
  thread_.join();
  for (auto& [node, file] : files_) ::close(file->fd);
}

// Names.

/// What the process sees in `dir`: the real names with the unsynced changes on top.
bool LossyFiles::load_names(const std::string& dir, Names& names, Names* real) {
  DIR* stream = ::opendir(dir.c_str());
  if (stream == nullptr) return false;
  while (const dirent* entry = ::readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace(name, entry->d_ino);
  }
  ::closedir(stream);
  if (real != nullptr) *real = names;
  for (const NameChange& change : name_changes_[dir]) {
    switch (change.kind) {
      case NameChange::Kind::create:
        names[change.name] = change.node;
        break;
      case NameChange::Kind::rename:
        names[change.to] = names[change.name];
        names.erase(change.name);
        break;
      case NameChange::Kind::remove:
        names.erase(change.name);
        break;
    }
  }
  return true;
}

std::int64_t LossyFiles::load_file(const std::string& dir, Node node, const Names& real) {
  if (files_.contains(node)) return 0;
  for (const auto& [name, candidate] : real) {
    if (candidate != node) continue;
    const int fd = ::open((dir + "/" + name).c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0) return -errno;
    auto file = std::make_unique<File>();
    file->fd = fd;
    file->size = file->valid = static_cast<std::uint64_t>(stat_of(fd).st_size);
    files_[node] = std::move(file);
    return 0;
  }
  return -ENOENT;
}

std::int64_t LossyFiles::open(const std::string& path, Open how) {
  std::lock_guard lock(mutex_);
  const auto [dir, name] = split(path);
  Names names, real;
  if (!load_names(dir, names, &real)) return -errno;
  const auto found = names.find(name);
  if (found != names.end()) {
    if (how.create && how.exclusive) return -EEXIST;
    if (const std::int64_t error = load_file(dir, found->second, real); error < 0) return error;
    ++file(found->second).handles;
    return static_cast<std::int64_t>(found->second);
  }
  if (!how.create) return -ENOENT;
  // A file without a name: if the process dies now, it never was.
  const int fd = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0640);
  if (fd < 0) return -errno;
  const Node node = stat_of(fd).st_ino;
  files_[node] = std::make_unique<File>();
  file(node).fd = fd;
  file(node).handles = 1;
  change_name(dir, {.kind = NameChange::Kind::create, .name = name, .to = {}, .node = node});
  return static_cast<std::int64_t>(node);
}

void LossyFiles::change_name(const std::string& dir, NameChange change) {
  auto& changes = name_changes_[dir];
  changes.push_back(std::move(change));
  // Now and then the file system commits by itself some of what it has not been asked to.
  if (random_() % 4 != 0) return;
  for (std::size_t count = random_() % (changes.size() + 1); count != 0; --count) {
    apply(dir, changes.front());
    changes.pop_front();
  }
}

std::int64_t LossyFiles::apply(const std::string& dir, const NameChange& change) {
  const std::string path = dir + "/" + change.name;
  switch (change.kind) {
    case NameChange::Kind::create: {
      const std::string unnamed = "/proc/self/fd/" + std::to_string(file(change.node).fd);
      return result_of(
          ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, path.c_str(), AT_SYMLINK_FOLLOW));
    }
    case NameChange::Kind::rename:
      return result_of(std::rename(path.c_str(), (dir + "/" + change.to).c_str()));
    case NameChange::Kind::remove:
      return result_of(::unlink(path.c_str()));
  }
  UNREACHABLE();
}

std::int64_t LossyFiles::apply_names(const std::string& dir) {
  auto& changes = name_changes_[dir];
  std::int64_t result = 0;
  while (!changes.empty()) {
    const std::int64_t applied = apply(dir, changes.front());
    if (result == 0) result = applied;
    changes.pop_front();
  }
  return result;
}

/// A file that nobody has open and that is real down to the last byte, or gone, needs no place
/// here.
void LossyFiles::forget_unused() {
  std::set<Node> pending;
  for (const auto& [dir, changes] : name_changes_) {
    for (const NameChange& change : changes) pending.insert(change.node);
  }
  for (auto i = files_.begin(); i != files_.end();) {
    File& one = *i->second;
    const struct stat real = stat_of(one.fd);
    const bool is_real = one.sectors.empty() && one.size == one.valid &&
                         one.size == static_cast<std::uint64_t>(real.st_size);
    if (one.handles == 0 && !pending.contains(i->first) && (is_real || real.st_nlink == 0)) {
      ::close(one.fd);
      i = files_.erase(i);
    } else {
      ++i;
    }
  }
}

std::int64_t LossyFiles::rename(const std::string& from, const std::string& to) {
  std::lock_guard lock(mutex_);
  const auto [from_dir, from_name] = split(from);
  const auto [to_dir, to_name] = split(to);
  Names names;
  if (!load_names(from_dir, names)) return -errno;
  if (!names.contains(from_name)) return -ENOENT;
  if (from_dir == to_dir) {
    change_name(from_dir, {NameChange::Kind::rename, from_name, to_name, 0});
    return 0;
  }
  apply_names(from_dir);
  apply_names(to_dir);
  return result_of(std::rename(from.c_str(), to.c_str()));
}

std::int64_t LossyFiles::remove(const std::string& path) {
  std::lock_guard lock(mutex_);
  const auto [dir, name] = split(path);
  Names names;
  if (!load_names(dir, names)) return -errno;
  if (!names.contains(name)) return -ENOENT;
  change_name(dir, {NameChange::Kind::remove, name, {}, 0});
  return 0;
}

std::int64_t LossyFiles::list(const std::string& dir, std::vector<std::string>& names) {
  std::lock_guard lock(mutex_);
  Names found;
  if (!load_names(normal(dir), found)) return -errno;
  names.clear();
  for (const auto& [name, node] : found) names.push_back(name);
  return 0;
}

std::int64_t LossyFiles::make_dir(const std::string& dir) {
  return result_of(::mkdir(dir.c_str(), 0750));
}

// Bytes.

void LossyFiles::close(Node node) {
  std::lock_guard lock(mutex_);
  CHECK(file(node).handles != 0);
  --file(node).handles;
  forget_unused();
}

std::int64_t LossyFiles::size(Node node) {
  std::lock_guard lock(mutex_);
  return static_cast<std::int64_t>(file(node).size);
}

/// Fills `into` with the file's bytes from `offset` on, zeros where there are none.
void LossyFiles::read_view(const File& file, std::uint64_t offset, std::span<std::byte> into) {
  std::fill(into.begin(), into.end(), std::byte{});
  const std::uint64_t end = offset + into.size();
  const std::uint64_t real_end = std::min(end, file.valid);
  for (std::uint64_t at = offset; at < real_end;) {
    const ssize_t got = ::pread(file.fd, into.data() + (at - offset), real_end - at, off_t(at));
    if (got <= 0) break;
    at += static_cast<std::uint64_t>(got);
  }
  auto i = file.sectors.lower_bound(offset / sector_bytes);
  for (; i != file.sectors.end() && i->first * sector_bytes < end; ++i) {
    const std::uint64_t begin = std::max(offset, i->first * sector_bytes);
    const std::uint64_t stop = std::min(end, (i->first + 1) * sector_bytes);
    std::memcpy(into.data() + (begin - offset),
                i->second.bytes.data() + (begin - i->first * sector_bytes), stop - begin);
  }
}

std::int64_t LossyFiles::read(Node node, std::uint64_t offset, std::span<std::byte> into) {
  std::lock_guard lock(mutex_);
  const File& from = file(node);
  if (offset >= from.size) return 0;
  const std::uint64_t bytes = std::min<std::uint64_t>(into.size(), from.size - offset);
  read_view(from, offset, into.first(bytes));
  return static_cast<std::int64_t>(bytes);
}

LossyFiles::Sector& LossyFiles::sector(File& of, std::uint64_t index) {
  const auto found = of.sectors.find(index);
  if (found != of.sectors.end()) return found->second;
  Sector fresh{};
  read_view(of, index * sector_bytes, fresh.bytes);
  return of.sectors.emplace(index, fresh).first->second;
}

std::int64_t LossyFiles::write(Node node, std::uint64_t offset, std::span<const std::byte> from) {
  std::lock_guard lock(mutex_);
  if (from.empty()) return 0;
  File& to = file(node);
  const std::uint64_t end = offset + from.size();
  for (std::uint64_t at = offset; at < end;) {
    const std::uint64_t index = at / sector_bytes;
    const std::uint64_t stop = std::min(end, (index + 1) * sector_bytes);
    Sector& target = sector(to, index);
    std::memcpy(target.bytes.data() + at % sector_bytes, from.data() + (at - offset), stop - at);
    target.generation = ++generation_;
    at = stop;
  }
  to.size = std::max(to.size, end);
  write_early(to, offset / sector_bytes, (end - 1) / sector_bytes);
  return static_cast<std::int64_t>(from.size());
}

/// What the page cache or the disk's own cache lets out before it is asked to.
void LossyFiles::write_early(File& to, std::uint64_t first, std::uint64_t last) {
  const std::uint64_t fate = random_() % 4;
  // A file system does not let new bytes into a file whose cut it has not committed.
  if (fate < 2 || to.has_unsynced_cut) return;
  for (std::uint64_t index = first; index <= last; ++index) {
    if (fate == 2 || coin()) write_sector(to, index, to.sectors.at(index));
  }
}

std::int64_t LossyFiles::write_sector(const File& to, std::uint64_t index, const Sector& from) {
  const std::uint64_t offset = index * sector_bytes;
  if (offset >= to.size) return 0;  // cut off since
  const std::uint64_t bytes = std::min<std::uint64_t>(sector_bytes, to.size - offset);
  const ssize_t written = ::pwrite(to.fd, from.bytes.data(), bytes, off_t(offset));
  if (written == static_cast<ssize_t>(bytes)) return 0;
  return written < 0 ? -errno : -EIO;
}

std::int64_t LossyFiles::allocate(Node node, std::uint64_t offset, std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  File& to = file(node);
  // The space is reserved at once, so that a full disk is seen; the length is what may be lost.
  const int reserved = ::fallocate(to.fd, FALLOC_FL_KEEP_SIZE, off_t(offset), off_t(bytes));
  if (reserved != 0 && errno != EOPNOTSUPP) return -errno;
  to.size = std::max(to.size, offset + bytes);
  if (coin() && coin()) set_real_size(to);
  return 0;
}

std::int64_t LossyFiles::set_real_size(File& to) {
  // First away with what was cut off: it must not come back when the file grows again.
  if (to.has_unsynced_cut && ::ftruncate(to.fd, off_t(to.valid)) != 0) return -errno;
  to.has_unsynced_cut = false;
  return result_of(::ftruncate(to.fd, off_t(to.size)));
}

std::int64_t LossyFiles::truncate(Node node, std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  File& to = file(node);
  if (bytes < to.size) {
    ++to.cuts;
    to.has_unsynced_cut = true;
    if (bytes % sector_bytes != 0) {
      // The sector that the end is in: what was behind the end must not come back with growth.
      Sector& last = sector(to, bytes / sector_bytes);
      std::fill(last.bytes.begin() + static_cast<std::ptrdiff_t>(bytes % sector_bytes),
                last.bytes.end(), std::byte{});
      last.generation = ++generation_;
    }
    const std::uint64_t kept = (bytes + sector_bytes - 1) / sector_bytes;
    to.sectors.erase(to.sectors.lower_bound(kept), to.sectors.end());
    to.valid = std::min(to.valid, bytes);
  }
  to.size = bytes;
  if (coin() && coin()) set_real_size(to);
  return 0;
}

// Syncs.

void LossyFiles::sync(Node node, std::uint64_t offset, std::uint64_t bytes, Done done) {
  {
    std::lock_guard lock(mutex_);
    ++file(node).handles;  // stays until the job has run
    jobs_.push_back([this, node, offset, bytes, done = std::move(done)] {
      const std::int64_t result = options_.syncs ? run_sync(node, offset, bytes) : 0;
      close(node);
      done(result);
    });
  }
  has_job_.notify_one();
}

void LossyFiles::sync_dir(const std::string& dir, Done done) {
  {
    std::lock_guard lock(mutex_);
    jobs_.push_back([this, dir = normal(dir), done = std::move(done)] {
      done(options_.syncs ? run_sync_dir(dir) : result_of(::access(dir.c_str(), F_OK)));
    });
  }
  has_job_.notify_one();
}

void LossyFiles::run_jobs() {
  for (;;) {
    std::unique_lock lock(mutex_);
    has_job_.wait(lock, [this] { return stops_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
  }
}

std::int64_t LossyFiles::run_sync(Node node, std::uint64_t offset, std::uint64_t bytes) {
  std::vector<std::pair<std::uint64_t, Sector>> parts[2];
  std::unique_lock lock(mutex_);
  File& from = file(node);
  const bool in_two_parts = coin();
  const bool is_whole = bytes >= UINT64_MAX - sector_bytes - offset;
  const std::uint64_t last =
      is_whole ? UINT64_MAX : (offset + bytes + sector_bytes - 1) / sector_bytes;
  for (auto i = from.sectors.lower_bound(offset / sector_bytes);
       i != from.sectors.end() && i->first < last; ++i) {
    parts[in_two_parts && coin() ? 1 : 0].push_back(*i);
  }
  for (auto& part : parts) std::shuffle(part.begin(), part.end(), random_);
  const std::uint64_t cuts = from.cuts;
  for (auto& part : parts) {
    if (const std::int64_t error = set_real_size(from); error < 0) return error;
    const std::uint64_t size = from.size;
    for (const auto& [index, content] : part) {
      if (const std::int64_t error = write_sector(from, index, content); error < 0) return error;
    }
    lock.unlock();
    const std::int64_t synced = result_of(::fdatasync(from.fd));
    lock.lock();
    if (synced < 0) return synced;
    if (from.cuts != cuts) return 0;  // cut meanwhile: what is left of it is unsynced again
    from.valid = std::max(from.valid, size);
    for (const auto& [index, content] : part) {
      const auto found = from.sectors.find(index);
      if (found != from.sectors.end() && found->second.generation == content.generation) {
        from.sectors.erase(found);
      }
    }
    if (!in_two_parts) break;
  }
  return 0;
}

std::int64_t LossyFiles::run_sync_dir(const std::string& dir) {
  const int fd = ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return -errno;
  std::int64_t result;
  {
    std::lock_guard lock(mutex_);
    result = apply_names(dir);
    forget_unused();
  }
  if (::fsync(fd) != 0 && result == 0) result = -errno;
  ::close(fd);
  return result;
}

}  // namespace paddock
