#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/property/model.h"

namespace paddock::property {

/// Seeded randomness; the same numbers with every standard library.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t below(std::uint64_t end) { return engine_() % end; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class List>
  const auto& pick(const List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::mt19937_64 engine_;
};

/// Makes requests that are likely to meet each check of the server: it looks at the newest tree to
/// name nodes that are there, that are not, that have the wrong parent, version or owner.
class Generator {
 public:
  explicit Generator(Random& random) : random_(random) {}

  Request request(const Tree& newest);
  /// A path for a read: of a node, near one, or odd.
  std::string path(const Tree& tree);
  std::vector<Who> who();

 private:
  Operation operation(const Tree& tree, bool in_multi);
  Operation create(const Tree& tree);
  Operation on_node(const Tree& tree, std::int32_t opcode);
  Operation quota(const Tree& tree);
  Operation multi(const Tree& tree);
  Operation long_multi();
  std::string existing(const Tree& tree);
  std::string new_path(const Tree& tree);
  Text data();
  std::optional<std::vector<AskedAcl>> acl();
  std::int32_t version(const Tree& tree, const std::string& path, bool of_acl);
  std::int64_t session(const Tree& tree);

  Random& random_;
  std::int64_t now_ms_ = 1'700'000'000'000;
};

}  // namespace paddock::property
