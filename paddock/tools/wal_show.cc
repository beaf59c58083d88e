#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "paddock/ordering/txn_record.h"
#include "paddock/tools/segment_scan.h"
#include "paddock/tools/txn_text.h"
#include "paddock/tools/wal_command.h"
#include "wal/batch.h"
#include "wal/blocking.h"
#include "wal/log_end.h"
#include "wal/names.h"
#include "wal/record.h"
#include "wal/snapshot_reader.h"

namespace paddock::tools {
namespace {

using nlohmann::json;

/// Lists what is there. Whether it is right is judged as a start does, but without building the
/// tree: that is what verify is for.
class Show {
 public:
  Show(wal::Disk& disk, const WalCommand& command, Progress& progress)
      : disk_(disk), command_(command), progress_(progress) {}

  WalAnswer run();

 private:
  void show_snapshots();
  void show_segments();
  void show_segment(const std::string& name);
  void show_stretch(const Stretch& stretch, json& records);
  void show_txns(const Stretch& stretch, const std::string& path, json& record);
  void judge();
  void note_damage(const wal::Damage& damage);
  void say(std::string line) { answer_.text += std::move(line); }

  wal::Disk& disk_;
  const WalCommand& command_;
  Progress& progress_;
  WalAnswer answer_;
};

WalAnswer Show::run() {
  answer_.json = {{"damage", json::array()}, {"notes", json::array()}};
  show_snapshots();
  show_segments();
  judge();
  return std::move(answer_);
}

void Show::note_damage(const wal::Damage& damage) {
  answer_.status = wal_damaged;
  answer_.json["damage"].push_back(json_of(damage));
  say("damage: " + text_of(damage));
}

void Show::show_snapshots() {
  json& out = answer_.json["snapshots"] = json::array();
  const auto files = wal::list_snapshots(disk_, command_.dirs.data);
  if (!files) return note_damage({command_.dirs.data, 0, files.error().message});
  for (const wal::SnapshotFile& file : *files) {
    const auto reader = wal::SnapshotReader::open(disk_, file.path);
    say(fmt::format("snapshot {}: ", file.path));
    if (!reader) {
      say("damaged\n");
      out.push_back({{"file", file.path}, {"zxid", hex(file.zxid)}, {"damaged", true}});
      note_damage(reader.error());
      continue;
    }
    const wal::SnapshotFooter& footer = (*reader)->footer();
    say(fmt::format("{} bytes, {} nodes, {} sessions, digest {:016x}, chain {:08x}\n",
                    footer.file_bytes, footer.node_count, footer.session_count, footer.digest,
                    footer.log_chain));
    out.push_back({{"file", file.path},
                   {"zxid", hex(file.zxid)},
                   {"damaged", false},
                   {"bytes", footer.file_bytes},
                   {"nodes", footer.node_count},
                   {"sessions", footer.session_count},
                   {"chunks", footer.chunk_count},
                   {"digest", fmt::format("{:016x}", footer.digest)},
                   {"chain", fmt::format("{:08x}", footer.log_chain)}});
  }
}

void Show::show_segments() {
  answer_.json["segments"] = json::array();
  answer_.json["spares"] = json::array();
  std::vector<std::string> names;
  const std::int64_t result = wal::BlockingDisk(disk_).list(command_.dirs.log, names);
  if (result < 0) {
    return note_damage({command_.dirs.log, 0,
                        wal::disk_failure("cannot list", command_.dirs.log, result).message});
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (wal::segment_first(name)) show_segment(name);
    if (!wal::spare_number(name)) continue;
    say(fmt::format("spare {}: on its way to become a segment\n",
                    wal::path_in(command_.dirs.log, name)));
    answer_.json["spares"].push_back(wal::path_in(command_.dirs.log, name));
  }
}

void Show::show_segment(const std::string& name) {
  const std::string path = wal::path_in(command_.dirs.log, name);
  auto reader = wal::SegmentReader::open(disk_, path);
  if (!reader) return note_damage(reader.error());
  say(fmt::format("segment {}: {} bytes, first zxid {}\n", path, reader->bytes(),
                  hex(*wal::segment_first(name))));
  json records = json::array();
  auto scanned = scan_segment(*reader, [&](const Stretch& stretch) {
    progress_.at("reading", path, stretch.offset);
    show_stretch(stretch, records);
    if (command_.txns && stretch.record.found == wal::SegmentReader::Found::batch &&
        stretch.kind == Stretch::Kind::record)
      show_txns(stretch, path, records.back());
  });
  answer_.json["segments"].push_back({{"file", path},
                                      {"bytes", reader->bytes()},
                                      {"first", hex(*wal::segment_first(name))},
                                      {"records", std::move(records)}});
  if (!scanned) note_damage(scanned.error());
}

void Show::show_stretch(const Stretch& stretch, json& records) {
  say(fmt::format("  {:>10} {:>9}  ", stretch.offset, stretch.bytes));
  json out{{"offset", stretch.offset}, {"bytes", stretch.bytes}};
  if (stretch.kind != Stretch::Kind::record) {
    const bool is_zero = stretch.kind == Stretch::Kind::zeros;
    say(is_zero ? "zeros\n" : "unreadable: " + stretch.reason + "\n");
    out["kind"] = is_zero ? "zeros" : "unreadable";
    if (!is_zero) out["reason"] = stretch.reason;
    records.push_back(std::move(out));
    return;
  }
  const wal::BatchHeader& header = stretch.record.header;
  const bool is_batch = header.count > 0;
  const bool is_mark = header.flags == wal::flag_continued;
  out["kind"] = is_batch ? "batch" : is_mark ? "continued" : "end";
  out["first"] = hex(header.first);
  out["durable"] = hex(header.durable);
  out["chain"] = fmt::format("{:08x}", header.chain);
  out["crc"] = fmt::format("{:08x}", header.header_crc);
  out["log_id"] = fmt::format("{:016x}", header.log_id);
  if (is_batch) {
    out["last"] = hex(wal::last_zxid(header));
    out["count"] = header.count;
    out["payload_bytes"] = header.payload_bytes;
    say(fmt::format("batch {} to {}, {} transactions, payload {} bytes", hex(header.first),
                    hex(wal::last_zxid(header)), header.count, header.payload_bytes));
  } else {
    say((is_mark ? "continued in the segment of " : "clean stop before ") + hex(header.first));
  }
  say(fmt::format(", durable {}, chain {:08x}, crc {:08x}\n", hex(header.durable), header.chain,
                  header.header_crc));
  records.push_back(std::move(out));
}

void Show::show_txns(const Stretch& stretch, const std::string& path, json& record) {
  record["txns"] = json::array();
  auto shown = [&]() -> Result<void, std::string> {
    const auto batch = wal::verify_batch(stretch.record.payload);
    if (!batch) return fail(batch.error());
    record["time_ms"] = (*batch)->time_ms();
    record["digest"] = fmt::format("{:016x}", (*batch)->digest());
    return ordering::visit_txns(**batch, stretch.record.header.first,
                                [&](const core::Txn& txn) -> Result<void, std::string> {
                                  if (command_.json)
                                    record["txns"].push_back(json_of(txn));
                                  else
                                    say(text_of(txn, 24));
                                  return {};
                                });
  }();
  if (!shown) note_damage({path, stretch.offset, shown.error()});
}

void Show::judge() {
  const auto found = wal::find_snapshots(disk_, command_.dirs.data);
  const Zxid snapshot = found && !found->complete.empty() ? found->complete.front().zxid : Zxid{0};
  std::uint64_t batch_count = 0;
  wal::LogEnd end;
  const auto recovered = wal::recover(
      disk_, command_.dirs.log, snapshot,
      [&](const wal::RecoveredBatch& batch) -> Result<void, std::string> {
        progress_.at("judging", batch.file, batch.offset);
        ++batch_count;
        return {};
      },
      end);
  if (!recovered) return note_damage(recovered.error());
  for (const std::string& note : recovered->notes) {
    answer_.json["notes"].push_back(note);
    say("note: " + note + "\n");
  }
  if (found && recovered->last < found->newest) {
    note_damage({command_.dirs.log, 0,
                 fmt::format("log_ends_before_snapshot: the log ends with {} and there is a "
                             "snapshot of {}",
                             hex(recovered->last), hex(found->newest))});
  }
  answer_.json["log"] = {
      {"snapshot", hex(snapshot)},           {"batches", batch_count},
      {"last", hex(recovered->last)},        {"durable", hex(recovered->durable)},
      {"clean_stop", recovered->clean_stop}, {"torn_bytes", recovered->torn_bytes}};
  say(fmt::format(
      "a start takes the snapshot {} and {} batches behind it, to {}; {}\n", hex(snapshot),
      batch_count, hex(recovered->last),
      recovered->clean_stop ? "the log ends with a clean stop" : "the log has no clean stop"));
}

}  // namespace

WalAnswer show_wal(wal::Disk& disk, const WalCommand& command, Progress& progress) {
  return Show(disk, command, progress).run();
}

}  // namespace paddock::tools
