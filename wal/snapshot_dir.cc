#include "wal/snapshot_dir.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "core/base/check.h"
#include "wal/snapshot_reader.h"

namespace paddock::wal {
namespace {

constexpr std::string_view suffix = ".snap";
constexpr std::string_view unfinished_suffix = ".snap.tmp";
constexpr std::size_t zxid_digits = 16;

Result<std::vector<std::string>, DiskFailure> names_in(Disk& disk, const std::string& dir) {
  std::vector<std::string> names;
  const auto result = wait_for(disk, [&](auto done) { disk.list(dir, names, std::move(done)); });
  if (result < 0) return fail(disk_failure("cannot list", dir, result));
  return names;
}

std::optional<Zxid> parse(std::string_view name, std::string_view with_suffix) {
  if (name.size() != zxid_digits + with_suffix.size() || !name.ends_with(with_suffix)) return {};
  std::uint64_t zxid = 0;
  for (const char digit : name.substr(0, zxid_digits)) {
    const bool is_letter = digit >= 'a' && digit <= 'f';
    if (!is_letter && (digit < '0' || digit > '9')) return {};
    zxid = zxid << 4 | static_cast<std::uint64_t>(is_letter ? digit - 'a' + 10 : digit - '0');
  }
  if (static_cast<std::int64_t>(zxid) < 0) return {};
  return Zxid{static_cast<std::int64_t>(zxid)};
}

}  // namespace

std::string snapshot_name(Zxid zxid) {
  char text[40];
  std::snprintf(text, sizeof text, "%016" PRIx64 ".snap", static_cast<std::uint64_t>(zxid.value));
  return text;
}

std::optional<Zxid> parse_snapshot_name(std::string_view name) { return parse(name, suffix); }

bool is_unfinished_snapshot_name(std::string_view name) {
  return parse(name, unfinished_suffix).has_value();
}

Result<std::vector<SnapshotFile>, DiskFailure> list_snapshots(Disk& disk, const std::string& dir) {
  auto names = names_in(disk, dir);
  if (!names) return fail(std::move(names.error()));
  std::vector<SnapshotFile> found;
  for (const std::string& name : *names)
    if (const auto zxid = parse_snapshot_name(name)) found.push_back({dir + "/" + name, *zxid});
  std::sort(found.begin(), found.end(),
            [](const SnapshotFile& a, const SnapshotFile& b) { return a.zxid > b.zxid; });
  return found;
}

Result<SnapshotsFound, DiskFailure> find_snapshots(Disk& disk, const std::string& dir) {
  auto files = list_snapshots(disk, dir);
  if (!files) return fail(std::move(files.error()));
  SnapshotsFound found;
  if (!files->empty()) found.newest = files->front().zxid;
  for (SnapshotFile& file : *files) {
    auto reader = SnapshotReader::open(disk, file.path);
    if (reader)
      found.complete.push_back(std::move(file));
    else
      found.damaged.push_back(std::move(reader.error()));
  }
  return found;
}

Result<std::size_t, DiskFailure> remove_unfinished_snapshots(Disk& disk, const std::string& dir) {
  auto names = names_in(disk, dir);
  if (!names) return fail(std::move(names.error()));
  std::size_t removed = 0;
  for (const std::string& name : *names) {
    if (!is_unfinished_snapshot_name(name)) continue;
    const std::string path = dir + "/" + name;
    const auto result = wait_for(disk, [&](auto done) { disk.remove(path, std::move(done)); });
    if (result < 0) return fail(disk_failure("cannot remove", path, result));
    ++removed;
  }
  return removed;
}

Result<Zxid, DiskFailure> remove_surplus_snapshots(Disk& disk, const std::string& dir,
                                                   std::size_t keep) {
  CHECK(keep >= 1);
  auto files = list_snapshots(disk, dir);
  if (!files) return fail(std::move(files.error()));
  if (files->empty()) return Zxid{0};
  if (files->size() <= keep) return files->back().zxid;
  // Oldest first: should it end half-way, what is left is still the newest ones without a gap.
  for (std::size_t i = files->size(); i-- > keep;) {
    const std::string& path = (*files)[i].path;
    const auto result = wait_for(disk, [&](auto done) { disk.remove(path, std::move(done)); });
    if (result < 0) return fail(disk_failure("cannot remove", path, result));
  }
  // Only then may the log below go: a snapshot that came back after a crash would want it.
  const auto result = wait_for(disk, [&](auto done) { disk.sync_dir(dir, std::move(done)); });
  if (result < 0) return fail(disk_failure("cannot sync the directory", dir, result));
  return (*files)[keep - 1].zxid;
}

}  // namespace paddock::wal
