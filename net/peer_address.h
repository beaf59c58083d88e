#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/bytes.h"

namespace paddock::net {

/// The other end of a connected socket. Threads: immutable.
class PeerAddress {
 public:
  /// All zeros for a socket that is not connected any more.
  static PeerAddress of(int socket);

  /// "127.0.0.1" or "::1", an IPv4-mapped address as IPv4. Made on each call: a log line, a list.
  std::string address() const;
  /// "127.0.0.1:52956" or "[::1]:52956".
  std::string address_and_port() const;
  std::uint16_t port() const { return port_; }
  /// 16 bytes, an IPv4 address mapped: a key for counting connections per address.
  Bytes bytes() const { return {bytes_, sizeof bytes_}; }

 private:
  std::byte bytes_[16] = {};
  std::uint16_t port_ = 0;
};

}  // namespace paddock::net
