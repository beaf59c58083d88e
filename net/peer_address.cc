#include "net/peer_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

namespace paddock::net {

PeerAddress PeerAddress::of(int socket) {
  PeerAddress peer;
  sockaddr_storage storage{};
  socklen_t bytes = sizeof storage;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&storage), &bytes) != 0) return peer;
  if (storage.ss_family == AF_INET6) {
    const auto& in6 = reinterpret_cast<const sockaddr_in6&>(storage);
    std::memcpy(peer.bytes_, &in6.sin6_addr, sizeof peer.bytes_);
    peer.port_ = ntohs(in6.sin6_port);
  } else if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    peer.bytes_[10] = peer.bytes_[11] = std::byte{0xff};
    std::memcpy(peer.bytes_ + 12, &in.sin_addr, 4);
    peer.port_ = ntohs(in.sin_port);
  }
  return peer;
}

std::string PeerAddress::address() const {
  in6_addr address;
  std::memcpy(&address, bytes_, sizeof address);
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&address))
    inet_ntop(AF_INET, bytes_ + 12, text, sizeof text);
  else
    inet_ntop(AF_INET6, &address, text, sizeof text);
  return text;
}

std::string PeerAddress::address_and_port() const {
  const std::string text = address();
  const bool is_ipv6 = text.find(':') != text.npos;
  return (is_ipv6 ? "[" + text + "]" : text) + ":" + std::to_string(port_);
}

}  // namespace paddock::net
