#pragma once

#include <memory>
#include <string_view>

#include "recipes/client/deadline.h"
#include "recipes/client/pending.h"
#include "recipes/client/types.h"

/// What survives a lost reply; the contracts are those of Client's operations of the same names.
/// Both go on by themselves on the I/O thread for as long as the session lives.
namespace paddock::client {

class SessionIo;

/// What stands in front of a protected node's name, with a dash behind it: Curator's.
std::string_view protection_prefix();
/// "_c_<uuid>-" of a node's name that is protected; "" of another. Borrows `name`.
std::string_view protection_of(std::string_view name);

Pending<Created> create_protected(const std::shared_ptr<SessionIo>& io, std::string_view path,
                                  std::string_view data, CreateOptions options, Deadline deadline,
                                  Completion<Created> done);
Pending<void> remove_guaranteed(const std::shared_ptr<SessionIo>& io, std::string_view path,
                                Completion<void> done);

}  // namespace paddock::client
