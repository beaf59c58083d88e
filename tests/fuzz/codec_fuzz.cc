// Decodes the input as a record; the first byte chooses which. What decodes must encode to bytes
// that decode to the same bytes again: readers and writers agree, and nothing is read outside the
// input.

#include <string>

#include "core/proto/paths.h"
#include "core/proto/records.h"

namespace {

using namespace paddock;
using namespace paddock::proto;

template <Record T>
void round_trip(Bytes bytes) {
  TextArena arena;
  const auto first = decode<T>(bytes, &arena);
  if (!first) return;
  ByteBuffer once;
  encode(*first, once);
  // Without an arena: what was decoded is well-formed text by now.
  const auto second = decode<T>(once.bytes());
  CHECK(second.has_value());
  ByteBuffer twice;
  encode(*second, twice);
  CHECK(as_text(once.bytes()) == as_text(twice.bytes()));
}

void connect_request(Bytes bytes) {
  const auto request = decode_connect_request(bytes);
  if (!request) return;
  ByteBuffer once;
  encode_connect_request(*request, once);
  CHECK(once.size() <= bytes.size());
  CHECK(as_text(once.bytes().first(24)) == as_text(bytes.first(24)));
}

void connect_response(Bytes bytes) { static_cast<void>(decode_connect_response(bytes)); }

template <auto read_op>
void multi(Bytes bytes) {
  TextArena arena;
  Reader in(bytes, &arena);
  MultiOp op;
  std::size_t ops = 0;
  for (MultiReader walk(in); auto header = walk.next(); ++ops) read_op(in, header->op, op);
  const auto count = read_op == read_multi_op ? multi_op_count(bytes) : multi_read_op_count(bytes);
  CHECK(count.has_value() == in.ok());
  if (count) CHECK(*count == ops);
}

void multi_results(Bytes bytes) {
  TextArena arena;
  Reader in(bytes, &arena);
  MultiResult result;
  for (MultiReader walk(in); auto header = walk.next();) read_multi_result(in, *header, result);
}

void text(Bytes bytes) {
  const std::string repaired = utf8_repaired(bytes);
  const std::size_t valid = utf8_valid_prefix(bytes);
  CHECK(valid <= bytes.size());
  CHECK(utf8_valid_prefix(as_bytes(repaired)) == repaired.size());
  CHECK((valid == bytes.size()) == (repaired == as_text(bytes)));
  const auto split = split_path(repaired);
  if (is_valid_path(repaired)) {
    CHECK(split.has_value());
    CHECK(names_root(split->parent) || is_valid_path(split->parent));
  }
}

constexpr void (*targets[])(Bytes) = {
    round_trip<RequestHeader>,
    round_trip<ReplyHeader>,
    round_trip<CreateRequest>,
    round_trip<CreateTtlRequest>,
    round_trip<PathVersionRequest>,
    round_trip<PathWatchRequest>,
    round_trip<PathRequest>,
    round_trip<SetDataRequest>,
    round_trip<SetAclRequest>,
    round_trip<ReconfigRequest>,
    round_trip<WatchesRequest>,
    round_trip<AuthRequest>,
    round_trip<SetWatchesRequest>,
    round_trip<SetWatches2Request>,
    round_trip<SaslRequest>,
    round_trip<AddWatchRequest>,
    round_trip<Stat>,
    round_trip<PathStatReply>,
    round_trip<DataReply>,
    round_trip<AclReply>,
    round_trip<NamesReply>,
    round_trip<NamesStatReply>,
    round_trip<WhoAmIReply>,
    round_trip<WatcherEvent>,
    connect_request,
    connect_response,
    multi<read_multi_op>,
    multi<read_multi_read_op>,
    multi_results,
    text,
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes = std::as_bytes(std::span(data, size));
  targets[data[0] % std::size(targets)](bytes.subspan(1));
  return 0;
}
