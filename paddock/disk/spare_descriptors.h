#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>

namespace paddock {

/// Descriptors that are kept back for files, so that clients who have taken all the others do not
/// keep the log from its next segment. They stand for nothing: release() closes one, and the open
/// that failed for want of it is tried again at once, on the same thread, as a plain system call.
/// On a loop that accepts connections nothing can come in between; elsewhere somebody else may be
/// faster, and the call fails as it did before.
///
/// Threads: loop-local.
class SpareDescriptors {
 public:
  SpareDescriptors() { refill(); }
  ~SpareDescriptors() {
    while (release()) {
    }
  }
  SpareDescriptors(const SpareDescriptors&) = delete;
  SpareDescriptors& operator=(const SpareDescriptors&) = delete;

  /// False if none is left.
  bool release() {
    for (int& descriptor : descriptors_) {
      if (descriptor < 0) continue;
      ::close(descriptor);
      descriptor = -1;
      return true;
    }
    return false;
  }

  /// After a close: takes back what release() gave away, as far as descriptors are free.
  void refill() {
    for (int& descriptor : descriptors_)
      if (descriptor < 0) descriptor = ::eventfd(0, EFD_CLOEXEC);  // -1: none is free
  }

 private:
  /// For a segment made ahead and the directories that are synced meanwhile.
  std::array<int, 4> descriptors_{-1, -1, -1, -1};
};

}  // namespace paddock
