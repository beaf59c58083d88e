#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace paddock::load {

/// Everything that a server did other than it had to: how often, and the first few in words.
/// Threads: loop-local.
class Faults {
 public:
  static constexpr std::size_t kept_max = 10;

  void add(std::string text) {
    ++count_;
    if (kept_.size() < kept_max) kept_.push_back(std::move(text));
  }
  std::uint64_t count() const { return count_; }
  const std::vector<std::string>& kept() const { return kept_; }

 private:
  std::uint64_t count_ = 0;
  std::vector<std::string> kept_;
};

}  // namespace paddock::load
