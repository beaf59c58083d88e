// Registering, listing and taking back watches (docs/protocol.md, section 9).

#include <algorithm>

#include "core/proto/connect_records.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {
namespace {

constexpr std::int64_t watch_rest_ns = 2'000'000'000;
constexpr std::size_t watch_looks_per_turn = 256;

}  // namespace

void Reactor::watch(Client& client, std::string_view path, std::uint8_t bits) {
  watches_.add(client.id.index, client.watches, path, bits);
  count_watches();
}

void Reactor::count_watches() {
  const WatchTable::Counts& counts = watches_.counts();
  stats_.data_watches.set(counts.data);
  stats_.child_watches.set(counts.child);
  stats_.persistent_watches.set(counts.persistent);
  const bool has_some = !watches_.empty();
  // relaxed: only this thread stores.
  if (owns_watches_.load(std::memory_order_relaxed) != has_some)
    owns_watches_.store(has_some, std::memory_order_seq_cst);
}

/// Part of each turn: takes out a few watches that have rested for more than watch_rest_ns.
void Reactor::sweep_watches() {
  if (!watches_.has_resting()) {
    watch_tick_ns_ = net::never_ns;
    return;
  }
  if (watch_tick_ns_ == net::never_ns) watch_tick_ns_ = now_ns_ + watch_rest_ns;
  if (now_ns_ >= watch_tick_ns_) {
    watches_.tick();
    watch_tick_ns_ = now_ns_ + watch_rest_ns;
  }
  if (!watches_.has_stale()) return;
  watches_.sweep(watch_looks_per_turn, [this](std::uint32_t client) -> ClientWatches& {
    return clients_.at(client).watches;
  });
}

namespace {

/// A null list, or a null path in it. ZooKeeper trips over such a path when it comes to it, and has
/// carried out what stands before; here the request does all or nothing.
bool has_null(const proto::Vector<proto::Ustring>& paths) {
  return paths.is_null ||
         std::find(paths.items.begin(), paths.items.end(), std::nullopt) != paths.items.end();
}

}  // namespace

/// setWatches and setWatches2: what has changed since `relative_zxid` is told at once, with zxid -1
/// and whoever may read it; the rest is registered.
Reactor::Taken Reactor::set_watches(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::SetWatches2Request& asked = set_watches_;
  in.read(asked.relative_zxid);
  in.read(asked.data);
  in.read(asked.exist);
  in.read(asked.child);
  bool is_malformed = has_null(asked.data) || has_null(asked.exist) || has_null(asked.child);
  if (request.op == OpCode::set_watches2) {
    in.read(asked.persistent);
    in.read(asked.persistent_recursive);
    is_malformed |= has_null(asked.persistent) || has_null(asked.persistent_recursive);
  } else {
    asked.persistent.items.clear();
    asked.persistent_recursive.items.clear();
  }
  if (!in.ok() || is_malformed) {
    reply(client, request, ErrorCode::marshalling_error);
    return Taken::yes;
  }
  const core::ReadView view = view_for(client);
  auto tell_now = [&](proto::EventType type, std::string_view path) {
    proto::append_notification(client.connection.output(), Zxid{-1}, type, path);
    stats_.packets_sent.add();
    stats_.notifications.add();
    ++client.counts.sent;
  };
  const Zxid seen = asked.relative_zxid;
  for (const proto::Ustring& text : asked.data.items) {
    const std::string_view path = *text;
    const core::WatchedNode node = core::read_watched(view, path);
    if (!node.exists)
      tell_now(proto::EventType::node_deleted, path);
    else if (node.mzxid > seen)
      tell_now(proto::EventType::node_data_changed, path);
    else
      watches_.add(client.id.index, client.watches, path, watch_data);
  }
  for (const proto::Ustring& text : asked.exist.items) {
    const std::string_view path = *text;
    if (core::read_watched(view, path).exists)
      tell_now(proto::EventType::node_created, path);
    else
      watches_.add(client.id.index, client.watches, path, watch_data);
  }
  for (const proto::Ustring& text : asked.child.items) {
    const std::string_view path = *text;
    const core::WatchedNode node = core::read_watched(view, path);
    if (!node.exists)
      tell_now(proto::EventType::node_deleted, path);
    else if (node.pzxid > seen)
      tell_now(proto::EventType::node_children_changed, path);
    else
      watches_.add(client.id.index, client.watches, path, watch_child);
  }
  for (const proto::Ustring& text : asked.persistent.items)
    watches_.add(client.id.index, client.watches, *text, watch_persistent);
  for (const proto::Ustring& text : asked.persistent_recursive.items)
    watches_.add(client.id.index, client.watches, *text, watch_recursive);
  count_watches();
  reply(client, request, ErrorCode::ok);
  return Taken::yes;
}

Reactor::Taken Reactor::add_watch(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::AddWatchRequest asked;
  in.read(asked);
  const bool is_recursive = asked.mode == proto::AddWatchMode::persistent_recursive;
  if (!in.ok() || !asked.path || (!is_recursive && asked.mode != proto::AddWatchMode::persistent)) {
    reply(client, request, ErrorCode::marshalling_error);
    return Taken::yes;
  }
  watch(client, *asked.path, is_recursive ? watch_recursive : watch_persistent);
  reply_with(client, request, [](ByteBuffer& out) {
    proto::Writer(out).write(proto::AddWatchReply{});
    return ErrorCode::ok;
  });
  return Taken::yes;
}

Reactor::Taken Reactor::check_or_remove_watches(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::WatchesRequest asked;
  in.read(asked);
  std::uint8_t bits = 0;
  switch (asked.type) {
    case proto::WatcherType::children:
      bits = watch_child;
      break;
    case proto::WatcherType::data:
      bits = watch_data;
      break;
    case proto::WatcherType::any:
      bits = watch_any;
      break;
    case proto::WatcherType::persistent:
      bits = watch_persistent;
      break;
    case proto::WatcherType::persistent_recursive:
      bits = watch_recursive;
      break;
  }
  if (!in.ok() || !asked.path || bits == 0) {
    reply(client, request, ErrorCode::marshalling_error);
    return Taken::yes;
  }
  std::uint8_t found = 0;
  if (request.op == OpCode::remove_watches) {
    found = watches_.remove(client.id.index, client.watches, *asked.path, bits);
    count_watches();
  } else {
    found = watches_.bits_of(client.id.index, *asked.path) & bits;
  }
  reply(client, request, found != 0 ? ErrorCode::ok : ErrorCode::no_watcher);
  return Taken::yes;
}

}  // namespace paddock::reactor
