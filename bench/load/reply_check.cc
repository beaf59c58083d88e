#include "bench/load/reply_check.h"

#include <charconv>

#include "bench/load/content.h"

namespace paddock::load {

ReplyCheck::ReplyCheck(Faults& faults, std::string_view data, std::size_t connections,
                       std::size_t nodes)
    : faults_(faults),
      data_(data),
      nodes_(nodes),
      sequences_(connections, -1),
      connections_(connections) {}

void ReplyCheck::nothing(Bytes body) {
  if (!body.empty()) faults_.add("a body where none belongs");
}

void ReplyCheck::path(Bytes body, std::string_view wanted) {
  const auto reply = proto::decode<proto::PathReply>(body);
  if (!reply || reply->path != wanted) faults_.add("not the path that was created");
}

void ReplyCheck::sequential(Bytes body, std::string_view prefix, std::uint32_t connection) {
  const auto reply = proto::decode<proto::PathReply>(body);
  if (!reply || !reply->path || !reply->path->starts_with(prefix) ||
      reply->path->size() != prefix.size() + sequence_digits)
    return faults_.add("not the path that was created");
  const std::string_view digits = reply->path->substr(prefix.size());
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() ||
      number <= sequences_[connection])
    faults_.add("a sequence number that is not above the last one");
  sequences_[connection] = number;
}

void ReplyCheck::stat(const proto::Stat& stat, std::uint32_t connection, std::uint32_t node,
                      std::int32_t version_step) {
  std::int32_t& seen = versions_[connection * nodes_ + node];
  if (stat.version < seen + version_step) faults_.add("a version that goes back");
  seen = stat.version;
  if (static_cast<std::size_t>(stat.data_length) != data_.size())
    faults_.add("a data length that is not that of the data");
}

void ReplyCheck::data(Bytes body, std::uint32_t connection, std::uint32_t node) {
  const auto reply = proto::decode<proto::DataReply>(body);
  if (!reply || !reply->data || as_text(*reply->data) != data_)
    return faults_.add("not the data of the znode");
  stat(reply->stat, connection, node, 0);
}

void ReplyCheck::set(Bytes body, std::uint32_t connection, std::uint32_t node) {
  const auto reply = proto::decode<proto::StatReply>(body);
  if (!reply) return faults_.add("a setData reply without a Stat");
  stat(reply->stat, connection, node, 1);
}

void ReplyCheck::exists(Bytes body, std::uint32_t connection, std::uint32_t node) {
  const auto reply = proto::decode<proto::StatReply>(body);
  if (!reply) return faults_.add("an exists reply without a Stat");
  stat(reply->stat, connection, node, 0);
}

void ReplyCheck::children(Bytes body, std::size_t count) {
  proto::Reader in(body);
  in.read(names_);
  bool right = in.ok() && names_.names.items.size() == count;
  for (const proto::Ustring& name : names_.names.items)
    right = right && name && name->size() == 1 + number_digits && name->front() == 'n';
  if (!right) faults_.add("not the children of the znode");
}

void ReplyCheck::multi(Bytes body, std::size_t count) {
  proto::Reader in(body);
  std::size_t seen = 0;
  bool right = true;
  proto::MultiResult result;
  for (proto::MultiReader walk(in); auto header = walk.next();) {
    proto::read_multi_result(in, *header, result);
    right = right && result.op == proto::OpCode::set_data && result.err == proto::ErrorCode::ok;
    ++seen;
  }
  if (!right || !in.ok() || seen != count) faults_.add("not the results of the multi");
}

}  // namespace paddock::load
