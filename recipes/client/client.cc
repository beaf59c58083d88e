#include "recipes/client/client.h"

#include "recipes/client/protected_create.h"
#include "recipes/client/session_io.h"
#include "recipes/client/start_request.h"

namespace paddock::client {

Expected<std::unique_ptr<Client>> Client::open(ClientOptions options) {
  Expected<ConnectString> servers = parse_connect_string(options.servers);
  if (!servers) return tl::unexpected(servers.error());
  const bool is_sound = options.session_timeout >= Milliseconds(1) &&
                        options.backoff_min <= options.backoff_max &&
                        options.close_timeout >= Milliseconds(0);
  if (!is_sound) return tl::unexpected(Error::bad_arguments);
  std::shared_ptr<IoLoop> loop = options.io_loop;
  if (!loop) {
    Expected<std::shared_ptr<IoLoop>> own = IoLoop::start();
    if (!own) return tl::unexpected(own.error());
    loop = std::move(*own);
  }
  auto io = std::make_shared<SessionIo>(options, std::move(*servers), loop->core());
  io->start();
  return std::unique_ptr<Client>(new Client(std::move(loop), std::move(io)));
}

Client::Client(std::shared_ptr<IoLoop> loop, std::shared_ptr<SessionIo> io)
    : loop_(std::move(loop)), io_(std::move(io)) {}

Client::~Client() { io_->finish(); }

SessionEvent Client::session() const { return io_->event(); }
TimePoint Client::valid_until() const { return io_->valid_until(); }
Expected<void> Client::await_connected(Deadline deadline, const CancelToken& cancel) const {
  return io_->await_connected(deadline, cancel);
}
const std::shared_ptr<IoLoop>& Client::io_loop() const { return loop_; }
const std::string& Client::chroot() const { return io_->chroot(); }

StateSubscription Client::add_state_listener(StateListener listener) {
  std::shared_ptr<SessionIo::Listener> added = io_->add_listener(std::move(listener));
  return StateSubscription([io = std::weak_ptr<SessionIo>(io_), added] {
    if (const std::shared_ptr<SessionIo> alive = io.lock()) alive->remove_listener(added);
  });
}

Pending<void> Client::close(Completion<void> done) {
  const Promise<void> promise(std::move(done));
  io_->close([promise] { promise.set({}); });
  return promise.pending();
}

Pending<SessionCredentials> Client::detach(Completion<SessionCredentials> done) {
  const Promise<SessionCredentials> promise(std::move(done));
  io_->run([promise](Engine& engine, TimePoint now) {
    std::optional<SessionCredentials> credentials = engine.detach(now);
    promise.set(credentials ? Expected<SessionCredentials>(std::move(*credentials))
                            : tl::unexpected(Error::not_connected));
  });
  return promise.pending();
}

void Client::drop_connection() {
  io_->run([](Engine& engine, TimePoint now) { engine.drop_connection(now); });
}

Pending<void> Client::add_auth(std::string scheme, std::string auth, Completion<void> done) {
  const Promise<void> promise(std::move(done));
  cancel_through(*io_, promise);
  const auto told = [promise](Error error) {
    promise.set(error == Error::ok ? Expected<void>() : tl::unexpected(error));
  };
  io_->run(
      [data = AuthData{std::move(scheme), std::move(auth)}, told](
          Engine& engine, TimePoint now) mutable { engine.add_auth(std::move(data), told, now); });
  return promise.pending();
}

Pending<std::vector<Identity>> Client::who_am_i(Completion<std::vector<Identity>> done) {
  using proto::OpCode;
  return start_request(*io_, OpCode::who_am_i, encode_bare_frame(OpCode::who_am_i), std::move(done),
                       read_identities);
}

Pending<Created> Client::create_protected(std::string_view path, std::string_view data,
                                          CreateOptions options, Deadline deadline,
                                          Completion<Created> done) {
  return client::create_protected(io_, path, data, std::move(options), deadline, std::move(done));
}

Pending<void> Client::remove_guaranteed(std::string_view path, Completion<void> done) {
  return client::remove_guaranteed(io_, path, std::move(done));
}

}  // namespace paddock::client
