#pragma once

#include <chrono>
#include <cstdlib>

namespace paddock {

/// Ends the work of one torture case: a share of PADDOCK_TORTURE_SECONDS (4 if unset), which is for
/// the whole program.
class Deadline {
 public:
  explicit Deadline(double share) {
    const char* text = std::getenv("PADDOCK_TORTURE_SECONDS");
    const double seconds = text == nullptr ? 4 : std::atof(text);
    end_ = std::chrono::steady_clock::now() +
           std::chrono::duration_cast<std::chrono::steady_clock::duration>(
               std::chrono::duration<double>(seconds * share));
  }
  bool is_over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace paddock
