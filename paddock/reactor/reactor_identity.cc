// Who a connection is: auth, sasl, whoAmI; and reconfig, which nobody here may do.

#include <memory>

#include "paddock/log.h"
#include "paddock/reactor/auth.h"
#include "paddock/reactor/reactor.h"

namespace paddock::reactor {

/// The identity holds for the requests behind it; those before have been answered (R11), so no
/// request is judged by another set than the one it was sent under.
Reactor::Taken Reactor::auth(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::AuthRequest asked;
  in.read(asked);
  if (!in.ok()) {
    close_after_answers(client);
    return Taken::closed;
  }
  std::optional<core::IdentitySet> after =
      authenticate(server_.config, *client.identities, asked.scheme, asked.auth,
                   client.connection.peer().address());
  const ErrorCode err = after ? ErrorCode::ok : ErrorCode::auth_failed;
  proto::append_bare_reply(client.connection.output(), {request.xid, Zxid{0}, err});
  count_reply(client, request.op, Zxid{0}, proto::frame_header_bytes + proto::reply_header_bytes,
              client.arrived_ns);
  if (after) {
    client.identities = std::make_shared<const core::IdentitySet>(*std::move(after));
    return Taken::yes;
  }
  stats_.auth_failed.add();
  if (auto more = refused_.admit(now_ns_))
    log::info("session {} of {}: its authentication is refused{}", client.session,
              client.connection.peer().address(), log::AndMore{*more});
  close_after_answers(client);
  return Taken::closed;
}

/// No SASL is configured: ZooKeeper then answers with a null token, and drops who sends none.
Reactor::Taken Reactor::sasl(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::SaslRequest asked;
  in.read(asked);
  if (!in.ok() || !asked.token) {
    close_after_answers(client);
    return Taken::closed;
  }
  ByteBuffer& out = client.connection.output();
  const proto::FrameStart start = proto::begin_reply(out, {request.xid, Zxid{0}, ErrorCode::ok});
  proto::Writer(out).write(proto::SaslReply{});
  proto::end_frame(out, start);
  count_reply(client, request.op, Zxid{0}, out.size() - start.offset, client.arrived_ns);
  return Taken::yes;
}

Reactor::Taken Reactor::who_am_i(Client& client, const Request& request) {
  reply_with(client, request, [&](ByteBuffer& out) {
    proto::Writer body(out);
    body.count(client.identities->size());
    for (const core::Identity& identity : *client.identities) {
      body.ustring(identity.scheme);
      body.ustring(shown_user(identity));
    }
    return ErrorCode::ok;
  });
  return Taken::yes;
}

Reactor::Taken Reactor::reconfig(Client& client, const Request& request) {
  proto::Reader in(request.body, &arena_);
  proto::ReconfigRequest asked;
  in.read(asked);
  ErrorCode err = ErrorCode::marshalling_error;
  if (in.ok())
    err = server_.config.reconfig_enabled ? ErrorCode::unimplemented : ErrorCode::reconfig_disabled;
  reply(client, request, err);
  return Taken::yes;
}

}  // namespace paddock::reactor
