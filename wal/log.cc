#include "wal/log.h"

#include <sys/random.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/crc32c.h"
#include "wal/aligned_buffer.h"
#include "wal/batch.h"
#include "wal/durable_write.h"
#include "wal/error_text.h"
#include "wal/log_repair.h"
#include "wal/names.h"
#include "wal/segments.h"

namespace paddock::wal {
namespace {

constexpr std::uint64_t segment_bytes_min = 64 << 10;
/// FlatBuffers' offsets have 31 bits.
constexpr std::uint64_t payload_bytes_max = std::uint64_t{1} << 30;
/// With less room than this a segment is left before a batch has to wait for it. A share of
/// small segments (tests), the cost of some dozens of ordinary batches in large ones.
constexpr std::uint64_t early_roll_bytes_max = 256 << 10;
constexpr std::uint64_t early_roll_share = 8;
/// A buffer that one large batch has widened beyond this is given back.
constexpr std::uint64_t buffer_keep_bytes_max = 4 << 20;

std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

std::uint64_t random_log_id() {
  std::uint64_t id = 0;
  while (id == 0) {
    if (::getrandom(&id, sizeof id, 0) != sizeof id) id = 0;
  }
  return id;
}

}  // namespace

struct Log::Impl final : DurableWrite::Owner, Segments::Owner {
  /// A segment that is open for writing.
  struct Segment {
    Disk::File file = -1;
    Zxid first{};
    std::uint64_t bytes = 0;
    std::uint64_t offset = 0;  ///< where the next record goes
    std::uint32_t writes_in_flight = 0;
    bool left = false;  ///< the log has rolled on: closed when its last write is done
  };

  /// A batch on its way. `waiting` ones stand behind all others, in the order of their zxids: the
  /// log is rolling, and they go into the new segment.
  struct Flight {
    enum class State : std::uint8_t { waiting, writing, done };
    Flight(Disk& disk, Impl& log) : write(disk, log) {}
    DurableWrite write;
    AlignedBuffer buffer;
    BatchHeader header;
    Zxid last{};
    State state = State::done;
    Segment* segment = nullptr;
    std::int64_t started_ns = 0;  ///< of append()
  };

  Impl(Disk& disk, const Options& options, Log::Owner& owner)
      : disk_(disk),
        options_(options),
        owner_(owner),
        segments_(disk, options.dir, options_.segment_bytes, *this),
        control_(disk, *this) {
    for (std::uint32_t i = 0; i < options_.writes_in_flight_max; ++i) {
      flights_.push_back(std::make_unique<Flight>(disk, *this));
      flights_.back()->buffer.reserve(block_bytes);
    }
    control_buffer_.reserve(block_bytes);
  }
  ~Impl();

  void start(LogEnd end);
  bool open_active(const LogEnd& end);

  Space space_for(std::size_t payload_bytes);
  void append(const BatchSpan& batch, Bytes payload);
  void place_waiting();
  void submit(Flight& flight);
  void complete_flight(Flight& flight);
  void advance_watermark();

  void begin_roll(Zxid first);
  void successor_named(Disk::File file);
  void write_control(std::uint16_t flag);
  void leave_active();
  void release(Segment& segment);
  void roll_done();
  void try_close();

  void write_done(DurableWrite& write) override;
  void write_failed(DurableWrite& write, const std::string& reason) override;
  void spare_changed() override;
  void segments_failed(const std::string& reason) override { fail(reason); }
  void fail(const std::string& reason);

  Flight& flight(std::size_t place) { return *flights_[(head_ + place) % flights_.size()]; }
  std::uint64_t early_roll_bytes() const {
    return std::min(early_roll_bytes_max, options_.segment_bytes / early_roll_share);
  }
  /// One block stays free in each segment, for its mark or end record.
  static bool fits(std::uint64_t segment_bytes, std::uint64_t offset, std::uint64_t bytes) {
    return offset + bytes + block_bytes <= segment_bytes;
  }

  Disk& disk_;
  const Options options_;
  Log::Owner& owner_;
  Segments segments_;
  std::uint64_t log_id_ = 0;
  std::uint32_t chain_ = 0;          // of the last batch submitted
  std::uint32_t durable_chain_ = 0;  // of the batch that durable_ ends
  Zxid last_{};                      // of the last batch appended
  Zxid durable_{};
  Zxid synced_{};  // goes into headers; stands still with forceSync=no, where durable_ is a promise
                   // only

  std::vector<std::unique_ptr<Segment>> open_;  // the last one is active_; those before are `left`
  Segment* active_ = nullptr;                   // null: the log has no segment yet
  std::vector<std::unique_ptr<Flight>> flights_;  // a ring
  std::size_t head_ = 0;                          // the oldest
  std::size_t count_ = 0;                         // in use, oldest first
  std::size_t waiting_ = 0;                       // of them, the newest
  std::uint64_t waiting_bytes_ = 0;

  // A roll: the spare gets its name, the mark goes behind the last batch, the successor is used.
  bool rolling_ = false;
  Zxid successor_first_{};
  std::uint64_t successor_bytes_ = 0;
  Disk::File successor_file_ = -1;
  enum class Control : std::uint8_t { none, mark, end };
  Control writing_ = Control::none;
  DurableWrite control_;
  AlignedBuffer control_buffer_;

  bool started_ = false;  // until then the owner has no log to ask
  bool closing_ = false;
  std::function<void()> closed_;
  std::size_t syncs_in_flight_ = 0;  // of segments that were left, forceSync=no only
  bool failed_ = false;
  bool destroyed_ = false;
  Counters counters_;
};

Log::Impl::~Impl() {
  destroyed_ = true;
  auto is_busy = [&] {
    return control_.is_in_flight() || syncs_in_flight_ > 0 ||
           std::any_of(flights_.begin(), flights_.end(),
                       [](const auto& flight) { return flight->write.is_in_flight(); });
  };
  while (is_busy()) disk_.wait();
  for (const auto& segment : open_) disk_.close(segment->file);
  if (successor_file_ >= 0) disk_.close(successor_file_);
}

// --- Start

void Log::Impl::start(LogEnd end) {
  if (auto repaired = repair_log(disk_, options_.dir, end); !repaired)
    return fail(repaired.error());
  log_id_ = end.log_id;
  if (log_id_ == 0) log_id_ = options_.new_log_id;
  if (log_id_ == 0) log_id_ = random_log_id();
  chain_ = durable_chain_ = end.chain;
  last_ = durable_ = synced_ = end.last;
  segments_.adopt(end.segments, std::move(end.spares));
  if (!end.segments.empty() && !open_active(end)) return;
  segments_.prepare_spare();
  if (active_ != nullptr && fits(active_->bytes, active_->offset, block_bytes)) return;
  // Nothing can be appended yet: the spare is waited for, and becomes the segment at once.
  using Spare = Segments::Spare;
  const std::uint64_t bytes = 2 * block_bytes;
  while (!failed_ && segments_.spare_for(bytes) == Spare::preparing) disk_.wait();
  if (failed_ || segments_.spare_for(bytes) == Spare::none) return;
  if (!rolling_) begin_roll(next_zxid(last_));
  while (!failed_ && rolling_) disk_.wait();
}

bool Log::Impl::open_active(const LogEnd& end) {
  const Zxid first = end.segments.back();
  const std::string path = path_in(options_.dir, segment_name(first));
  std::int64_t result = 0;
  bool opened = false;
  disk_.open(path, {.writable = true, .direct = true}, [&](std::int64_t file) {
    result = file;
    opened = true;
  });
  while (!opened) disk_.wait();
  if (result < 0) {
    fail(path + " cannot be opened: " + error_text(result));
    return false;
  }
  open_.push_back(std::make_unique<Segment>(Segment{.file = static_cast<Disk::File>(result),
                                                    .first = first,
                                                    .bytes = end.active_bytes,
                                                    .offset = end.offset}));
  active_ = open_.back().get();
  return true;
}

// --- Batches

Log::Space Log::Impl::space_for(std::size_t payload_bytes) {
  if (failed_ || closing_ || payload_bytes > payload_bytes_max) return Space::none;
  const std::uint64_t bytes = batch_bytes(payload_bytes);
  const bool fits_here = rolling_
                             ? fits(successor_bytes_, waiting_bytes_, bytes)
                             : active_ != nullptr && fits(active_->bytes, active_->offset, bytes);
  if (fits_here) return Space::ready;
  switch (segments_.spare_for(bytes + block_bytes)) {
    case Segments::Spare::ready:
      return Space::ready;
    case Segments::Spare::preparing:
      return Space::preparing;
    case Segments::Spare::none:
      return Space::none;
  }
  UNREACHABLE();
}

void Log::Impl::append(const BatchSpan& batch, Bytes payload) {
  CHECK(!failed_);
  CHECK(!closing_);
  CHECK(count_ < flights_.size());
  CHECK(batch.count > 0);
  CHECK(batch.first == next_zxid(last_));
  CHECK(batch.last == advance_zxid(batch.first, batch.count - 1));
  CHECK(space_for(payload.size()) == Space::ready);
  Flight& flight = this->flight(count_);
  const std::uint64_t bytes = batch_bytes(payload.size());
  flight.buffer.reserve(bytes);
  std::byte* at = flight.buffer.data() + header_bytes;
  if (!payload.empty()) std::memcpy(at, payload.data(), payload.size());
  std::memset(at + payload.size(), 0, bytes - header_bytes - payload.size());
  flight.header = {};
  flight.header.log_id = log_id_;
  flight.header.first = batch.first;
  flight.header.count = batch.count;
  flight.header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  flight.last = batch.last;
  flight.state = Flight::State::waiting;
  flight.started_ns = now_ns();
  last_ = batch.last;
  ++count_;
  ++waiting_;
  waiting_bytes_ += bytes;
  place_waiting();
}

/// Submits what waits, as far as it fits; begins a roll where it does not.
void Log::Impl::place_waiting() {
  while (waiting_ > 0 && !rolling_ && !failed_) {
    Flight& next = flight(count_ - waiting_);
    const std::uint64_t bytes = batch_bytes(next.header.payload_bytes);
    if (active_ == nullptr || !fits(active_->bytes, active_->offset, bytes))
      return begin_roll(next.header.first);
    --waiting_;
    waiting_bytes_ -= bytes;
    submit(next);
    // Done ahead while this batch is on its way; R7's order costs the next one nothing then.
    if (!fits(active_->bytes, active_->offset, early_roll_bytes()) &&
        segments_.spare_for(waiting_ > 0 ? waiting_bytes_ + block_bytes : 2 * block_bytes) ==
            Segments::Spare::ready)
      begin_roll(next_zxid(next.last));
  }
}

void Log::Impl::submit(Flight& flight) {
  const std::uint64_t bytes = batch_bytes(flight.header.payload_bytes);
  flight.header.durable = synced_;
  flight.header.chain = chain_;
  seal_batch(flight.header, flight.buffer.data());
  chain_ = flight.header.header_crc;
  flight.state = Flight::State::writing;
  flight.segment = active_;
  const std::uint64_t offset = active_->offset;
  active_->offset += bytes;
  ++active_->writes_in_flight;
  flight.write.start(active_->file, offset, {flight.buffer.data(), bytes}, options_.force_sync);
}

void Log::Impl::complete_flight(Flight& flight) {
  const std::int64_t took_ns = now_ns() - flight.started_ns;
  if (options_.force_sync) ++counters_.syncs;
  ++counters_.batches;
  counters_.payload_bytes += flight.header.payload_bytes;
  counters_.written_bytes += batch_bytes(flight.header.payload_bytes);
  counters_.last_sync_ns = took_ns;
  counters_.max_sync_ns = std::max(counters_.max_sync_ns, took_ns);
  counters_.total_sync_ns += took_ns;
  if (took_ns >= options_.slow_sync_warning_ms * 1'000'000) ++counters_.slow_syncs;
  flight.state = Flight::State::done;
  if (flight.buffer.capacity() > buffer_keep_bytes_max) {
    flight.buffer.release();
    flight.buffer.reserve(block_bytes);
  }
  Segment& segment = *flight.segment;
  --segment.writes_in_flight;
  if (segment.left && segment.writes_in_flight == 0) release(segment);
  advance_watermark();
  try_close();
}

/// R8: only over a contiguous prefix.
void Log::Impl::advance_watermark() {
  bool advanced = false;
  while (count_ > waiting_ && flight(0).state == Flight::State::done) {
    durable_ = flight(0).last;
    durable_chain_ = flight(0).header.header_crc;
    if (options_.force_sync) synced_ = durable_;
    head_ = (head_ + 1) % flights_.size();
    --count_;
    advanced = true;
  }
  if (advanced) owner_.durable_advanced(durable_);
}

// --- Roll and close

/// R7, in this order: the successor's name, the sync of the directory, the mark, the first batch. A
/// segment without a batch, too small for the one that comes, needs no mark: the successor has its
/// name and takes its place. REQUIRES: a spare is ready.
void Log::Impl::begin_roll(Zxid first) {
  CHECK(!rolling_);
  rolling_ = true;
  successor_first_ = first;
  successor_bytes_ = segments_.spare_bytes();
  segments_.take_spare(first, [this](Disk::File file) { successor_named(file); });
}

void Log::Impl::successor_named(Disk::File file) {
  successor_file_ = file;
  if (failed_ || destroyed_) return;
  if (active_ == nullptr || active_->first == successor_first_) return roll_done();
  write_control(flag_continued);
}

void Log::Impl::write_control(std::uint16_t flag) {
  BatchHeader header;
  header.flags = flag;
  header.log_id = log_id_;
  header.first = flag == flag_continued ? successor_first_ : next_zxid(last_);
  header.durable = synced_;
  header.chain = chain_;
  std::memset(control_buffer_.data(), 0, block_bytes);
  seal_batch(header, control_buffer_.data());
  writing_ = flag == flag_continued ? Control::mark : Control::end;
  control_.start(active_->file, active_->offset, {control_buffer_.data(), block_bytes}, true);
}

void Log::Impl::leave_active() {
  Segment& old = *active_;
  active_ = nullptr;
  old.left = true;
  if (old.writes_in_flight == 0) release(old);
}

void Log::Impl::release(Segment& segment) {
  auto close = [this, &segment](std::int64_t result) {
    if (result < 0) return fail("sync failed: " + error_text(result));
    disk_.close(segment.file);
    std::erase_if(open_, [&](const auto& open) { return open.get() == &segment; });
  };
  if (options_.force_sync) return close(0);
  ++syncs_in_flight_;
  disk_.sync(segment.file, [this, close](std::int64_t result) {
    --syncs_in_flight_;
    close(result);
    if (!failed_ && !destroyed_) try_close();
  });
}

void Log::Impl::roll_done() {
  if (active_ != nullptr) leave_active();
  open_.push_back(std::make_unique<Segment>(Segment{.file = std::exchange(successor_file_, -1),
                                                    .first = successor_first_,
                                                    .bytes = successor_bytes_}));
  active_ = open_.back().get();
  rolling_ = false;
  segments_.prepare_spare();
  place_waiting();
  try_close();
}

/// The end record says that nothing was lost, so it is written when nothing can be any more.
void Log::Impl::try_close() {
  if (!closing_ || failed_ || count_ > 0 || rolling_ || syncs_in_flight_ > 0) return;
  if (writing_ != Control::none || !closed_) return;
  if (active_ == nullptr) return std::exchange(closed_, nullptr)();
  if (synced_ == durable_) return write_control(flag_end);
  ++syncs_in_flight_;  // forceSync=no
  disk_.sync(active_->file, [this](std::int64_t result) {
    --syncs_in_flight_;
    if (result < 0) return fail("sync failed: " + error_text(result));
    synced_ = durable_;
    if (!destroyed_) try_close();
  });
}

// --- Completions

void Log::Impl::write_done(DurableWrite& write) {
  if (failed_ || destroyed_) return;
  if (&write != &control_) {
    for (const auto& flight : flights_)
      if (&flight->write == &write) return complete_flight(*flight);
    UNREACHABLE();
  }
  counters_.written_bytes += block_bytes;
  switch (std::exchange(writing_, Control::none)) {
    case Control::mark:
      return roll_done();
    case Control::end:
      if (closed_) std::exchange(closed_, nullptr)();
      return;
    case Control::none:
      UNREACHABLE();
  }
}

void Log::Impl::write_failed(DurableWrite&, const std::string& reason) { fail(reason); }

void Log::Impl::spare_changed() {
  if (started_ && !failed_ && !destroyed_) owner_.space_changed();
}

void Log::Impl::fail(const std::string& reason) {
  if (failed_ || destroyed_) return;
  failed_ = true;
  owner_.failed(reason);
}

// --- The interface

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Log::~Log() = default;

std::unique_ptr<Log> Log::start(Disk& disk, const Options& options, LogEnd end, Owner& owner) {
  CHECK(options.writes_in_flight_max > 0);
  Options used = options;
  used.segment_bytes = std::max(segment_bytes_min, options.segment_bytes);
  used.segment_bytes = (used.segment_bytes + block_bytes - 1) / block_bytes * block_bytes;
  auto impl = std::make_unique<Impl>(disk, used, owner);
  impl->start(std::move(end));
  impl->started_ = true;
  return std::unique_ptr<Log>(new Log(std::move(impl)));
}

Log::Space Log::space_for(std::size_t payload_bytes) const {
  return impl_->space_for(payload_bytes);
}
bool Log::can_append() const {
  return !impl_->failed_ && !impl_->closing_ && impl_->count_ < impl_->flights_.size();
}
void Log::append(const BatchSpan& batch, Bytes payload) { impl_->append(batch, payload); }
Zxid Log::durable() const { return impl_->durable_; }
std::uint32_t Log::durable_chain() const { return impl_->durable_chain_; }
void Log::retry_space() { impl_->segments_.retry(); }
void Log::purge(Zxid oldest_kept_snapshot) {
  // In a roll the newest segment is the successor, whose first batch is still to come.
  const bool active_is_empty =
      impl_->rolling_ || impl_->active_ == nullptr || impl_->active_->first > impl_->durable_;
  impl_->segments_.purge(oldest_kept_snapshot, active_is_empty);
}

void Log::close(std::function<void()> done) {
  CHECK(!impl_->closing_);
  impl_->closing_ = true;
  impl_->closed_ = std::move(done);
  impl_->try_close();
}

const Log::Counters& Log::counters() const { return impl_->counters_; }

std::int64_t Log::stalled_ms(std::int64_t now_ns) const {
  const Impl& impl = *impl_;
  if (impl.count_ == 0) return 0;
  const Impl::Flight& oldest = *impl.flights_[impl.head_];
  const std::int64_t ms = (now_ns - oldest.started_ns) / 1'000'000;
  return ms >= impl.options_.slow_sync_warning_ms ? ms : 0;
}

}  // namespace paddock::wal
