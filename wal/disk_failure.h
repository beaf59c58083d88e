#pragma once

#include <cstdint>
#include <string>

#include "wal/disk.h"
#include "wal/error_text.h"

namespace paddock::wal {

/// An operation of the disk that did not work, as a value: what could not be done, and its errno.
struct DiskFailure {
  int error = 0;        ///< errno, positive
  std::string message;  ///< for the operator; names the file
};

inline DiskFailure disk_failure(const char* what, const std::string& path, std::int64_t result) {
  return {static_cast<int>(-result), std::string(what) + " " + path + ": " + error_text(result)};
}

/// Starts one operation and runs the disk's completions until its own has run: for threads that may
/// block (start-up, tools, the snapshot thread). `start` gets the callback to hand on.
template <class Start>
std::int64_t wait_for(Disk& disk, Start start) {
  std::int64_t result = 0;
  bool is_done = false;
  start([&](std::int64_t r) {
    result = r;
    is_done = true;
  });
  while (!is_done) disk.wait();
  return result;
}

}  // namespace paddock::wal
