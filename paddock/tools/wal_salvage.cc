#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "paddock/recovery/replay.h"
#include "paddock/tools/log_index.h"
#include "paddock/tools/salvage_writer.h"
#include "paddock/tools/txn_text.h"
#include "paddock/tools/wal_command.h"
#include "wal/batch.h"
#include "wal/blocking.h"
#include "wal/disk_failure.h"

namespace paddock::tools {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

/// A range of zxids that the old directory knew and the new one does not have.
struct LostZxids {
  Zxid first{}, last{};
  const char* what = "";
};

/// Bytes that are not in the new directory and would belong there.
struct LostBytes {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::string reason;
};

class Salvage {
 public:
  Salvage(wal::Disk& disk, const WalCommand& command, Progress& progress)
      : disk_(disk), command_(command), progress_(progress), writer_(disk, command.out) {}

  WalAnswer run();

 private:
  Result<void, std::string> copy();
  Result<void, std::string> copy_base(core::State& state);
  Result<void, std::string> copy_batches(core::State& state);
  void find_lost();
  void add_left_behind();
  WalAnswer answer() const;
  std::string text() const;
  json to_json() const;

  wal::Disk& disk_;
  const WalCommand& command_;
  Progress& progress_;
  SalvageWriter writer_;
  WalCheck source_;
  LogIndex index_;
  Zxid base_{};
  Zxid last_{};
  std::optional<std::uint32_t> chain_;
  std::uint64_t batch_count_ = 0, txn_count_ = 0;
  std::string stopped_;  // why a batch that could be read was not taken
  std::vector<LostZxids> lost_zxids_;
  std::vector<LostBytes> lost_bytes_;
};

WalAnswer Salvage::run() {
  auto source = check_wal(disk_, command_.dirs, progress_);
  if (!source) return failed(source.error());
  source_ = *std::move(source);
  auto index = LogIndex::read(disk_, command_.dirs.log, progress_);
  if (!index) return failed(index.error());
  index_ = *std::move(index);

  const bool has_base = source_.newest_loadable() != nullptr;
  if (!has_base && !source_.is_clean() && index_.find_next(Zxid{0}, 0u) == nullptr)
    return failed(
        "nothing can be salvaged: no snapshot can be loaded and the log's first batch is lost");
  std::error_code error;
  const bool is_new = !fs::exists(command_.out, error);
  if (is_new) {
    const std::int64_t made = wal::BlockingDisk(disk_).make_dir(command_.out);
    if (made < 0) return failed(wal::disk_failure("cannot make", command_.out, made).message);
  }
  if (auto copied = copy(); !copied) {
    return failed(copied.error() + "; nothing was salvaged");
  }
  find_lost();
  const WalDirectories out{command_.out, command_.out};
  const auto result = check_wal(disk_, out, progress_);
  if (!result) return failed(result.error());
  if (!result->is_clean())
    return failed("what was written does not pass verify: " + text_of(result->damage.front()));
  return answer();
}

Result<void, std::string> Salvage::copy() {
  core::State state{core::State::Options{}};
  if (auto copied = copy_base(state); !copied) return copied;
  if (auto copied = copy_batches(state); !copied) return copied;
  // Any number but 0 will do for a log in which nothing has been written yet.
  constexpr std::uint64_t unknown_log_id = 1;
  return writer_.finish(unknown_log_id);
}

Result<void, std::string> Salvage::copy_base(core::State& state) {
  const CheckedSnapshot* base = source_.newest_loadable();
  if (base == nullptr) {
    chain_ = 0;
    return {};
  }
  const auto footer = recovery::load_snapshot(
      disk_, base->file, state, [&](std::uint64_t offset, std::uint64_t /*file_bytes*/) {
        progress_.at("loading", base->file.path, offset);
      });
  if (!footer) return fail(text_of(footer.error()));
  base_ = last_ = base->file.zxid;
  const LogIndex::Batch* before = index_.find_ending(base_);
  if (footer->log_chain != 0)
    chain_ = footer->log_chain;
  else if (before != nullptr)
    chain_ = before->header.header_crc;
  return writer_.copy_snapshot(base->file.path, base_, chain_.value_or(0));
}

/// Wherever they stand: a batch is the next one when its zxid and its chain say so.
Result<void, std::string> Salvage::copy_batches(core::State& state) {
  std::optional<wal::SegmentReader> reader;
  std::size_t segment = 0;
  while (const LogIndex::Batch* next = index_.find_next(last_, chain_)) {
    const std::string& path = index_.paths()[next->segment];
    const bool is_other_segment = !reader || segment != next->segment;
    if (is_other_segment) {
      auto opened = wal::SegmentReader::open(disk_, path);
      if (!opened) return fail(text_of(opened.error()));
      reader.emplace(*std::move(opened));
      segment = next->segment;
    }
    const auto record = reader->read(next->offset);
    if (!record) return fail(text_of(record.error()));
    const Zxid last = wal::last_zxid(next->header);
    const auto applied = recovery::replay_batch({.first = next->header.first,
                                                 .last = last,
                                                 .count = next->header.count,
                                                 .payload = record->payload,
                                                 .file = path,
                                                 .offset = next->offset},
                                                state);
    if (!applied) {
      stopped_ = fmt::format("{} at offset {}: the batch of {} cannot be used: {}", path,
                             next->offset, hex(next->header.first), applied.error());
      break;
    }
    if (auto appended = writer_.append(*record, is_other_segment); !appended) return appended;
    progress_.at("salvaging", path, next->offset);
    ++batch_count_;
    txn_count_ += next->header.count;
    last_ = last;
    chain_ = next->header.header_crc;
  }
  return {};
}

void Salvage::find_lost() {
  Zxid durable = index_.durable();
  if (!source_.snapshots.empty()) durable = std::max(durable, source_.snapshots.front().file.zxid);
  Zxid seen = durable;
  for (const LogIndex::Batch& batch : index_.batches())
    seen = std::max(seen, wal::last_zxid(batch.header));
  if (durable > last_)
    lost_zxids_.push_back({next_zxid(last_), durable, "durable, so acknowledged"});
  if (const Zxid from = std::max(durable, last_); seen > from)
    lost_zxids_.push_back({next_zxid(from), seen, "perhaps acknowledged"});
  for (const LogIndex::Unreadable& stretch : index_.unreadable()) {
    if (stretch.before <= next_zxid(base_)) continue;  // the snapshot holds what was there
    lost_bytes_.push_back(
        {index_.paths()[stretch.segment], stretch.offset, stretch.bytes, stretch.reason});
  }
  add_left_behind();
}

/// Batches that can be read and have lost what they build on. Neighbours make one entry.
void Salvage::add_left_behind() {
  std::optional<LostBytes> run;
  Zxid run_first{};
  for (const LogIndex::Batch& batch : index_.batches()) {
    if (wal::last_zxid(batch.header) <= last_) continue;
    const std::string& file = index_.paths()[batch.segment];
    const bool goes_on = run && run->file == file && run->offset + run->bytes == batch.offset;
    if (!goes_on) {
      if (run) lost_bytes_.push_back(*std::move(run));
      run = LostBytes{.file = file, .offset = batch.offset};
      run_first = batch.header.first;
    }
    run->bytes = batch.offset + batch.bytes - run->offset;
    run->reason = fmt::format("batches {} to {} can be read and do not follow what was salvaged",
                              hex(run_first), hex(wal::last_zxid(batch.header)));
  }
  if (run) lost_bytes_.push_back(*std::move(run));
}

WalAnswer Salvage::answer() const {
  return {
      .status = source_.is_clean() ? wal_clean : wal_damaged, .text = text(), .json = to_json()};
}

std::string Salvage::text() const {
  std::string text = text_of(source_);
  text +=
      fmt::format("salvaged into {}: {}, {} batches with {} transactions, to {}\n", command_.out,
                  base_.value == 0 ? "no snapshot" : "the snapshot of " + hex(base_), batch_count_,
                  txn_count_, hex(last_));
  if (!stopped_.empty()) text += "stopped: " + stopped_ + "\n";
  for (const LostZxids& lost : lost_zxids_)
    text += fmt::format("lost: transactions {} to {}, {}\n", hex(lost.first), hex(lost.last),
                        lost.what);
  for (const LostBytes& lost : lost_bytes_)
    text += fmt::format("lost: {} at offset {}, {} bytes: {}\n", lost.file, lost.offset, lost.bytes,
                        lost.reason);
  if (lost_zxids_.empty() && lost_bytes_.empty()) text += "nothing is lost\n";
  return text + command_.out + " passes verify; serve it with --data-dir " + command_.out + "\n";
}

json Salvage::to_json() const {
  json zxids = json::array();
  for (const LostZxids& lost : lost_zxids_)
    zxids.push_back({{"first", hex(lost.first)}, {"last", hex(lost.last)}, {"what", lost.what}});
  json stretches = json::array();
  std::uint64_t bytes = 0;
  for (const LostBytes& lost : lost_bytes_) {
    bytes += lost.bytes;
    stretches.push_back({{"file", lost.file},
                         {"offset", lost.offset},
                         {"bytes", lost.bytes},
                         {"reason", lost.reason}});
  }
  return {{"source", json_of(source_)},
          {"out", command_.out},
          {"salvaged",
           {{"snapshot", base_.value == 0 ? json() : json(hex(base_))},
            {"batches", batch_count_},
            {"transactions", txn_count_},
            {"last", hex(last_)}}},
          {"stopped", stopped_.empty() ? json() : json(stopped_)},
          {"lost",
           {{"transactions", std::move(zxids)},
            {"stretches", std::move(stretches)},
            {"bytes", bytes}}}};
}

/// Why `out` cannot be written to, or nothing.
std::optional<std::string> why_not(const WalCommand& command) {
  std::error_code error;
  // Made absolute first: weakly_canonical leaves a path of which no part exists as it is.
  const fs::path out = fs::weakly_canonical(fs::absolute(command.out, error), error);
  for (const std::string& dir : {command.dirs.data, command.dirs.log}) {
    const fs::path source = fs::weakly_canonical(fs::absolute(dir, error), error);
    const auto [at, end] = std::mismatch(source.begin(), source.end(), out.begin(), out.end());
    if (at == source.end())
      return "--out " + command.out + " is " + dir + " or lies in it; salvage never writes there";
  }
  if (!fs::exists(command.out, error)) {
    const fs::path parent = out.parent_path();
    if (fs::is_directory(parent, error)) return std::nullopt;
    return "--out " + command.out + " cannot be made: there is no directory " + parent.string();
  }
  if (!fs::is_directory(command.out, error)) return "--out " + command.out + " is not a directory";
  for (fs::directory_iterator entry(command.out, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().filename() != "lost+found")
      return "--out " + command.out + " is not empty; salvage writes into a new directory";
  if (error) return "--out " + command.out + " cannot be read: " + error.message();
  return std::nullopt;
}

}  // namespace

WalAnswer salvage_wal(wal::Disk& disk, const WalCommand& command, Progress& progress) {
  if (auto reason = why_not(command)) return refused(*std::move(reason));
  return Salvage(disk, command, progress).run();
}

}  // namespace paddock::tools
