#pragma once

#include <vector>

#include "core/identity.h"
#include "core/proto/protocol.h"
#include "core/proto/request_records.h"
#include "core/txn.h"

namespace paddock::core {

/// Which of the schemes that can be switched off exist.
struct AclSchemes {
  bool digest = true;
};

/// Turns the ACL list of a create or setACL into the one to store: exact duplicates dropped (the
/// first stays), `auth` entries replaced by one entry per authenticated identity of the caller.
///
/// ok: `resolved` holds the list; its text is that of `asked` and of `identities`. invalid_acl:
/// null or empty list, unknown scheme, bad id, `auth` without an identity. marshalling_error: a
/// null id of scheme world, which ZooKeeper trips over.
proto::ErrorCode resolve_acl_list(const proto::Vector<proto::Acl>& asked,
                                  const IdentitySet& identities, std::vector<AclEntry>& resolved,
                                  const AclSchemes& schemes = {});

/// Whether `id` can be the id of a `digest` entry: user, one colon, a hash that is not empty.
bool is_valid_digest_id(std::string_view id);
/// An IPv4 or IPv6 address, with or without `/bits`.
bool is_valid_ip_id(std::string_view id);

}  // namespace paddock::core
