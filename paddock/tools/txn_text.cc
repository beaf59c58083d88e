#include "paddock/tools/txn_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace paddock::tools {
namespace {

using nlohmann::json;

constexpr std::size_t shown_bytes_max = 64;

/// In quotes; what a terminal might obey, or cannot show, is escaped.
std::string quoted(Bytes bytes) {
  std::string text = "\"";
  for (std::byte byte : bytes.first(std::min(bytes.size(), shown_bytes_max))) {
    const auto c = static_cast<unsigned char>(byte);
    if (c == '"' || c == '\\')
      text.append("\\").append(1, static_cast<char>(c));
    else if (c >= 0x20 && c < 0x7f)
      text += static_cast<char>(c);
    else
      text += fmt::format("\\x{:02x}", c);
  }
  return text + (bytes.size() > shown_bytes_max ? "\"..." : "\"");
}

/// A path or an ACL id: as it is, but for control characters.
std::string printable(std::string_view text) {
  std::string shown;
  for (char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f)
      shown += fmt::format("\\x{:02x}", u);
    else
      shown += c;
  }
  return shown;
}

/// As zkCli prints them.
std::string perms_of(std::int32_t perms) {
  std::string text;
  constexpr std::pair<int, char> letters[] = {{4, 'c'}, {8, 'd'}, {1, 'r'}, {2, 'w'}, {16, 'a'}};
  for (const auto& [bit, letter] : letters)
    if ((perms & bit) != 0) text += letter;
  return text;
}

std::string acl_text(std::span<const core::AclEntry> acl) {
  std::string text;
  for (const core::AclEntry& entry : acl)
    text += " " + printable(entry.scheme) + ":" + printable(entry.id) + ":" + perms_of(entry.perms);
  return text.empty() ? " none" : text;
}

std::string data_text(const std::optional<Bytes>& data) {
  return data ? fmt::format("{} bytes {}", data->size(), quoted(*data)) : "null";
}

const char* name_of(core::StepKind kind) {
  switch (kind) {
    case core::StepKind::create_node:
      return "create_node";
    case core::StepKind::delete_node:
      return "delete_node";
    case core::StepKind::set_data:
      return "set_data";
    case core::StepKind::set_acl:
      return "set_acl";
    case core::StepKind::create_session:
      return "create_session";
    case core::StepKind::close_session:
      return "close_session";
    case core::StepKind::set_quota_stats:
      return "set_quota_stats";
  }
  return "unknown";
}

std::string step_text(const core::Step& step) {
  const std::string path = printable(step.path);
  switch (step.kind) {
    case core::StepKind::create_node: {
      const std::string owner =
          step.owner == 0 ? "" : fmt::format(" owner {}", hex(SessionId{step.owner}));
      return fmt::format("{} data {} acl{}{} parent's create counter {}", path,
                         data_text(step.data), acl_text(step.acl), owner, step.create_counter);
    }
    case core::StepKind::delete_node:
      return path;
    case core::StepKind::set_data:
      return fmt::format("{} version {} data {}", path, step.version, data_text(step.data));
    case core::StepKind::set_acl:
      return fmt::format("{} aversion {} acl{}", path, step.version, acl_text(step.acl));
    case core::StepKind::create_session:
      return fmt::format("{} timeout {} ms", hex(step.session), step.timeout_ms);
    case core::StepKind::close_session:
      return hex(step.session);
    case core::StepKind::set_quota_stats:
      return fmt::format("{} data {}", path, data_text(step.data));
  }
  return "";
}

/// "2026-01-31T12:34:56.789Z". A log may hold any number of milliseconds.
std::string time_text(std::int64_t time_ms) {
  constexpr std::int64_t year_10000_ms = 253402300800000;
  if (time_ms < 0 || time_ms >= year_10000_ms) return fmt::format("{} ms", time_ms);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z",
                     fmt::gmtime(static_cast<std::time_t>(time_ms / 1000)), time_ms % 1000);
}

json step_json(const core::Step& step) {
  json out{{"kind", name_of(step.kind)}};
  const bool is_session =
      step.kind == core::StepKind::create_session || step.kind == core::StepKind::close_session;
  if (is_session) {
    out["session"] = hex(step.session);
    if (step.kind == core::StepKind::create_session) out["timeout_ms"] = step.timeout_ms;
    return out;
  }
  out["path"] = step.path;
  if (step.kind == core::StepKind::create_node || step.kind == core::StepKind::set_data ||
      step.kind == core::StepKind::set_quota_stats) {
    out["data"] = nullptr;
    if (step.data) {
      std::string digits;
      for (std::byte byte : *step.data) digits += fmt::format("{:02x}", static_cast<int>(byte));
      out["data"] = std::move(digits);
    }
  }
  if (step.kind == core::StepKind::create_node || step.kind == core::StepKind::set_acl) {
    out["acl"] = json::array();
    for (const core::AclEntry& entry : step.acl)
      out["acl"].push_back({{"perms", entry.perms}, {"scheme", entry.scheme}, {"id", entry.id}});
  }
  if (step.kind == core::StepKind::create_node) {
    out["owner"] = hex(SessionId{step.owner});
    out["parent_create_counter"] = step.create_counter;
  } else if (step.kind == core::StepKind::set_data || step.kind == core::StepKind::set_acl) {
    out["version"] = step.version;
  }
  return out;
}

}  // namespace

std::string hex(Zxid zxid) { return fmt::format("{:#x}", static_cast<std::uint64_t>(zxid.value)); }
std::string hex(SessionId session) {
  return fmt::format("{:#x}", static_cast<std::uint64_t>(session.value));
}

std::string text_of(const core::Txn& txn, int indent) {
  std::string text =
      fmt::format("{:{}}{} at {} by {}\n", "", indent, hex(txn.zxid), time_text(txn.time_ms),
                  txn.session.value == 0 ? "the server" : "session " + hex(txn.session));
  for (const core::Step& step : txn.steps)
    text += fmt::format("{:{}}{} {}\n", "", indent + 2, name_of(step.kind), step_text(step));
  return text;
}

json json_of(const core::Txn& txn) {
  json steps = json::array();
  for (const core::Step& step : txn.steps) steps.push_back(step_json(step));
  return {{"zxid", hex(txn.zxid)},
          {"time_ms", txn.time_ms},
          {"session", hex(txn.session)},
          {"steps", std::move(steps)}};
}

}  // namespace paddock::tools
