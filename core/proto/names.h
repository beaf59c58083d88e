#pragma once

#include <string_view>

#include "core/proto/protocol.h"

namespace paddock::proto {

/// ZooKeeper's name of an operation ("getData"); "unknown" for a number without one.
std::string_view op_name(OpCode op);

/// The short word of the `lop` (last operation) field that the four-letter word cons shows; "NA"
/// for what never shows there.
std::string_view op_word(OpCode op);

/// Whether a client may ask for this operation at all; anything else is -6 and a closed connection.
/// createSession and closeSession count: a client may send them, whatever comes of it.
bool is_known(OpCode op);

/// ZooKeeper's name of an error ("NoNode"), the client-side ones included; "unknown" otherwise.
std::string_view error_name(ErrorCode err);

}  // namespace paddock::proto
