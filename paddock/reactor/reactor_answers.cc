// What comes out of the commit feed: events to watches, answers to requests.

#include "core/proto/connect_records.h"
#include "paddock/log.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {

/// Takes S = committed_zxid and reads the feed up to it (docs/architecture.md). A slot beyond S may
/// be there already; its events must not overtake reads at S, so it waits for the next turn.
void Reactor::drain_feed() {
  snapshot_ = server_.state.trie().pins().pin(index_);
  answered_ns_ = net::monotonic_ns();
  while (const ordering::FeedSlot* slot = server_.feed.at(position_)) {
    if (slot->end > snapshot_) break;
    for (const ordering::FeedRecord& record : slot->records) take_record(*slot, record);
    ++position_;
    stats_.feed_slots.add();
  }
}

void Reactor::take_record(const ordering::FeedSlot& slot, const ordering::FeedRecord& record) {
  for (std::uint32_t i = 0; i < record.event_count; ++i)
    fanout_.add(slot, position_, slot.events[record.event_begin + i], record.zxid);
  if (record.reactor != index_) return;
  if (record.answer == ordering::AnswerKind::none && !record.session_ended) return;
  Client* client = clients_.find(record.connection);
  if (record.answer == ordering::AnswerKind::connect_accepted) {
    if (client != nullptr && !client->outstanding.empty()) {
      outstanding_bytes_ -= client->outstanding.front().bytes;
      --outstanding_count_;
      client->outstanding.pop_front();
    }
    connect_accepted(client, slot, record);
  } else if (client != nullptr && client->phase != Client::Phase::closing) {
    take_answer(*client, slot, record);
  }
  if (client == nullptr || client->phase == Client::Phase::closing) return;
  stats_.outstanding.set(static_cast<std::int64_t>(outstanding_count_));
  if (!client->outstanding.empty()) return;
  if (client->hold == Client::Hold::answers) client->hold = Client::Hold::none;
  if (client->input_counted != 0 || client->connection.input_ended()) make_ready(*client);
}

void Reactor::take_answer(Client& client, const ordering::FeedSlot& slot,
                          const ordering::FeedRecord& record) {
  if (!fanout_.is_idle()) fanout_.flush_share(client);
  switch (record.answer) {
    case ordering::AnswerKind::reply: {
      CHECK(!client.outstanding.empty());
      const Outstanding request = client.outstanding.front();
      client.outstanding.pop_front();
      outstanding_bytes_ -= request.bytes;
      --outstanding_count_;
      ByteBuffer& out = client.connection.output();
      const proto::FrameStart start =
          proto::begin_reply(out, {request.xid, record.zxid, record.error});
      out.append(slot.body(record));
      proto::end_frame(out, start);
      count_reply(client, request.op, record.zxid, out.size() - start.offset, request.arrived_ns);
      break;
    }
    case ordering::AnswerKind::connect_refused:
      return connect_refused(client);
    case ordering::AnswerKind::close:
      return close_after_answers(client);
    case ordering::AnswerKind::none:
    case ordering::AnswerKind::connect_accepted:
      break;
  }
  if (!record.session_ended) return;
  if (record.answer == ordering::AnswerKind::none) stats_.expired.add();
  // Nobody's session any more: nothing to hand back.
  client.session = SessionId{};
  stats_.sessions.sub();
  close_after_answers(client);
}

/// Fanout's: a notification for one connection. Behind a large read that is being worked off it
/// waits, because that read's S is older (R16).
void Reactor::tell(Client& client, Bytes frame) {
  if (client.is_slow) return;  // it is closed at the end of the turn: no more memory for it
  const bool is_deferred = slice_ && slice_->id == client.id;
  ByteBuffer& out = is_deferred ? client.deferred_events : client.connection.output();
  out.append(frame);
  if (!is_deferred) {
    output_bytes_ += frame.size();
    client.output_counted += frame.size();
  }
  told_bytes_ += frame.size();
  if (!client.is_told) {
    client.is_told = true;
    told_.push_back(client.id);
  }
  stats_.packets_sent.add();
  stats_.notifications.add();
  ++client.counts.sent;
  const std::size_t unsent = client.connection.output_bytes() + client.deferred_events.size();
  const auto bound = static_cast<std::size_t>(server_.config.output_bytes_max);
  // close_slow() would come too late: shares in front of many answers can be larger than all that
  // may be kept.
  const bool is_too_much_for_all =
      output_bytes_ > output_bytes_total_max_ && unsent > output_pause_bytes;
  if (unsent <= bound + client.large_reply_bytes && !is_too_much_for_all) return;
  client.is_slow = true;
  slow_.push_back(client.id);
}

/// Reactor 0, behind whatever may have published: wakes the sleepers that the new slots concern
/// (R4, R5).
void Reactor::wake_others() {
  const std::size_t reactors = server_.reactor_count();
  if (reactors == 1) return;
  std::uint64_t wanted_by = 0;
  bool has_events = false;
  for (; const ordering::FeedSlot* slot = server_.feed.at(woken_position_); ++woken_position_) {
    wanted_by |= slot->wanted_by;
    has_events |= !slot->events.empty();
  }
  for (std::size_t r = 1; r < reactors; ++r) {
    Reactor& other = *server_.reactors[r];
    const bool is_wanted = (wanted_by >> r & 1) != 0 || (has_events && other.owns_watches()) ||
                           server_.feed.consumer_backlog(static_cast<std::uint32_t>(r)) >=
                               ordering::Feed::slot_count / 2;
    if (is_wanted && other.sleeper().claim_wake()) net::Loop::wake(*loop_, other.loop());
  }
}

}  // namespace paddock::reactor
