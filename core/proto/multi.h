#pragma once

#include <cstdint>
#include <tuple>
#include <variant>

#include "core/proto/codec.h"
#include "core/proto/protocol.h"
#include "core/proto/reply_records.h"
#include "core/proto/request_records.h"

/// multi and multiRead: a chain of headers, each followed by the body of its operation, up to a
/// header that says done. Walked with a loop, never recursively: a frame may hold 10^5 of them.
namespace paddock::proto {

struct MultiHeader {
  OpCode op{};
  bool done = false;
  std::int32_t err = -1;  ///< no meaning in a request
  static auto fields(auto& r) { return std::tie(r.op, r.done, r.err); }
  bool operator==(const MultiHeader&) const = default;
};
inline constexpr MultiHeader multi_end{.op = OpCode::error, .done = true, .err = -1};

/// Steps through a multi from its first header:
///
///   for (MultiReader walk(in); auto header = walk.next();) { in.read(record of header->op); }
///   if (!in.ok()) the request is malformed
class MultiReader {
 public:
  explicit MultiReader(Reader& in) : in_(in) {}

  /// The next operation's header, whose body the caller reads at once; nullopt at the end marker
  /// and on malformed input (a missing end marker is truncated input).
  std::optional<MultiHeader> next() {
    MultiHeader header;
    in_.read(header);
    if (!in_.ok() || header.done) return std::nullopt;
    return header;
  }

 private:
  Reader& in_;
};

/// One operation of a multi or multiRead request.
using MultiOp = std::variant<std::monostate, CreateRequest, CreateTtlRequest, PathVersionRequest,
                             SetDataRequest, PathWatchRequest>;

/// Reads the body that belongs to `op` in a multi: create, create2, createContainer, createTTL,
/// delete, setData, check. Any other operation, and a create with flags outside 0..6, fails `in`.
/// `into` keeps the memory of its vectors when the kind is that of the last call.
void read_multi_op(Reader& in, OpCode op, MultiOp& into);
/// The same for multiRead: getData, getChildren.
void read_multi_read_op(Reader& in, OpCode op, MultiOp& into);

/// How many operations a well-formed multi (or multiRead) body holds. ZooKeeper parses the whole
/// request before it looks at the first operation, so a server asks this first.
Result<std::size_t, DecodeError> multi_op_count(Bytes body, ReadLimits limits = {});
Result<std::size_t, DecodeError> multi_read_op_count(Bytes body, ReadLimits limits = {});

/// Writes the header of a request's operation; its record follows.
inline void write_multi_op(Writer& out, OpCode op) { out.write(MultiHeader{.op = op}); }
/// Writes the header of a successful result; its record, if it has one, follows.
inline void write_multi_result(Writer& out, OpCode op) {
  out.write(MultiHeader{.op = op, .done = false, .err = 0});
}
/// Writes the whole result of an operation that failed or was not reached.
inline void write_multi_error(Writer& out, ErrorCode err) {
  out.write(MultiHeader{.op = OpCode::error, .done = false, .err = static_cast<std::int32_t>(err)});
  out.write(err);
}
inline void write_multi_end(Writer& out) { out.write(multi_end); }

/// One result of a multi or multiRead, as a client reads it. `op` is the type that the server
/// wrote: error for a failed one, create2 for every create that returns a Stat.
struct MultiResult {
  OpCode op{};
  ErrorCode err{};
  std::variant<std::monostate, PathReply, PathStatReply, StatReply, DataReply, NamesReply> body;
};

/// Reads the body of the result that `header` announces.
void read_multi_result(Reader& in, const MultiHeader& header, MultiResult& into);

}  // namespace paddock::proto
