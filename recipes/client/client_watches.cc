#include "core/proto/paths.h"
#include "recipes/client/client.h"
#include "recipes/client/start_request.h"

/// The operations on watches and on the ensemble.
namespace paddock::client {

using proto::OpCode;

namespace {

/// checkWatches and removeWatches.
ByteBuffer encode_watches_frame(OpCode op, const std::string& server, WatcherType type) {
  return *encode_frame(
      op, proto::WatchesRequest{.path = server, .type = static_cast<proto::WatcherType>(type)});
}

}  // namespace

Pending<void> Client::add_watch(std::string_view path, AddWatchMode mode, Watcher watcher,
                                Completion<void> done) {
  const std::optional<std::string> server = server_path(path, io_->chroot());
  if (!server || !watcher) return refused(*io_, std::move(done), Error::bad_arguments);
  const bool is_recursive = mode == AddWatchMode::persistent_recursive;
  const proto::AddWatchRequest record{.path = *server,
                                      .mode = is_recursive
                                                  ? proto::AddWatchMode::persistent_recursive
                                                  : proto::AddWatchMode::persistent};
  return start_request(
      *io_, OpCode::add_watch, encode_frame(OpCode::add_watch, record), std::move(done),
      read_nothing,
      order_of(is_recursive ? WatchOrder::Read::recursive : WatchOrder::Read::permanent, *server,
               std::move(watcher)));
}

Pending<void> Client::remove_watches(std::string_view path, WatcherType type, Watcher watcher,
                                     Completion<void> done) {
  const std::optional<std::string> server = server_path(path, io_->chroot());
  if (!server) return refused(*io_, std::move(done), Error::bad_arguments);
  const Promise<void> promise(std::move(done));
  cancel_through(*io_, promise);
  Request request = make_request(*io_, OpCode::remove_watches,
                                 encode_watches_frame(OpCode::remove_watches, *server, type),
                                 promise, read_nothing);
  io_->run([path = *server, type, watcher = std::move(watcher), sent = std::move(request)](
               Engine& engine, TimePoint now) mutable {
    engine.remove_watches(path, type, watcher, std::move(sent), now);
  });
  return promise.pending();
}

Pending<void> Client::check_watches(std::string_view path, WatcherType type,
                                    Completion<void> done) {
  const std::optional<std::string> server = server_path(path, io_->chroot());
  if (!server) return refused(*io_, std::move(done), Error::bad_arguments);
  return start_request(
      *io_, OpCode::check_watches,
      std::optional<ByteBuffer>(encode_watches_frame(OpCode::check_watches, *server, type)),
      std::move(done), read_nothing);
}

Pending<NodeData> Client::get_config(Watcher watcher, Completion<NodeData> done) {
  const proto::PathWatchRequest record{.path = proto::config_path, .watch = watcher != nullptr};
  return start_request(*io_, OpCode::get_data, encode_frame(OpCode::get_data, record),
                       std::move(done), read_node_data,
                       order_of(WatchOrder::Read::data, proto::config_path, std::move(watcher)));
}

Pending<NodeData> Client::reconfig(const Reconfig& change, Completion<NodeData> done) {
  const proto::ReconfigRequest record{.joining = change.joining,
                                      .leaving = change.leaving,
                                      .new_members = change.new_members,
                                      .config_id = change.from_config};
  return start_request(*io_, OpCode::reconfig, encode_frame(OpCode::reconfig, record),
                       std::move(done), read_node_data);
}

}  // namespace paddock::client
