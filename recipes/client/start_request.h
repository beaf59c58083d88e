#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "recipes/client/chroot.h"
#include "recipes/client/decode.h"
#include "recipes/client/encode.h"
#include "recipes/client/session_io.h"

/// How an operation becomes a request, and its reply a result. A `read` is a function of ReplyBody
/// that gives the operation's result.
namespace paddock::client {

/// The result of an operation that was not even started, told from the I/O thread like any other.
template <class T>
Pending<T> refused(SessionIo& io, Completion<T> done, Error error) {
  const Promise<T> promise(std::move(done));
  io.core().post([promise, error] { promise.set(tl::unexpected(error)); });
  return promise.pending();
}

/// A cancelled request becomes so on the I/O thread; the engine sees that nobody wants it any more.
template <class T>
void cancel_through(SessionIo& io, const Promise<T>& promise) {
  promise.on_cancel([io = io.weak_from_this()](const Promise<T>& cancelled) {
    if (const std::shared_ptr<SessionIo> alive = io.lock())
      alive->core().post([cancelled] { cancelled.set(tl::unexpected(Error::cancelled)); });
  });
}

template <class T, class Read>
Request make_request(SessionIo& io, proto::OpCode op, ByteBuffer frame, const Promise<T>& promise,
                     Read read) {
  Request request{.op = op,
                  .frame = std::move(frame),
                  .done = {},
                  .watch = std::nullopt,
                  .pending = promise.state()};
  request.done = [promise, read, &io](const Reply& reply) {
    if (reply.error != Error::ok) {
      promise.set(tl::unexpected(reply.error));
      return true;
    }
    proto::TextArena arena;
    // The frame was bounded already, so its strings need no limit of their own.
    proto::Reader in(reply.body, &arena, {.field_bytes_max = 0x7fffffff});
    const ReplyBody body{in, io.chroot()};
    if constexpr (std::is_void_v<T>) {
      read(body);
      promise.set(in.ok() ? Expected<T>() : tl::unexpected(Error::protocol_error));
    } else {
      T value = read(body);
      promise.set(in.ok() ? Expected<T>(std::move(value)) : tl::unexpected(Error::protocol_error));
    }
    return in.ok();
  };
  return request;
}

/// Starts it. No frame = arguments that no server would take.
template <class T, class Read>
Pending<T> start_request(SessionIo& io, proto::OpCode op, std::optional<ByteBuffer> frame,
                         Completion<T> done, Read read,
                         std::optional<WatchOrder> watch = std::nullopt) {
  if (!frame) return refused(io, std::move(done), Error::bad_arguments);
  const Promise<T> promise(std::move(done));
  cancel_through(io, promise);
  Request request = make_request(io, op, std::move(*frame), promise, read);
  request.watch = std::move(watch);
  io.submit(std::move(request));
  return promise.pending();
}

inline std::optional<WatchOrder> order_of(WatchOrder::Read read, std::string_view server,
                                          Watcher watcher) {
  if (!watcher) return std::nullopt;
  return WatchOrder{read, std::string(server), std::move(watcher)};
}

/// getData, getChildren and the like.
template <class T, class Read>
Pending<T> start_read(SessionIo& io, proto::OpCode op, WatchOrder::Read kind, std::string_view path,
                      Watcher watcher, Completion<T> done, Read read) {
  const std::optional<std::string> server = server_path(path, io.chroot());
  if (!server) return refused(io, std::move(done), Error::bad_arguments);
  std::optional<ByteBuffer> frame =
      encode_frame(op, proto::PathWatchRequest{.path = *server, .watch = watcher != nullptr});
  return start_request(io, op, std::move(frame), std::move(done), read,
                       order_of(kind, *server, std::move(watcher)));
}

/// A request whose record make(server path) gives.
template <class T, class Make, class Read>
Pending<T> start_path(SessionIo& io, proto::OpCode op, std::string_view path, Completion<T> done,
                      Make make, Read read, std::size_t payload_bytes = 0) {
  const std::optional<std::string> server = server_path(path, io.chroot());
  if (!server) return refused(io, std::move(done), Error::bad_arguments);
  return start_request(io, op, encode_frame(op, make(*server), payload_bytes), std::move(done),
                       read);
}

/// The record of requests that hold a path and nothing else.
inline constexpr auto just_path = [](const std::string& server) {
  return proto::PathRequest{.path = server};
};
/// Of replies that hold nothing that matters.
inline constexpr auto read_nothing = [](ReplyBody) {};

// What recipes of the library itself (protected_create.cc) use as well.
Pending<Created> start_create(SessionIo& io, std::string_view path, std::string_view data,
                              const CreateOptions& options, Completion<Created> done);
Pending<void> start_remove(SessionIo& io, std::string_view path, std::int32_t version,
                           Completion<void> done);
Pending<std::optional<Stat>> start_exists(SessionIo& io, std::string_view path, Watcher watcher,
                                          Completion<std::optional<Stat>> done);

}  // namespace paddock::client
