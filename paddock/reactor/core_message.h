#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <memory>

#include "core/base/bytes.h"
#include "core/identity.h"
#include "paddock/ordering/core_request.h"

namespace paddock::reactor {

/// A CoreRequest on its way from another reactor to the ordering core's, with the memory that the
/// request only borrows. Bodies up to inline_bytes travel without an allocation.
/// Threads: handed over through a mailbox.
class CoreMessage {
 public:
  static constexpr std::size_t inline_bytes = 256;

  CoreMessage() = default;
  explicit CoreMessage(const ordering::CoreRequest& request) : request_(request) {
    if (request.identities != nullptr) identities_ = *request.identities;
    const std::size_t bytes = request.body.size() + request.password.size();
    if (bytes > inline_bytes) large_.reset(new std::byte[bytes]);
    std::byte* at = memory();
    if (!request.body.empty()) std::memcpy(at, request.body.data(), request.body.size());
    if (!request.password.empty())
      std::memcpy(at + request.body.size(), request.password.data(), request.password.size());
  }
  CoreMessage(CoreMessage&&) = default;
  CoreMessage& operator=(CoreMessage&&) = default;

  /// Valid until this message is moved from or destroyed.
  ordering::CoreRequest request() {
    ordering::CoreRequest request = request_;
    request.identities = &identities_;
    request.body = {memory(), request_.body.size()};
    request.password = {memory() + request_.body.size(), request_.password.size()};
    return request;
  }

 private:
  std::byte* memory() { return large_ ? large_.get() : small_.data(); }

  ordering::CoreRequest request_;
  core::IdentitySetRef identities_;
  std::unique_ptr<std::byte[]> large_;
  std::array<std::byte, inline_bytes> small_;
};

}  // namespace paddock::reactor
