#include "paddock/stats.h"

namespace paddock {
namespace {

using proto::OpCode;

struct Kind {
  OpCode op;
  const char* name;
};
constexpr std::array<Kind, op_kind_count> kinds = {{
    {OpCode::create_session, "create_session"},
    {OpCode::close_session, "close_session"},
    {OpCode::create, "create"},
    {OpCode::remove, "delete"},
    {OpCode::exists, "exists"},
    {OpCode::get_data, "get_data"},
    {OpCode::set_data, "set_data"},
    {OpCode::get_acl, "get_acl"},
    {OpCode::set_acl, "set_acl"},
    {OpCode::get_children, "get_children"},
    {OpCode::sync, "sync"},
    {OpCode::ping, "ping"},
    {OpCode::get_children2, "get_children2"},
    {OpCode::check, "check"},
    {OpCode::multi, "multi"},
    {OpCode::create2, "create2"},
    {OpCode::reconfig, "reconfig"},
    {OpCode::check_watches, "check_watches"},
    {OpCode::remove_watches, "remove_watches"},
    {OpCode::create_container, "create_container"},
    {OpCode::create_ttl, "create_ttl"},
    {OpCode::multi_read, "multi_read"},
    {OpCode::auth, "auth"},
    {OpCode::set_watches, "set_watches"},
    {OpCode::get_ephemerals, "get_ephemerals"},
    {OpCode::get_all_children_number, "get_all_children_number"},
    {OpCode::set_watches2, "set_watches2"},
    {OpCode::add_watch, "add_watch"},
    {OpCode::who_am_i, "who_am_i"},
    {OpCode::error, "other"},
}};

// Codes lie in -11..107; one byte each says which kind.
constexpr int code_min = -11;
constexpr int code_max = 107;
constexpr auto kind_by_code = [] {
  std::array<std::uint8_t, code_max - code_min + 1> table{};
  table.fill(op_kind_count - 1);
  for (std::size_t i = 0; i + 1 < kinds.size(); ++i)
    table[static_cast<std::size_t>(static_cast<int>(kinds[i].op) - code_min)] =
        static_cast<std::uint8_t>(i);
  return table;
}();

}  // namespace

std::size_t op_kind(OpCode op) {
  const int code = static_cast<int>(op);
  if (code < code_min || code > code_max) return op_kind_count - 1;
  return kind_by_code[static_cast<std::size_t>(code - code_min)];
}

const char* op_kind_name(std::size_t kind) { return kinds[kind].name; }

OpCode op_of_kind(std::size_t kind) { return kinds[kind].op; }

}  // namespace paddock
