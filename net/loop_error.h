#pragma once

#include "net/loop.h"

namespace paddock::net {

/// Why there is no io_uring, for the operator: containers often block it. `error` is what
/// io_uring_setup() answered; the cause is looked up in /proc where the number alone is ambiguous.
LoopError explain_ring_refusal(int error);

/// The same for the provided-buffer ring.
LoopError explain_buffer_refusal(int error);

}  // namespace paddock::net
