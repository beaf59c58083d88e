#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

/// Why an operation gave no result. Errors are values: nothing in this library throws.
namespace paddock::client {

/// ZooKeeper's codes with ZooKeeper's numbers (0 and below), and behind them what only a client can
/// know (above 0). A code that a newer server invents keeps its number and has no name here, so a
/// switch needs a default.
enum class Error : std::int32_t {
  ok = 0,                      ///< only inside OpResult; an Expected never holds it
  runtime_inconsistency = -2,  ///< in a multi: not looked at, since an earlier operation failed
  connection_loss = -4,        ///< sent, and the reply was lost: it may have happened or not
  marshalling_error = -5,
  unimplemented = -6,
  deadline_exceeded = -7,  ///< the caller's deadline came first: it may have happened or not
  bad_arguments = -8,
  new_config_no_quorum = -13,
  reconfig_in_progress = -14,
  no_node = -101,
  no_auth = -102,
  bad_version = -103,
  no_children_for_ephemerals = -108,
  node_exists = -110,
  not_empty = -111,
  session_expired = -112,  ///< the session is over, and its ephemeral nodes are gone or will be
  invalid_acl = -114,
  auth_failed = -115,
  session_moved = -118,
  not_read_only = -119,
  ephemeral_on_local_session = -120,
  no_watcher = -121,
  reconfig_disabled = -123,
  session_closed_require_sasl_auth = -124,
  quota_exceeded = -125,
  throttled_op = -127,

  cancelled = 1,          ///< by the caller: it may have happened or not
  not_connected = 2,      ///< never sent: it has certainly not happened
  too_many_requests = 3,  ///< never sent: ClientOptions::queued_requests_max are waiting already
  client_closed = 4,      ///< the client was closed: it may have happened or not
  would_deadlock = 5,     ///< a blocking wait in a callback, which would wait for itself
  protocol_error = 6,     ///< the server's reply makes no sense; its connection is dropped
  io_error = 7,           ///< the system refused a thread, a descriptor or the like
};

template <class T>
using Expected = tl::expected<T, Error>;

/// ZooKeeper's name ("NoNode"), or one in its style; "Error" for a number without one.
std::string_view error_name(Error error);
/// For people: the name and, for a number without one, the number.
std::string error_text(Error error);

/// The connection was at fault and not the operation: worth trying again on the next one, once the
/// caller has found out whether it has happened already (connection_loss) or need not
/// (not_connected).
constexpr bool is_connection_error(Error error) {
  return error == Error::connection_loss || error == Error::not_connected;
}
/// It cannot have had an effect at the server, nor will it: ZooKeeper's refusals, and what was
/// never sent.
constexpr bool had_no_effect(Error error) {
  return error != Error::ok && error != Error::connection_loss &&
         error != Error::deadline_exceeded && error != Error::cancelled &&
         error != Error::client_closed && error != Error::protocol_error &&
         error != Error::session_expired && error != Error::session_moved;
}
/// Neither this nor any later operation can succeed on that session: the client is of no more use,
/// unless it has gone on with a new one (session_expired with ClientOptions::renew_expired).
constexpr bool is_session_end(Error error) {
  return error == Error::session_expired || error == Error::auth_failed ||
         error == Error::client_closed;
}

}  // namespace paddock::client
