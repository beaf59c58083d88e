#pragma once

#include <string>
#include <string_view>

#include "recipes/client/client.h"

/// What several recipes need around a node's path.
namespace paddock::recipes {

/// "/a" and "b" -> "/a/b"; "/" and "b" -> "/b".
std::string join_path(std::string_view parent, std::string_view name);
/// "/a/b" -> "/a"; "/a" -> "/".
std::string_view parent_of(std::string_view path);
/// "/a/b" -> "b".
std::string_view node_name(std::string_view path);
/// Whether `path` is below `top`; not `top` itself.
bool is_below(std::string_view path, std::string_view top);
/// Whether `name` can be one node's name: not empty, no slash, not "." or "..".
bool is_node_name(std::string_view name);

/// 32 hexadecimal digits, random.
std::string unique_name();

/// Creates `path` and what lacks above it, persistent, with an ACL open to all, in one round trip:
/// the creates of all levels leave together. ok also if it was there. Connection errors are
/// reported, not tried again. "/" is always there.
client::Pending<void> create_path(client::Client& client, std::string_view path,
                                  client::Completion<void> done = {});
/// The same, waited for and tried again over lost connections; one exists if it is there already,
/// so that it needs no CREATE permission then.
client::Expected<void> ensure_path(client::Client& client, std::string_view path,
                                   client::Deadline deadline,
                                   const client::CancelToken& cancel = {});

/// A result that is there without asking a server; `done` is called on the I/O thread all the same.
client::Pending<void> settled(const client::Client& client, const client::Expected<void>& result,
                              client::Completion<void> done);

/// Deletes the ephemeral node `path` if it is this session's and, with a `tag`, its data is `tag`.
/// Goes on over lost connections for as long as the session lives; what the caller started before
/// counts, even if its reply is still open. A node of someone else, or none, is a success. For the
/// release of nodes with names that others use too, which remove_guaranteed would take from them.
client::Pending<void> release_owned(client::Client& client, std::string_view path,
                                    std::string_view tag = {}, client::Completion<void> done = {});

}  // namespace paddock::recipes
