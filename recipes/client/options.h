#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/client/deadline.h"
#include "recipes/client/errors.h"
#include "recipes/client/session.h"

namespace paddock::client {

class IoLoop;

/// One server of a connection string. Names are resolved anew for each attempt to connect.
struct HostPort {
  std::string host;  ///< a name, an IPv4 or an IPv6 address without brackets
  std::uint16_t port = 2181;
  bool operator==(const HostPort&) const = default;
};

/// "host1:port1,host2,[::1]:2182/ch/root", as ZooKeeper writes it.
struct ConnectString {
  std::vector<HostPort> hosts;  ///< at least one
  std::string chroot;           ///< "" or an absolute path without a slash at its end
};
/// bad_arguments for no host, an empty host, a port outside 1..65535 or a chroot that is no path.
Expected<ConnectString> parse_connect_string(std::string_view text);

struct AuthData {
  std::string scheme;
  std::string auth;  ///< "user:password" for digest
  bool operator==(const AuthData&) const = default;
};

/// All members of options have initializers, {} too: so -Wextra lets callers name some only.
struct ClientOptions {
  /// Servers and chroot. Paths given to the client and got from it are relative to the chroot,
  /// which nobody creates.
  std::string servers;
  /// Asked for; the server clamps it. At least 1 ms.
  Milliseconds session_timeout{10'000};
  /// Identities of every connection, in this order; add_auth adds to them.
  std::vector<AuthData> auth{};
  /// An existing session instead of a new one.
  std::optional<SessionCredentials> resume{};
  /// After `expired`, open a new session rather than end. Watches and ephemeral nodes are gone, and
  /// what was started before fails with session_expired, sent or not: nothing that was meant for
  /// one session, a write under a lock say, is done in another. Later requests go to the new one.
  bool renew_expired = false;

  /// null = a thread of this client's own.
  std::shared_ptr<IoLoop> io_loop{};

  /// Where in the host list a client starts is random, so that they spread.
  bool shuffle_hosts = true;
  /// How long an attempt to connect to one server, handshake included, may take; 0 = a third of
  /// session_timeout. When that was not enough for as many attempts as there are servers it
  /// doubles, up to session_timeout, until a server has answered: slow ones are reached, too.
  Milliseconds connect_timeout{0};
  /// Waits between attempts: jittered, from the first to the second by doubling, once each server
  /// has been tried. A connection that was lost is replaced at once.
  Milliseconds backoff_min{50};
  Milliseconds backoff_max{2'000};
  /// How long a request may wait for a connection before it fails with not_connected; 0 =
  /// session_timeout. One that was sent fails with its connection, within two thirds of the session
  /// timeout.
  Milliseconds queue_timeout{0};
  /// How long close() and the destructor wait for the server to confirm.
  Milliseconds close_timeout{1'000};

  /// Requests on the wire without their reply; further ones wait in the client.
  std::size_t in_flight_max = 1'000;
  /// Requests that wait in the client; further ones fail with too_many_requests.
  std::size_t queued_requests_max = 100'000;
  /// A longer reply drops the connection.
  std::size_t reply_bytes_max = 64u << 20;
};

}  // namespace paddock::client
