// Reads at S.

#include <utility>

#include "core/proto/connect_records.h"
#include "core/proto/multi.h"
#include "paddock/log.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {
namespace {

/// Nodes that one read looks at in its own turn; a larger one is worked off in slices of as many,
/// some 0.1 ms each (R16).
constexpr std::size_t slice_nodes = 2000;
/// What a child's name takes in a reply, as a guess for the memory of a large one.
constexpr std::size_t name_bytes_guess = 20;
/// A frame's length has 31 bits; with this much room for events behind it.
constexpr std::size_t large_reply_bytes_max = 1u << 30;

}  // namespace

core::ReadView Reactor::view_for(const Client& client) const {
  return {.trie = std::as_const(server_.state).trie(),
          .snapshot = snapshot_,
          .identities = *client.identities,
          .skip_acl = server_.config.skip_acl};
}

Reactor::Taken Reactor::read(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::PathWatchRequest asked;
  if (request.op == OpCode::get_acl || request.op == OpCode::get_all_children_number) {
    proto::PathRequest path;
    in.read(path);
    asked.path = path.path;
  } else {
    in.read(asked);
  }
  if (!in.ok() || !asked.path) {
    reply(client, request, ErrorCode::marshalling_error);
    return Taken::yes;
  }
  const std::string_view path = *asked.path;
  const core::ReadView view = view_for(client);
  using Kind = core::SlicedRead::Kind;
  if (request.op == OpCode::get_children)
    return read_sliced(client, request, Kind::children, path, asked.watch);
  if (request.op == OpCode::get_children2)
    return read_sliced(client, request, Kind::children2, path, asked.watch);
  if (request.op == OpCode::get_all_children_number)
    return read_sliced(client, request, Kind::all_children_number, path, false);
  reply_with(client, request, [&](ByteBuffer& out) {
    ErrorCode err{};
    if (request.op == OpCode::exists) {
      err = core::read_exists(view, path, out);
      // A node that is not there yet can be watched for.
      if (asked.watch && (err == ErrorCode::ok || err == ErrorCode::no_node))
        watch(client, path, watch_data);
    } else if (request.op == OpCode::get_data) {
      err = core::read_get_data(view, path, out);
      if (asked.watch && err == ErrorCode::ok) watch(client, path, watch_data);
    } else {
      err = core::read_get_acl(view, path, out);
    }
    return err;
  });
  return Taken::yes;
}

Reactor::Taken Reactor::read_sliced(Client& client, const Request& request,
                                    core::SlicedRead::Kind kind, std::string_view path,
                                    bool with_watch) {
  core::SlicedRead read;
  const ErrorCode err = read.start(kind, view_for(client), path);
  if (err != ErrorCode::ok) {
    reply(client, request, err);
    return Taken::yes;
  }
  ByteBuffer& out = client.connection.output();
  const proto::FrameStart start = proto::begin_reply(out, {request.xid, snapshot_, ErrorCode::ok});
  if (read.step(slice_nodes, out)) {
    proto::end_frame(out, start);
    if (with_watch) watch(client, path, watch_child);
    count_reply(client, request.op, snapshot_, out.size() - start.offset, client.arrived_ns);
    return Taken::yes;
  }
  if (slice_) {  // another one is under way: this one begins again behind it
    out.truncate(start.offset);
    hold(client, Client::Hold::slice);
    return Taken::not_yet;
  }
  slice_.emplace();
  slice_->id = client.id;
  slice_->xid = request.xid;
  slice_->op = request.op;
  slice_->arrived_ns = client.arrived_ns;
  slice_->read = std::move(read);
  slice_->snapshot = snapshot_;
  slice_->frame = loop_->buffers().take();
  slice_->frame.reserve(static_cast<std::size_t>(slice_->read.child_count()) * name_bytes_guess);
  slice_->frame.append(out.bytes().subspan(start.offset));
  out.truncate(start.offset);
  server_.state.trie().pins().hold(index_);
  // At the first slice: what changes from now on is told, behind the reply.
  if (with_watch) watch(client, path, watch_child);
  hold(client, Client::Hold::slice);
  return Taken::yes;
}

/// A slice of the large read, if there is one.
void Reactor::go_on_reading() {
  if (!slice_) return;
  const bool is_done = slice_->read.step(slice_nodes, slice_->frame);
  Client* client = clients_.find(slice_->id);
  if (slice_->frame.size() > large_reply_bytes_max)
    refuse_large_reply(*client);
  else if (is_done)
    finish_slice(client);
}

/// Puts the reply and the events behind it into the output; null: drops them.
void Reactor::finish_slice(Client* client) {
  SlicedReply slice = *std::exchange(slice_, std::nullopt);
  server_.state.trie().pins().drop(index_);
  if (client != nullptr) {
    proto::end_frame(slice.frame, slice.start);
    const std::size_t bytes = slice.frame.size();
    ByteBuffer& out = client->connection.output();
    if (out.empty())
      out.swap(slice.frame);  // not copied: it may be many megabytes
    else
      out.append(slice.frame.bytes());
    out.append(client->deferred_events.bytes());
    client->deferred_events.release();
    client->large_reply_bytes += bytes;
    count_reply(*client, slice.op, slice.snapshot, bytes, slice.arrived_ns);
    client->hold = Client::Hold::none;
    make_ready(*client);
  }
  loop_->buffers().give(slice.frame);
}

Reactor::Taken Reactor::read_multi(Client& client, const Request& request) {
  const Result<std::size_t, proto::DecodeError> count = proto::multi_read_op_count(request.body);
  if (!count) {
    // Broken in the way that ZooKeeper breaks it: an error that has a body (docs/protocol.md, 8.4).
    ByteBuffer& out = client.connection.output();
    const proto::FrameStart start =
        proto::begin_reply(out, {request.xid, snapshot_, ErrorCode::marshalling_error});
    if (count.error() == proto::DecodeError::bad_op) {
      proto::Writer end(out);
      proto::write_multi_end(end);
    }
    proto::end_frame(out, start);
    count_reply(client, request.op, snapshot_, out.size() - start.offset, client.arrived_ns);
    return Taken::yes;
  }
  const core::ReadView view = view_for(client);
  // One frame may ask for the same megabyte ten thousand times.
  const auto bytes_max = static_cast<std::size_t>(server_.config.output_bytes_max);
  ByteBuffer& out = client.connection.output();
  const proto::FrameStart start = proto::begin_reply(out, {request.xid, snapshot_, ErrorCode::ok});
  proto::Reader in(request.body, &arena_);
  proto::Writer results(out);
  for (proto::MultiReader walk(in); const auto header = walk.next();) {
    proto::read_multi_read_op(in, header->op, multi_op_);
    const auto& asked = std::get<proto::PathWatchRequest>(multi_op_);
    const std::size_t begin = out.size();
    proto::write_multi_result(results, header->op);
    ErrorCode err = ErrorCode::marshalling_error;
    if (asked.path)
      err = header->op == OpCode::get_data ? core::read_get_data(view, *asked.path, out)
                                           : core::read_children(view, *asked.path, false, out);
    if (err != ErrorCode::ok) {
      out.truncate(begin);
      proto::write_multi_error(results, err);
    }
    if (out.size() - start.offset > bytes_max) {
      proto::drop_frame(out, start);
      return refuse_large_reply(client);
    }
  }
  proto::write_multi_end(results);
  proto::end_frame(out, start);
  count_reply(client, request.op, snapshot_, out.size() - start.offset, client.arrived_ns);
  return Taken::yes;
}

/// What was answered before still leaves.
Reactor::Taken Reactor::refuse_large_reply(Client& client) {
  stats_.slow_readers_closed.add();
  if (auto more = slow_readers_.admit(now_ns_))
    log::warn("session {} of {}: closed, because it asked for too large an answer{}",
              client.session, client.connection.peer().address(), log::AndMore{*more});
  close_after_answers(client);
  return Taken::closed;
}

}  // namespace paddock::reactor
