#include "paddock/reactor/fanout.h"

#include <algorithm>

#include "core/proto/connect_records.h"

namespace paddock::reactor {

using proto::EventType;

Fanout::Fanout(WatchTable& watches, ClientTable& clients, bool skip_acl, Tell tell)
    : watches_(watches), clients_(clients), skip_acl_(skip_acl), tell_(std::move(tell)) {}

void Fanout::add_hit(const Hit& hit, Job& job) {
  watches_.hold_path(hit.path);
  hits_.push_back(hit);
  ++job.path_count;
}

/// Events of many paths are a few cache misses each: those of several together take no longer than
/// one's.
void Fanout::fetch(const ordering::FeedSlot& slot, std::size_t from) const {
  const std::size_t count = std::min(events_ahead, slot.events.size() - from);
  std::uint64_t hashes[events_ahead];
  std::uint32_t paths[events_ahead];
  for (std::size_t i = 0; i < count; ++i)
    hashes[i] = watches_.fetch_slot(slot.path(slot.events[from + i]));
  for (std::size_t i = 0; i < count; ++i) paths[i] = watches_.fetch_path(hashes[i]);
  for (std::size_t i = 0; i < count; ++i)
    if (paths[i] != WatchTable::none) watches_.fetch_first(paths[i]);
}

/// The same for the paths of coming jobs when the front one is begun.
void Fanout::fetch_hits() {
  constexpr std::size_t hits_ahead = 4;
  if (hits_.size() > 2 * hits_ahead) watches_.fetch_first(hits_.at(2 * hits_ahead).path);
  if (hits_.size() <= hits_ahead) return;
  const std::uint32_t first = watches_.path(hits_.at(hits_ahead).path).first;
  if (first != WatchTable::none) watches_.prefetch(first);
}

void Fanout::add(const ordering::FeedSlot& slot, std::uint64_t position,
                 const ordering::FeedEvent& event, Zxid zxid) {
  if (watches_.empty()) return;
  const auto index = static_cast<std::size_t>(&event - slot.events.data());
  if (index % events_ahead == 0 && watches_.size() > watches_in_cache) fetch(slot, index);
  const std::string_view text = slot.path(event);
  Job job{.slot = &slot, .event = &event, .position = position, .zxid = zxid};
  const std::uint32_t own = watches_.find_path(text);
  using Likely = WatchTable::Likely;
  if (event.type == EventType::node_children_changed) {
    if (is_watched(own)) add_hit({own, watch_child_table, watch_child, Likely::again}, job);
  } else {
    // A deletion is told to both tables of the path, once to each connection.
    if (is_watched(own) && event.type == EventType::node_deleted)
      add_hit({own, watch_any, watch_data | watch_child, Likely::no_more}, job);
    else if (is_watched(own))
      add_hit({own, watch_data_table, watch_data, Likely::again}, job);
    watches_.visit_recursive_ancestors(text, [&](std::uint32_t above) {
      add_hit({above, watch_recursive, 0, Likely::again}, job);
    });
  }
  if (job.path_count == 0) return;
  job.number = ++newest_number_;
  jobs_.push_back(job);
}

void Fanout::tell(Client& client, std::uint32_t index, const Job& job, const Hit& hit) {
  const std::uint32_t bits = watches_.watch(index).bits;
  if ((bits & hit.fires) == 0) return;
  if ((bits & hit.uses_up) != 0) watches_.use_up(index, client.watches, hit.uses_up, hit.likely);
  if (client.told_job == job.number) return;
  client.told_job = job.number;
  if (!skip_acl_ && !job.event->acl->permits(proto::perm_read, *client.identities)) return;
  if (encoded_number_ != job.number) {
    encoded_number_ = job.number;
    encoded_.clear();
    proto::append_notification(encoded_, job.zxid, job.event->type, job.slot->path(*job.event));
  }
  told_bytes_ += encoded_.size();
  tell_(client, encoded_.bytes());
}

bool Fanout::run(const Budget& budget) {
  constexpr int watches_ahead = 4;
  // Watches that could be looked at in the time that it takes to come to another path's first one.
  constexpr std::size_t path_cost = 8;
  std::size_t watches_left = budget.watches;
  const std::uint64_t told_before = told_bytes_;
  while (!jobs_.empty()) {
    const Job job = jobs_.front();
    while (hit_index_ < job.path_count) {
      const Hit hit = hits_.front();
      if (!in_list_) {
        if (watches_left == 0) return false;
        watches_left -= std::min(watches_left, path_cost) - 1;
        fetch_hits();
        watches_.cursor = watches_.path(hit.path).first;
        in_list_ = true;
      }
      // Watches, and what removing one touches, are all over the memory: fetched some entries
      // ahead.
      const bool removes = hit.uses_up != 0 && hit.likely == WatchTable::Likely::no_more;
      const auto fetch = [&](std::uint32_t at) {
        clients_.at(watches_.watch(at).client).connection.prefetch_output();
        return removes ? watches_.prefetch(at) : watches_.prefetch_next(at);
      };
      std::uint32_t ahead = watches_.cursor;
      for (int i = 0; i < watches_ahead && ahead != WatchTable::none; ++i) ahead = fetch(ahead);
      for (; watches_.cursor != WatchTable::none; --watches_left) {
        if (watches_left == 0 || told_bytes_ - told_before >= budget.bytes) return false;
        if (ahead != WatchTable::none) ahead = fetch(ahead);
        const std::uint32_t index = watches_.cursor;
        watches_.cursor = watches_.watch(index).next_in_path;
        Client& client = clients_.at(watches_.watch(index).client);
        if (client.flushed_job < job.number) tell(client, index, job, hit);
      }
      in_list_ = false;
      hits_.pop_front();
      ++hit_index_;
      watches_.drop_path(hit.path);
    }
    jobs_.pop_front();
    hit_index_ = 0;
  }
  return true;
}

void Fanout::flush_share(Client& client) {
  if (client.flushed_job == newest_number_) return;
  if (!jobs_.empty() && client.watches.count != 0) {
    std::size_t at = 0;  // in hits_; those of the front job that are worked off are gone already
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      const Job& job = jobs_.at(i);
      const std::uint32_t hits = job.path_count - (i == 0 ? hit_index_ : 0);
      if (job.number > client.flushed_job) {
        for (std::uint32_t k = 0; k < hits; ++k) {
          const Hit& hit = hits_.at(at + k);
          const std::uint32_t index = watches_.find_watch(client.id.index, hit.path);
          if (index != WatchTable::none) tell(client, index, job, hit);
        }
      }
      at += hits;
    }
  }
  client.flushed_job = newest_number_;
}

}  // namespace paddock::reactor
