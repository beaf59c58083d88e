#include "recipes/client/options.h"

#include <charconv>

#include "core/proto/paths.h"

namespace paddock::client {
namespace {

constexpr std::uint16_t port_default = 2181;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

/// "host", "host:port", "[v6]", "[v6]:port"; an IPv6 address without brackets has no port.
std::optional<HostPort> parse_host(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    host = text.substr(1, close - 1);
    const std::string_view rest = text.substr(close + 1);
    has_port = !rest.empty();
    if (has_port && rest.front() != ':') return std::nullopt;
    if (has_port) port = rest.substr(1);
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && colon == text.rfind(':')) {
    has_port = true;
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (host.empty() || host.find('\0') != std::string_view::npos) return std::nullopt;
  if (!has_port) return HostPort{std::string(host), port_default};
  const std::optional<std::uint16_t> number = parse_port(port);
  if (!number) return std::nullopt;
  return HostPort{std::string(host), *number};
}

}  // namespace

Expected<ConnectString> parse_connect_string(std::string_view text) {
  ConnectString parsed;
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view chroot = trimmed(text.substr(slash));
    if (!proto::is_valid_path(chroot)) return tl::unexpected(Error::bad_arguments);
    if (chroot != "/") parsed.chroot = chroot;
    text = text.substr(0, slash);
  }
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::optional<HostPort> host = parse_host(trimmed(text.substr(from, comma - from)));
    if (!host) return tl::unexpected(Error::bad_arguments);
    parsed.hosts.push_back(*host);
    from = comma + 1;
  }
  return parsed;
}

}  // namespace paddock::client
