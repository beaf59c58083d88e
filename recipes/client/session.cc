#include "recipes/client/session.h"

namespace paddock::client {

std::string_view session_state_name(SessionState state) {
  switch (state) {
    case SessionState::connecting:
      return "connecting";
    case SessionState::connected:
      return "connected";
    case SessionState::suspended:
      return "suspended";
    case SessionState::lost:
      return "lost";
    case SessionState::expired:
      return "expired";
    case SessionState::auth_failed:
      return "auth_failed";
    case SessionState::closed:
      return "closed";
  }
  return "unknown";
}

}  // namespace paddock::client
