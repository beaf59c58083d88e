#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/proto/records.h"

/// Request bodies as a client sends them, for tests of core.
namespace paddock::core::test {

using AclText = std::vector<proto::Acl>;

inline const AclText& open_acl() {
  static const AclText acl{{proto::perm_all, "world", "anyone"}};
  return acl;
}

inline proto::Vector<proto::Acl> acl_vector(AclText acl) {
  proto::Vector<proto::Acl> vector;
  vector.items = std::move(acl);
  return vector;
}

/// Null data is nullopt.
using Text = std::optional<std::string_view>;
inline proto::Buffer buffer_of(Text text) {
  if (!text) return std::nullopt;
  return as_bytes(*text);
}

inline proto::CreateRequest create_request(proto::Ustring path, Text data = "",
                                           std::int32_t flags = 0, AclText acl = open_acl()) {
  return {path, buffer_of(data), acl_vector(std::move(acl)), flags};
}
inline proto::CreateTtlRequest create_ttl_request(proto::Ustring path, std::int64_t ttl_ms,
                                                  std::int32_t flags = 5) {
  return {path, buffer_of(""), acl_vector(open_acl()), flags, ttl_ms};
}

template <proto::Record T>
std::string body_of(const T& record) {
  ByteBuffer out;
  proto::encode(record, out);
  return std::string(as_text(out.bytes()));
}

/// Builds the body of a multi, operation by operation.
class MultiBody {
 public:
  template <proto::Record T>
  MultiBody& add(proto::OpCode op, const T& record) {
    proto::Writer writer(out_);
    proto::write_multi_op(writer, op);
    writer.write(record);
    return *this;
  }
  MultiBody& create(std::string_view path, std::int32_t flags = 0, AclText acl = open_acl()) {
    return add(proto::OpCode::create, create_request(path, "", flags, std::move(acl)));
  }
  MultiBody& remove(std::string_view path, std::int32_t version = -1) {
    return add(proto::OpCode::remove, proto::PathVersionRequest{path, version});
  }
  MultiBody& set(std::string_view path, std::string_view data, std::int32_t version = -1) {
    return add(proto::OpCode::set_data, proto::SetDataRequest{path, as_bytes(data), version});
  }
  MultiBody& check(std::string_view path, std::int32_t version = -1) {
    return add(proto::OpCode::check, proto::PathVersionRequest{path, version});
  }
  /// With the end marker.
  std::string finish() {
    proto::Writer writer(out_);
    proto::write_multi_end(writer);
    return std::string(as_text(out_.bytes()));
  }
  /// As it stands, without the end marker.
  std::string unfinished() const { return std::string(as_text(out_.bytes())); }

 private:
  ByteBuffer out_;
};

}  // namespace paddock::core::test
