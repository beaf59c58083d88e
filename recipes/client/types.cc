#include "recipes/client/types.h"

namespace paddock::client {

std::vector<Acl> open_acl() { return {{.perms = perms::all, .scheme = "world", .id = "anyone"}}; }
std::vector<Acl> read_acl() { return {{.perms = perms::read, .scheme = "world", .id = "anyone"}}; }
std::vector<Acl> creator_acl() { return {{.perms = perms::all, .scheme = "auth", .id = ""}}; }

std::optional<std::size_t> MultiResult::failed() const {
  // Those before the culprit show ok as well, those behind it runtime_inconsistency.
  std::optional<std::size_t> first;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].error == Error::ok) continue;
    if (results[i].error != Error::runtime_inconsistency) return i;
    if (!first) first = i;
  }
  return first;
}

Error MultiResult::error() const {
  const std::optional<std::size_t> culprit = failed();
  return culprit ? results[*culprit].error : Error::ok;
}

}  // namespace paddock::client
