#pragma once

#include <memory>
#include <string>
#include <vector>

namespace paddock::core {

/// One proven identity of a connection, such as ("ip", "127.0.0.1") or ("digest", "bob:hash").
struct Identity {
  std::string scheme;
  std::string id;
  bool operator==(const Identity&) const = default;
};

/// All identities of a connection as of one place in its request stream. A new auth packet makes a
/// new set; requests hold the one they were decoded under.
/// Threads: immutable.
using IdentitySet = std::vector<Identity>;
using IdentitySetRef = std::shared_ptr<const IdentitySet>;

}  // namespace paddock::core
