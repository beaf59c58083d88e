#include "paddock/ordering/batches.h"

#include <algorithm>

namespace paddock::ordering {

bool Batches::can_add(For whom) {
  auto has_room = [whom](std::size_t used, std::size_t max) {
    return used < (whom == For::server ? max + max / 2 : max);
  };
  if (builder_.count() > 0 && !has_room(builder_.payload_bytes(), payload_bytes_max)) return false;
  if (open_ == nullptr) open_ = feed_.take();
  if (open_ == nullptr) return false;
  return has_room(open_->records.size(), slot_records_max) &&
         has_room(open_->bytes.size(), slot_bytes_max);
}

FeedRecord& Batches::add_record(Zxid zxid, proto::ErrorCode error, Bytes body, const AnswerTo& to) {
  CHECK(open_ != nullptr);
  FeedRecord& record = open_->records.emplace_back();
  record.zxid = zxid;
  record.error = error;
  record.answer = to.kind;
  record.reactor = to.reactor;
  record.connection = to.connection;
  record.event_begin = static_cast<std::uint32_t>(open_->events.size());
  record.body_at = static_cast<std::uint32_t>(open_->bytes.size());
  record.body_bytes = static_cast<std::uint32_t>(body.size());
  open_->bytes.append(body);
  if (to.kind != AnswerKind::none) open_->wanted_by |= std::uint64_t{1} << to.reactor;
  return record;
}

FeedRecord& Batches::add(const core::Prepared& prepared, const AnswerTo& to) {
  FeedRecord& record = add_record(prepared.zxid, prepared.err, prepared.reply_body.bytes(), to);
  record.event_count = static_cast<std::uint32_t>(prepared.events.size());
  for (const core::Event& event : prepared.events) {
    const auto path_at = static_cast<std::uint32_t>(open_->bytes.size());
    open_->bytes.append(as_bytes(event.path));
    event.acl->retain();
    open_->events.push_back(
        {event.type, path_at, static_cast<std::uint32_t>(event.path.size()), event.acl});
  }
  if (prepared.has_txn) {
    if (builder_.count() == 0) first_ = prepared.zxid;
    builder_.add(prepared.txn);
  }
  return record;
}

FeedRecord& Batches::add_answer(proto::ErrorCode error, Bytes body, const AnswerTo& to) {
  return add_record(state_.newest(), error, body, to);
}

/// REQUIRES: the log takes the open batch.
bool Batches::waits_for_more(std::int64_t now_ns) {
  const bool is_small = !in_flight_.empty() && builder_.count() < in_flight_.back().count / 2;
  if (is_small && seal_at_ns_ == INT64_MAX) seal_at_ns_ = now_ns + more_wait_ns;
  if (is_small && now_ns < seal_at_ns_) return true;
  seal_at_ns_ = INT64_MAX;
  return false;
}

void Batches::seal(bool hold, std::int64_t now_ns) {
  if (open_ == nullptr || open_->records.empty() || hold) return;
  const std::uint32_t count = builder_.count();
  if (count > 0 && (!log_->can_append() || waits_for_more(now_ns))) return;
  open_->end = state_.newest();
  in_flight_.push_back({open_, count, state_.digest()});
  open_ = nullptr;
  if (count > 0) {
    const Bytes payload = builder_.finish(in_flight_.back().digest);
    log_->append({first_, in_flight_.back().slot->end, count}, payload);
    builder_.clear();
    state_.seal();
    ++counters_.batches;
    counters_.txns += count;
    counters_.last_count = count;
    counters_.max_count = std::max(counters_.max_count, count);
  }
  publish(log_->durable());
}

bool Batches::publish(Zxid durable) {
  bool published = false;
  while (!in_flight_.empty() && in_flight_.front().slot->end <= durable) {
    const Zxid end = in_flight_.front().slot->end;
    feed_.publish();
    if (end > state_.committed()) state_.commit(end);
    committed_digest_ = in_flight_.front().digest;
    in_flight_.pop_front();
    published = true;
  }
  return published;
}

}  // namespace paddock::ordering
