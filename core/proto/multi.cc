#include "core/proto/multi.h"

namespace paddock::proto {
namespace {

/// Create flags that have a meaning; a plain create answers -8 to others, a multi cannot be parsed.
constexpr std::int32_t create_flags_max = 6;

/// The alternative T of `into`, with its memory kept if it is there already.
template <class T, class Variant>
T& as(Variant& into) {
  if (auto* kept = std::get_if<T>(&into)) return *kept;
  return into.template emplace<T>();
}

template <class T>
void read_create(Reader& in, MultiOp& into) {
  T& create = as<T>(into);
  in.read(create);
  if (create.flags < 0 || create.flags > create_flags_max) in.fail_with(DecodeError::bad_op);
}

using ReadOp = void (*)(Reader&, OpCode, MultiOp&);

Result<std::size_t, DecodeError> op_count(Bytes body, ReadLimits limits, ReadOp read_op) {
  TextArena arena;
  Reader in(body, &arena, limits);
  MultiOp op;
  std::size_t ops = 0;
  for (MultiReader walk(in); auto header = walk.next(); ++ops) {
    read_op(in, header->op, op);
    arena.clear();
  }
  if (!in.ok()) return fail(in.error());
  return ops;
}

}  // namespace

void read_multi_op(Reader& in, OpCode op, MultiOp& into) {
  // A switch over a few of many values: the rest is refused.
  if (op == OpCode::create || op == OpCode::create2 || op == OpCode::create_container)
    return read_create<CreateRequest>(in, into);
  if (op == OpCode::create_ttl) return read_create<CreateTtlRequest>(in, into);
  if (op == OpCode::remove || op == OpCode::check) return in.read(as<PathVersionRequest>(into));
  if (op == OpCode::set_data) return in.read(as<SetDataRequest>(into));
  in.fail_with(DecodeError::bad_op);
}

void read_multi_read_op(Reader& in, OpCode op, MultiOp& into) {
  if (op == OpCode::get_data || op == OpCode::get_children)
    return in.read(as<PathWatchRequest>(into));
  in.fail_with(DecodeError::bad_op);
}

Result<std::size_t, DecodeError> multi_op_count(Bytes body, ReadLimits limits) {
  return op_count(body, limits, read_multi_op);
}

Result<std::size_t, DecodeError> multi_read_op_count(Bytes body, ReadLimits limits) {
  return op_count(body, limits, read_multi_read_op);
}

void read_multi_result(Reader& in, const MultiHeader& header, MultiResult& into) {
  into.op = header.op;
  into.err = static_cast<ErrorCode>(header.err);
  if (header.op == OpCode::error) {
    into.body = std::monostate{};
    return in.read(into.err);
  }
  if (header.op == OpCode::create) return in.read(as<PathReply>(into.body));
  if (header.op == OpCode::create2) return in.read(as<PathStatReply>(into.body));
  if (header.op == OpCode::set_data) return in.read(as<StatReply>(into.body));
  if (header.op == OpCode::get_data) return in.read(as<DataReply>(into.body));
  if (header.op == OpCode::get_children) return in.read(as<NamesReply>(into.body));
  into.body = std::monostate{};
  if (header.op != OpCode::remove && header.op != OpCode::check) in.fail_with(DecodeError::bad_op);
}

}  // namespace paddock::proto
