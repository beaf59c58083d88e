#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/types.h"
#include "recipes/client/deadline.h"

namespace paddock::client {

/// The life of a session as its client knows it:
///
///   connecting -> connected <-> suspended -> lost -> connected (the server kept it after all)
///        |            |             |          |
///        +------------+-------------+----------+--> expired | auth_failed | closed     (the end)
///
/// With ClientOptions::renew_expired, expired is followed by connecting with a new session.
enum class SessionState {
  /// No session yet. Requests wait.
  connecting,
  connected,
  /// The connection is gone and the session lives on until SessionEvent::valid_until at least, so
  /// its ephemeral nodes do too. Reconnecting; requests wait.
  suspended,
  /// valid_until has passed without a connection: the server may have ended the session and someone
  /// else may hold what this session held. Whoever holds something stops here. Reconnecting.
  lost,
  /// The server has ended the session; its ephemeral nodes and watches are gone.
  expired,
  /// The server refused an identity; the session runs out on its own.
  auth_failed,
  closed,
};
std::string_view session_state_name(SessionState state);
/// Nothing follows it, unless an expired session is renewed.
constexpr bool is_end(SessionState state) {
  return state == SessionState::expired || state == SessionState::auth_failed ||
         state == SessionState::closed;
}

struct SessionEvent {
  SessionState state = SessionState::connecting;
  SessionId session{};  ///< 0 before the first connection; of the old session in `expired`
  /// When this was said the session could not end at the server before this moment: the negotiated
  /// timeout behind the sending of the last request that the server answered. The past when there
  /// is none, and from Client::close() on. While connected it moves on with every reply.
  TimePoint valid_until{};

  Clock::duration time_left(TimePoint now = Clock::now()) const {
    return Deadline(valid_until).left(now);
  }
};

/// With what another client can take a session over (Client::detach, ClientOptions::resume). The
/// password is a secret: who has it has the session.
struct SessionCredentials {
  SessionId session{};
  std::string password{};
  Milliseconds timeout{0};
  Zxid last_zxid{};  ///< a server that has not seen it yet is not resumed on
};

}  // namespace paddock::client
