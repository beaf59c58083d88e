#pragma once

#include <chrono>
#include <cstdio>
#include <string>

#include "recipes/client/client.h"

// What the examples share: how they complain. Their exit status tells whether all went well.

inline int usage(const char* program) {
  std::fprintf(stderr, "usage: %s HOST:PORT[,HOST:PORT...][/CHROOT]\n", program);
  return 2;
}

inline int failed(const char* what, paddock::client::Error error) {
  std::fprintf(stderr, "%s: %s\n", what, paddock::client::error_text(error).c_str());
  return 1;
}
