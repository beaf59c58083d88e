#include "bench/floor/canned.h"

#include <cstring>
#include <string>

#include "bench/load/content.h"

namespace paddock {

namespace {

using proto::OpCode;

constexpr std::size_t xid_at = 4;
constexpr std::size_t zxid_at = 8;
constexpr std::size_t body_at = proto::frame_header_bytes + proto::reply_header_bytes;
/// The version's place in a Stat, behind two zxids and two times.
constexpr std::size_t version_at = 32;

template <class T>
void make_frame(ByteBuffer& frame, const T& body) {
  const proto::FrameStart start = proto::begin_reply(frame, {});
  proto::encode(body, frame);
  proto::end_frame(frame, start);
}

}  // namespace

CannedReplies::CannedReplies(Sizes sizes) : data_bytes_(sizes.data_bytes) {
  const proto::Stat stat{.data_length = static_cast<std::int32_t>(sizes.data_bytes)};
  const std::string content = load::content(sizes.data_bytes);
  proto::append_bare_reply(bare_, {});
  make_frame(watch_added_, proto::AddWatchReply{});
  make_frame(stat_, proto::StatReply{.stat = stat});
  make_frame(data_, proto::DataReply{.data = as_bytes(content), .stat = stat});
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < sizes.children; ++i) names.push_back(load::numbered("n", i));
  proto::NamesReply reply;
  reply.names.items.assign(names.begin(), names.end());
  make_frame(children_, reply);
}

std::byte* CannedReplies::copy(const ByteBuffer& frame, std::int32_t xid, ByteBuffer& out) {
  std::byte* to = out.grow(frame.size());
  std::memcpy(to, frame.data(), frame.size());
  store_be32(to + xid_at, static_cast<std::uint32_t>(xid));
  store_be64(to + zxid_at, static_cast<std::uint64_t>(++counter_));
  return to;
}

void CannedReplies::answer(const proto::RequestHeader& header, Bytes body, ByteBuffer& out) {
  const auto version = static_cast<std::uint32_t>(counter_ + 1);
  if (header.op == OpCode::get_data) {
    std::byte* frame = copy(data_, header.xid, out);
    store_be32(frame + body_at + 4 + data_bytes_ + version_at, version);
  } else if (header.op == OpCode::set_data || header.op == OpCode::exists) {
    store_be32(copy(stat_, header.xid, out) + body_at + version_at, version);
  } else if (header.op == OpCode::create) {
    answer_create(header.xid, body, out);
  } else if (header.op == OpCode::multi) {
    answer_multi(header.xid, body, out);
  } else if (header.op == OpCode::get_children) {
    copy(children_, header.xid, out);
  } else if (header.op == OpCode::add_watch) {
    copy(watch_added_, header.xid, out);
  } else if (header.op == OpCode::remove || header.op == OpCode::ping) {
    copy(bare_, header.xid, out);
  } else {
    proto::append_bare_reply(
        out, {.xid = header.xid, .zxid = Zxid{++counter_}, .err = proto::ErrorCode::unimplemented});
  }
}

void CannedReplies::answer_create(std::int32_t xid, Bytes body, ByteBuffer& out) {
  constexpr std::uint32_t sequential = 2;
  const proto::Ustring path = proto::Reader(body).ustring();
  const std::size_t path_bytes = path ? path->size() : 0;
  // The flags come last.
  const bool is_sequential =
      body.size() >= 4 && (load_be32(body.data() + body.size() - 4) & sequential) != 0;
  const std::size_t reply_bytes = path_bytes + (is_sequential ? load::sequence_digits : 0);
  const proto::FrameStart frame = proto::begin_reply(out, {.xid = xid, .zxid = Zxid{++counter_}});
  std::byte* to = out.grow(4 + reply_bytes);
  store_be32(to, static_cast<std::uint32_t>(reply_bytes));
  if (path_bytes != 0) std::memcpy(to + 4, path->data(), path_bytes);
  auto number = static_cast<std::uint64_t>(counter_);
  for (std::size_t i = 4 + reply_bytes; i > 4 + path_bytes; number /= 10)
    to[--i] = static_cast<std::byte>('0' + number % 10);
  proto::end_frame(out, frame);
}

void CannedReplies::answer_multi(std::int32_t xid, Bytes body, ByteBuffer& out) {
  const std::size_t operations = proto::multi_op_count(body).value_or(0);
  if (operations != multi_operations_ || multi_.empty()) {
    multi_.clear();
    multi_operations_ = operations;
    const proto::FrameStart frame = proto::begin_reply(multi_, {});
    proto::Writer writer(multi_);
    for (std::size_t i = 0; i < operations; ++i) {
      proto::write_multi_result(writer, OpCode::set_data);
      writer.write(proto::StatReply{});
    }
    proto::write_multi_end(writer);
    proto::end_frame(multi_, frame);
  }
  copy(multi_, xid, out);
}

}  // namespace paddock
