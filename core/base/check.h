#pragma once

namespace paddock {

/// Prints `file:line: CHECK failed: expression` to standard error and aborts. Threads: any.
[[noreturn]] void check_failed(const char* file, int line, const char* expression);

}  // namespace paddock

/// A contract or invariant of our own code, on in every build. Never on input: what comes from a
/// client, a peer, a file, a configuration or the kernel gets an error path instead.
#define CHECK(condition)                                       \
  do {                                                         \
    if (!(condition)) [[unlikely]]                             \
      ::paddock::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)

/// As CHECK, in debug and sanitizer builds only: for what is O(n) or in the per-node path.
#if defined(PADDOCK_DEBUG_CHECKS)
#define DCHECK(condition) CHECK(condition)
#else
#define DCHECK(condition) \
  do {                    \
  } while (false && (condition))
#endif

#define UNREACHABLE() ::paddock::check_failed(__FILE__, __LINE__, "unreachable")
