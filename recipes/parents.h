#pragma once

#include <string_view>
#include <vector>

#include "recipes/client/client.h"

namespace paddock::recipes {

/// Creates `path` and what lacks above it as containers, which the server deletes some time after
/// their last child has gone. What exists already is left as it is. One round trip whatever the
/// depth, tried again over reconnects until `deadline`. Recipes call it after a create has failed
/// with no_node, never ahead of one.
///
/// True if `path` itself was made now: whoever then makes no child in it deletes it, since the
/// server keeps a container that never had one. Errors: of the uppermost level that could not be
/// made (no_auth, ...); no_node if the chroot is missing.
client::Pending<bool> create_parents(client::Client& client, std::string_view path,
                                     const std::vector<client::Acl>& acl, client::Deadline deadline,
                                     client::Completion<bool> done = {});

}  // namespace paddock::recipes
