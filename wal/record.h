#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "wal/schema_generated.h"

namespace paddock::wal {

// Payloads of log batches and snapshot chunks as they come from a file: verified here, once, and
// then read without a further look. Writing goes through the generated builders directly
// (flatbuffers::FlatBufferBuilder, FinishBuffer without a file identifier).
//
// Field numbers are frozen; what a later version adds at the end of a table is ignored here, and
// what an older one did not write reads as its default.

/// Most bytes a payload may have; FlatBuffers' offsets are 31 bits.
constexpr std::size_t payload_bytes_max = std::size_t{1} << 30;
/// Memory handed to the verify functions, and so payloads in files, starts on such a boundary.
constexpr std::size_t payload_alignment = 8;
constexpr std::size_t session_password_bytes = 16;

/// Checks a batch's payload; the answer points into `payload` and lives as long as it does. What is
/// true afterwards, so that decoding needs no check of its own:
///   - every offset and length stays inside `payload`; a transaction may have millions of steps,
///   and
///     the time taken is linear in the payload's length whatever it says;
///   - txns() is there and not empty, no transaction is null, a transaction without steps has
///     kind() 0 and null or empty steps(), and never both has steps() and a kind();
///   - each step's kind, in steps() or in the transaction itself, is a StepKind other than none;
///   path() is there and begins with '/' for the
///     five node kinds; acl() may be null (no entries), its entries have scheme() and id();
///     session() is not 0 for the two session kinds; password() has 16 bytes for create_session.
/// The error is a phrase for Damage::reason. REQUIRES: `payload` starts on payload_alignment.
/// Threads: any; touches nothing but its argument.
Result<const fbs::Batch*, std::string> verify_batch(Bytes payload);

/// The same for a snapshot chunk. True afterwards:
///   - acls(), nodes() and sessions() may be null, and have no null members;
///   - each node has path(), beginning with '/', and stat(), whose acl_index is below
///   acls()->size();
///     an ACL list's entries() may be null, each has scheme() and id();
///   - each session's id() is not 0 and its password() has 16 bytes.
Result<const fbs::SnapshotChunk*, std::string> verify_chunk(Bytes payload);

}  // namespace paddock::wal
