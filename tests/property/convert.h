#pragma once

#include <string>

#include "core/acl.h"
#include "core/state.h"
#include "core/trie.h"
#include "tests/property/model.h"

namespace paddock::property {

// The core's values as the model's, and the other way round.

GrantList grants_of(const core::Acl& acl);
/// A version of the core as a node of the model, but for the children's names.
Node node_of(const core::Version& version);
/// Loads `state`, which is empty, as if from a snapshot. The error, or nothing.
std::string load(core::State& state, const Tree& tree);

}  // namespace paddock::property
