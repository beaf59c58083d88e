#include "paddock/shell/output.h"

#include <fmt/format.h>

namespace paddock::shell {
namespace {

using client::Error;

struct Wording {
  Error error;
  std::string_view text;
};

/// What zkCli.sh puts before ": " or " : " and the path.
constexpr Wording beginnings[] = {
    {Error::no_node, "Node does not exist: "},
    {Error::no_children_for_ephemerals, "Ephemerals cannot have children: "},
    {Error::node_exists, "Node already exists: "},
    {Error::not_empty, "Node not empty: "},
    {Error::not_read_only, "Not a read-only call: "},
    {Error::invalid_acl, "Acl is not valid : "},
    {Error::no_auth, "Insufficient permission : "},
    {Error::bad_arguments, "Arguments are not valid : "},
    {Error::bad_version, "version No is not valid : "},
    {Error::quota_exceeded, "Quota has exceeded : "},
};

/// Java's names of the errors, where they are not the protocol's.
constexpr Wording codes[] = {
    {Error::session_expired, "Session expired"},
    {Error::session_moved, "Session moved"},
    {Error::no_watcher, "No such watcher"},
    {Error::reconfig_disabled, "Reconfig is disabled"},
    {Error::ephemeral_on_local_session, "Ephemeral node on local session"},
};

constexpr Wording whole[] = {
    {Error::reconfig_in_progress,
     "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)"},
    {Error::new_config_no_quorum,
     "No quorum of new config is connected and up-to-date with the leader of last commmitted "
     "config - try invoking reconfiguration after new servers are connected and synced"},
    {Error::not_connected,
     "Not connected: no server answered in time (-server says where, -timeout how long)"},
    {Error::deadline_exceeded, "The deadline passed"},
    {Error::cancelled, "Interrupted"},
    {Error::client_closed, "Not connected"},
};

template <std::size_t size>
const Wording* find(const Wording (&table)[size], Error error) {
  for (const Wording& wording : table) {
    if (wording.error == error) return &wording;
  }
  return nullptr;
}

}  // namespace

std::string error_message(Error error, std::string_view path) {
  if (const Wording* wording = find(whole, error)) return std::string(wording->text);
  const Wording* beginning = find(beginnings, error);
  if (beginning && !path.empty()) return fmt::format("{}{}", beginning->text, path);
  const Wording* code = find(codes, error);
  const std::string name = code ? std::string(code->text) : client::error_text(error);
  return fmt::format("KeeperErrorCode = {}{}{}", name, path.empty() ? "" : " for ", path);
}

int status_of(Error error) {
  if (error == Error::cancelled) return status_interrupted;
  const bool is_unconnected = client::is_connection_error(error) || client::is_session_end(error);
  return is_unconnected ? status_not_connected : status_failed;
}

void Output::line(std::string_view text) {
  this->text(text);
  this->text("\n");
}

void Output::note(std::string_view text) {
  if (!is_json_) complain(text, {});
}

int Output::usage(std::string_view message) {
  complain(message, {{"error", "Usage"}});
  return status_usage;
}

int Output::failed(std::string_view message) {
  complain(message, {{"error", "Failed"}});
  return status_failed;
}

int Output::failed(Error error, std::string_view path) {
  Json document{{"error", client::error_name(error)}, {"code", static_cast<std::int32_t>(error)}};
  if (!path.empty()) document["path"] = path;
  complain(error_message(error, path), std::move(document));
  return status_of(error);
}

void Output::complain(std::string_view message, Json document) {
  flush();  // so that both streams are in order on a terminal
  std::string text(message);
  if (is_json_) {
    document["message"] = message;
    text = dump(document);
  }
  text += '\n';
  std::fwrite(text.data(), 1, text.size(), err_);
  std::fflush(err_);
}

bool Output::flush() { return std::fflush(out_) == 0 && !std::ferror(out_); }

}  // namespace paddock::shell
