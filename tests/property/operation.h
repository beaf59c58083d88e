#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the property test asks for, as plain values, and the bytes that a client would send for it.
/// Written from the tables of docs/protocol.md and not with core/proto: what both sides get wrong
/// in the same way, no comparison finds.
namespace paddock::property {

using Text = std::optional<std::string>;  ///< nullopt = null, which is not empty

// Opcodes of writes, by ZooKeeper's names.
inline constexpr std::int32_t op_create = 1;
inline constexpr std::int32_t op_delete = 2;
inline constexpr std::int32_t op_set_data = 5;
inline constexpr std::int32_t op_set_acl = 7;
inline constexpr std::int32_t op_check = 13;
inline constexpr std::int32_t op_multi = 14;
inline constexpr std::int32_t op_create2 = 15;
inline constexpr std::int32_t op_create_container = 19;
inline constexpr std::int32_t op_delete_container = 20;
inline constexpr std::int32_t op_create_ttl = 21;
inline constexpr std::int32_t op_create_session = -10;
inline constexpr std::int32_t op_close_session = -11;

inline bool is_create(std::int32_t opcode) {
  return opcode == op_create || opcode == op_create2 || opcode == op_create_container ||
         opcode == op_create_ttl;
}

/// One entry of an ACL list as asked for.
struct AskedAcl {
  std::int32_t perms = 0;
  Text scheme;
  Text id;
};

/// An identity of the caller.
struct Who {
  std::string scheme;
  std::string id;
  bool operator==(const Who&) const = default;
};

/// Only the fields that its opcode has count.
struct Operation {
  std::int32_t opcode = 0;
  Text path;
  Text data;
  std::optional<std::vector<AskedAcl>> acl;
  std::int32_t flags = 0;
  std::int32_t version = -1;
  std::int64_t ttl_ms = 0;
  std::vector<Operation> ops;  ///< multi
};

struct Request {
  Operation op;
  bool cut_short = false;  ///< the body lacks its last byte or more
  std::int64_t session = 0;
  std::vector<Who> who;
  std::int64_t now_ms = 0;
  std::int32_t timeout_ms = 0;  ///< createSession
  std::string password;         ///< createSession
};

/// ZooKeeper's name of the operation: "createTTL".
const char* name_of(std::int32_t opcode);
/// The request's body behind its header.
std::string body_of(const Operation& op);
/// One line for a failure's report.
std::string describe(const Request& request);

// jute.
void put_i32(std::string& out, std::int32_t value);
void put_i64(std::string& out, std::int64_t value);
void put_text(std::string& out, const Text& text);
/// Printable, the rest as \xNN.
std::string printable(const std::string& bytes);

}  // namespace paddock::property
