#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The names of the nodes that contend below one parent, in the spelling of this library and of the
/// others that use the same path. A name is `<anything><marker><number>`; the number is what the
/// server appends to a sequential node, and it alone decides who came first.
///
/// Threads: immutable.
namespace paddock::recipes {

enum class Claim { exclusive, shared };

/// One spelling. What stands before the number ends with `marker` and starts with `start`; a
/// marker that is also the start has to be all of it.
struct Spelling {
  std::string_view marker;
  Claim claim = Claim::exclusive;
  std::string_view start = "";
};

struct Contender {
  std::string_view name;  ///< as passed in, not owned
  std::uint32_t number = 0;
  Claim claim = Claim::exclusive;
};

/// nullopt = a node of somebody else's. The number is a "%010d": ten digits, and once the parent's
/// 32-bit counter has wrapped a minus and ten or, later, nine of them.
std::optional<Contender> parse_contender(std::string_view name, std::span<const Spelling> known);

/// Whether `a` came before `b`. Numbers are compared on their circle, so the order is right across
/// the wrap as long as all that wait together came within 2^31 creations.
bool is_ahead(const Contender& a, const Contender& b);

/// Whom `own` waits for: the last one ahead of it with whom it cannot share. Empty = nobody.
/// REQUIRES: own parses.
std::string_view find_blocker(const std::vector<std::string>& names, std::string_view own,
                              std::span<const Spelling> known);

/// Whoever is ahead of everyone. Empty = nobody is there.
std::string_view find_first(const std::vector<std::string>& names, std::span<const Spelling> known);

/// `_c_<uuid>-`, Curator's mark by which the maker of a node knows it again.
std::string new_protection();

}  // namespace paddock::recipes
