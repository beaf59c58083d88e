#include "paddock/startup/data_dir.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "paddock/log.h"
#include "paddock/startup/log_place.h"
#include "paddock/startup/small_file.h"
#include "wal/names.h"
#include "wal/snapshot_dir.h"

namespace paddock::startup {
namespace {

namespace fs = std::filesystem;

std::string message_of(int error) { return std::generic_category().message(error); }

bool begins_and_ends(std::string_view name, std::string_view begin, std::string_view end) {
  return name.size() > begin.size() + end.size() && name.starts_with(begin) && name.ends_with(end);
}

/// Makes `dir` and its parents, each durable in its parent: a log that is synced into a directory
/// whose own name is lost in a power cut is lost as well. Returns what went wrong, or "".
std::string make_directories(const fs::path& dir) {
  std::error_code error;
  if (fs::is_directory(dir, error)) return "";
  const fs::path parent = dir.has_parent_path() ? dir.parent_path() : fs::path(".");
  if (parent != dir)
    if (std::string failed = make_directories(parent); !failed.empty()) return failed;
  if (::mkdir(dir.c_str(), 0755) != 0 && errno != EEXIST)
    return "the directory " + dir.string() + " cannot be made: " + message_of(errno);
  if (!fs::is_directory(dir, error)) return dir.string() + " is not a directory";
  const int descriptor = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor >= 0) {
    ::fsync(descriptor);  // not every file system has it; the log's own syncs are checked
    ::close(descriptor);
  }
  return "";
}

Result<std::vector<std::string>, std::string> names_in(const std::string& dir) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error) return fail("the directory " + dir + " cannot be read: " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

/// "a, b and 3 more".
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t shown_max = 4;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), shown_max); ++i) {
    if (i > 0) text += ", ";
    text += names[i];
  }
  if (names.size() > shown_max)
    text += " and " + std::to_string(names.size() - shown_max) + " more";
  return text;
}

bool has_segments(const Listing& listing) {
  return std::any_of(listing.names.begin(), listing.names.end(),
                     [](const std::string& name) { return wal::segment_first(name).has_value(); });
}

/// The data directory has a log and the log directory, the second, has none: dataLogDir is new, and
/// the log was not moved.
bool is_left_behind(const std::vector<Listing>& listings) {
  return has_segments(listings[0]) && !has_segments(listings[1]);
}
std::string left_behind(const std::string& path, const std::string& log_path) {
  return "the data directory " + path + " holds log segments, and dataLogDir is " + log_path +
         ", which holds none: without its log acknowledged writes would be missing. Move the *.log "
         "files there, or start without --data-log-dir (dataLogDir in the configuration)";
}

std::string without_trailing_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

}  // namespace

FileKind kind_of(std::string_view name) {
  constexpr std::array<std::string_view, 6> harmless = {LockFile::name,
                                                        DataDir::port_file_name,
                                                        LogPlace::dir_file_name,
                                                        LogPlace::id_file_name,
                                                        "myid",
                                                        "lost+found"};
  // Ours are written aside before they get their names.
  const std::string_view whole = name.ends_with(".tmp") ? name.substr(0, name.size() - 4) : name;
  if (std::find(harmless.begin(), harmless.end(), whole) != harmless.end())
    return FileKind::harmless;
  if (wal::segment_first(name) || wal::parse_snapshot_name(name)) return FileKind::ours;
  if (wal::spare_number(name) || wal::is_unfinished_snapshot_name(name))
    return FileKind::unfinished;
  if (name == "version-2" || name == "acceptedEpoch" || name == "currentEpoch" ||
      begins_and_ends(name, "log.", "") || begins_and_ends(name, "snapshot.", ""))
    return FileKind::zookeeper;
  return FileKind::foreign;
}

Result<bool, std::string> has_tree_in(const std::vector<Listing>& listings) {
  for (const Listing& listing : listings)
    for (const std::string& name : listing.names)
      if (kind_of(name) == FileKind::ours) return true;

  for (const Listing& listing : listings) {
    std::vector<std::string> zookeeper;
    std::vector<std::string> foreign;
    for (const std::string& name : listing.names) {
      if (kind_of(name) == FileKind::zookeeper) zookeeper.push_back(name);
      if (kind_of(name) == FileKind::foreign) foreign.push_back(name);
    }
    if (!zookeeper.empty())
      return fail("the directory " + listing.dir + " holds Apache ZooKeeper's files (" +
                  some_of(zookeeper) +
                  ") and no log of Paddock: Paddock cannot read them and does not begin with an "
                  "empty tree beside them; give it an empty directory");
    if (!foreign.empty())
      return fail(
          "the directory " + listing.dir + " is not empty (" + some_of(foreign) +
          ") and holds no log of Paddock: an empty tree is only made in an empty directory");
  }
  return false;
}

DataDir::DataDir(std::string path, std::string log_path, LockFile lock,
                 std::optional<LockFile> log_lock, bool has_tree)
    : path_(std::move(path)),
      log_path_(std::move(log_path)),
      lock_(std::move(lock)),
      log_lock_(std::move(log_lock)),
      has_tree_(has_tree) {}

Result<DataDir, std::string> DataDir::open(const std::string& data_dir,
                                           const std::string& data_log_dir) {
  const std::string path = without_trailing_slashes(data_dir);
  const std::string log_path = without_trailing_slashes(data_log_dir);
  for (const std::string& dir : {path, log_path})
    if (std::string failed = make_directories(dir); !failed.empty()) return fail(failed);

  // Looked at before anything is written into them, and again under the lock.
  const auto look = [&]() -> Result<bool, std::string> {
    std::vector<Listing> listings;
    for (const std::string& dir : {path, log_path}) {
      Result<std::vector<std::string>, std::string> names = names_in(dir);
      if (!names) return fail(names.error());
      listings.push_back({dir, *std::move(names)});
    }
    if (auto log_is_there = LogPlace::check(path, log_path); !log_is_there)
      return fail(log_is_there.error());
    if (is_left_behind(listings)) return fail(left_behind(path, log_path));
    return has_tree_in(listings);
  };
  if (Result<bool, std::string> seen = look(); !seen) return fail(seen.error());

  Result<LockFile, LockFile::Error> lock = LockFile::acquire(path);
  if (!lock) return fail(lock.error().message);
  std::optional<LockFile> log_lock;
  std::error_code error;
  if (!fs::equivalent(path, log_path, error)) {
    Result<LockFile, LockFile::Error> second = LockFile::acquire(log_path);
    if (!second) return fail(second.error().message);
    log_lock.emplace(*std::move(second));
  }

  const Result<bool, std::string> has_tree = look();
  if (!has_tree) return fail(has_tree.error());
  // On a full disk the daemon starts all the same (R20).
  if (const std::string failed = LogPlace::remember(path, log_path); !failed.empty())
    log::warn("{}: a start with another dataLogDir would not be noticed", failed);
  ::unlink((path + "/" + port_file_name).c_str());
  return DataDir(path, log_path, *std::move(lock), std::move(log_lock), *has_tree);
}

std::vector<int> DataDir::lock_descriptors() const {
  std::vector<int> descriptors{lock_.descriptor()};
  if (log_lock_) descriptors.push_back(log_lock_->descriptor());
  return descriptors;
}

std::string DataDir::write_client_port(std::uint16_t port) const {
  return replace_file(path_ + "/" + port_file_name, std::to_string(port) + "\n", Durably::no);
}

}  // namespace paddock::startup
