#include "recipes/client/errors.h"

#include "core/proto/names.h"

namespace paddock::client {
namespace {

struct OwnName {
  Error error;
  std::string_view name;
};
constexpr OwnName own_names[] = {
    {Error::deadline_exceeded, "DeadlineExceeded"}, {Error::cancelled, "Cancelled"},
    {Error::not_connected, "NotConnected"},         {Error::too_many_requests, "TooManyRequests"},
    {Error::client_closed, "ClientClosed"},         {Error::would_deadlock, "WouldDeadlock"},
    {Error::protocol_error, "ProtocolError"},       {Error::io_error, "IoError"},
};
constexpr std::string_view nameless = "Error";

}  // namespace

std::string_view error_name(Error error) {
  for (const OwnName& own : own_names) {
    if (own.error == error) return own.name;
  }
  const auto code = static_cast<proto::ErrorCode>(static_cast<std::int32_t>(error));
  const std::string_view name = proto::error_name(code);
  return name == "unknown" ? nameless : name;
}

std::string error_text(Error error) {
  const std::string_view name = error_name(error);
  if (name != nameless) return std::string(name);
  return std::string(name) + " " + std::to_string(static_cast<std::int32_t>(error));
}

}  // namespace paddock::client
