#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.h"
#include "core/identity.h"
#include "core/proto/codec.h"
#include "paddock/config/config.h"

namespace paddock::reactor {

/// What an auth packet makes of a connection's identities (docs/protocol.md, section 10.3): the new
/// set, or nullopt when the packet is refused (unknown scheme, null data for digest). There is no
/// password database: any digest is taken, the ACLs are the check. Threads: any.
std::optional<core::IdentitySet> authenticate(const Config& config, const core::IdentitySet& before,
                                              const proto::Ustring& scheme,
                                              const proto::Buffer& data,
                                              std::string_view peer_address);

/// "user:base64(hash(data))", where the user is what stands before the first colon of `data`.
std::string digest_id(const std::string& algorithm, std::string_view data);

/// The name that whoAmI shows of an identity: of a digest the user only.
std::string_view shown_user(const core::Identity& identity);

}  // namespace paddock::reactor
