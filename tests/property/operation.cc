#include "tests/property/operation.h"

#include <fmt/format.h>

namespace paddock::property {
namespace {

void put_multi_header(std::string& out, std::int32_t type, bool done, std::int32_t err) {
  put_i32(out, type);
  out += static_cast<char>(done);
  put_i32(out, err);
}

void put_acl(std::string& out, const std::optional<std::vector<AskedAcl>>& acl) {
  put_i32(out, acl ? static_cast<std::int32_t>(acl->size()) : -1);
  if (!acl) return;
  for (const AskedAcl& entry : *acl) {
    put_i32(out, entry.perms);
    put_text(out, entry.scheme);
    put_text(out, entry.id);
  }
}

std::string shown(const Text& text) {
  return text ? "'" + printable(text->substr(0, 80)) + "'" : "null";
}

std::string shown(const Operation& op) {
  std::string line = name_of(op.opcode);
  if (op.opcode == op_multi) {
    for (const Operation& sub : op.ops) line += " [" + shown(sub) + "]";
    return line;
  }
  line += " " + shown(op.path);
  if (is_create(op.opcode) || op.opcode == op_set_data) {
    line += " data=" + shown(op.data);
    if (op.data) line += fmt::format("({} bytes)", op.data->size());
  }
  if (is_create(op.opcode)) line += fmt::format(" flags={}", op.flags);
  if (op.opcode == op_create_ttl) line += fmt::format(" ttl={}", op.ttl_ms);
  if (is_create(op.opcode) || op.opcode == op_set_acl) {
    line += " acl=";
    if (!op.acl) line += "null";
    for (const AskedAcl& entry : op.acl.value_or(std::vector<AskedAcl>()))
      line += fmt::format("({} {} {})", entry.perms, shown(entry.scheme), shown(entry.id));
  }
  if (!is_create(op.opcode)) line += fmt::format(" version={}", op.version);
  return line;
}

}  // namespace

const char* name_of(std::int32_t opcode) {
  switch (opcode) {
    case op_create:
      return "create";
    case op_delete:
      return "delete";
    case op_set_data:
      return "setData";
    case op_set_acl:
      return "setACL";
    case op_check:
      return "check";
    case op_multi:
      return "multi";
    case op_create2:
      return "create2";
    case op_create_container:
      return "createContainer";
    case op_delete_container:
      return "deleteContainer";
    case op_create_ttl:
      return "createTTL";
    case op_create_session:
      return "createSession";
    case op_close_session:
      return "closeSession";
    default:
      return "unknown";
  }
}

std::string body_of(const Operation& op) {
  std::string out;
  if (op.opcode == op_create_session || op.opcode == op_close_session) return out;
  if (op.opcode == op_multi) {
    for (const Operation& sub : op.ops) {
      put_multi_header(out, sub.opcode, false, -1);
      out += body_of(sub);
    }
    put_multi_header(out, -1, true, -1);
    return out;
  }
  put_text(out, op.path);
  if (is_create(op.opcode)) {
    put_text(out, op.data);
    put_acl(out, op.acl);
    put_i32(out, op.flags);
    if (op.opcode == op_create_ttl) put_i64(out, op.ttl_ms);
    return out;
  }
  if (op.opcode == op_set_data) put_text(out, op.data);
  if (op.opcode == op_set_acl) put_acl(out, op.acl);
  if (op.opcode != op_delete_container) put_i32(out, op.version);
  return out;
}

std::string describe(const Request& request) {
  std::string line = fmt::format("session {:#x}: {}", request.session, shown(request.op));
  if (request.cut_short) line += " (cut short)";
  line += fmt::format(" at {} ms as", request.now_ms);
  for (const Who& who : request.who) line += " " + who.scheme + ":" + printable(who.id);
  return line;
}

void put_i32(std::string& out, std::int32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint32_t>(value) >> shift);
}

void put_i64(std::string& out, std::int64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8)
    out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
}

void put_text(std::string& out, const Text& text) {
  put_i32(out, text ? static_cast<std::int32_t>(text->size()) : -1);
  if (text) out += *text;
}

std::string printable(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f)
      text += c;
    else
      text += fmt::format("\\x{:02x}", byte);
  }
  return text;
}

}  // namespace paddock::property
