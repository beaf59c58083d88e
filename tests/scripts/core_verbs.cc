#include "tests/scripts/core_verbs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/proto/names.h"

namespace paddock::scripts {
namespace {

using core::test::AclText;
using core::test::Text;
using proto::ErrorCode;
using proto::OpCode;

std::string shown(proto::OpCode op) { return std::string(proto::op_name(op)); }

std::string shown(ErrorCode err) {
  if (err == ErrorCode::ok) return "ok";
  return fmt::format("{} ({})", proto::error_name(err), static_cast<int>(err));
}

std::string shown(const proto::Stat& s) {
  return fmt::format(
      "czxid={} mzxid={} pzxid={} ctime={} mtime={} version={} cversion={} aversion={} owner={:#x} "
      "length={} children={}",
      s.czxid.value, s.mzxid.value, s.pzxid.value, s.ctime_ms, s.mtime_ms, s.version, s.cversion,
      s.aversion, s.ephemeral_owner, s.data_length, s.num_children);
}

/// Lives as long as the command.
Text data_of(const std::string& word) {
  if (word == "null") return std::nullopt;
  if (word == "\"\"") return "";
  return word;
}

/// "digest:bob:hash:31,world:anyone:1"; the text is that of `list`.
AclText acl_of(std::string_view list) {
  AclText acl;
  while (!list.empty()) {
    const std::string_view entry = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), entry.size() + 1));
    const std::size_t first = entry.find(':'), last = entry.rfind(':');
    acl.push_back({static_cast<std::int32_t>(std::strtol(entry.data() + last + 1, nullptr, 10)),
                   entry.substr(0, first),
                   entry.substr(first + 1, std::max(first + 1, last) - first - 1)});
  }
  return acl;
}

/// A create or another operation, as record and opcode, given to `use(op, record)`.
template <class Use>
auto with_operation(const Command& command, Use&& use) {
  const std::string path = command.argument(0);
  const auto version = static_cast<std::int32_t>(command.number("v", -1));
  if (command.verb() == "delete")
    return use(OpCode::remove, proto::PathVersionRequest{path, version});
  if (command.verb() == "check")
    return use(OpCode::check, proto::PathVersionRequest{path, version});
  const std::string word = command.argument(1);
  if (command.verb() == "set")
    return use(OpCode::set_data,
               proto::SetDataRequest{path, core::test::buffer_of(data_of(word)), version});
  const std::string list = command.option("acl", "world:anyone:31");
  if (command.verb() == "setacl")
    return use(OpCode::set_acl,
               proto::SetAclRequest{path, core::test::acl_vector(acl_of(list)), version});

  static constexpr std::array<std::string_view, 4> flags_words{"stat", "container", "ephemeral",
                                                               "seq"};
  const bool has_data = std::ranges::find(flags_words, word) == flags_words.end();
  const bool is_ttl = !command.option("ttl").empty();
  long long flags = (command.has("ephemeral") ? 1 : 0) + (command.has("seq") ? 2 : 0);
  if (is_ttl) flags = command.has("seq") ? 6 : 5;
  flags = command.number("flags", flags);
  const Text data = has_data ? data_of(word) : Text("");
  const auto create =
      core::test::create_request(path, data, static_cast<std::int32_t>(flags), acl_of(list));
  if (is_ttl)
    return use(OpCode::create_ttl, proto::CreateTtlRequest{create.path, create.data, create.acl,
                                                           create.flags, command.number("ttl", 0)});
  return use(command.has("container") ? OpCode::create_container
             : command.has("stat")    ? OpCode::create2
                                      : OpCode::create,
             create);
}

std::string shown(const core::Step& step) {
  static constexpr std::array names{
      "?",       "create_node",    "delete_node",   "set_data",
      "set_acl", "create_session", "close_session", "set_quota_stats"};
  std::string line = std::string("  ") + names[static_cast<std::size_t>(step.kind)];
  if (!step.path.empty()) line += fmt::format(" {}", step.path);
  if (step.data) line += fmt::format(" data='{}'", as_text(*step.data));
  for (const core::AclEntry& entry : step.acl)
    line += fmt::format(" acl={}:{}:{}", entry.scheme, entry.id, entry.perms);
  if (step.owner != 0) line += fmt::format(" owner={:#x}", static_cast<std::uint64_t>(step.owner));
  if (step.version != 0) line += fmt::format(" version={}", step.version);
  if (step.create_counter != 0) line += fmt::format(" counter={}", step.create_counter);
  if (step.session.value != 0) line += fmt::format(" session={:#x}", step.session.value);
  if (step.timeout_ms != 0) line += fmt::format(" timeout={}", step.timeout_ms);
  return line;
}

SessionId id_of(const std::string& text) {
  return SessionId{static_cast<std::int64_t>(std::strtoull(text.c_str(), nullptr, 0))};
}

}  // namespace

/// One small handler a verb.
struct CoreVerbs {
  CoreWorld& in;
  const Command& command;
  core::test::World& world() { return in.world(); }

  void write() {
    const bool has_stat = command.verb() == "set" || command.verb() == "setacl" ||
                          command.has("stat") || command.has("container") ||
                          !command.option("ttl").empty();
    const ErrorCode err = with_operation(
        command, [&](OpCode op, const auto& record) { return world().write(op, record); });
    in.say_write(err, has_stat, command.verb() == "create");
  }
  void multi() {
    core::test::MultiBody body;
    for (const std::string& line : in.sub_ops_)
      with_operation(Command(line), [&](OpCode op, const auto& record) { body.add(op, record); });
    const ErrorCode err = world().write(OpCode::multi, body.finish());
    in.say_write(err, false, false);
    if (err != ErrorCode::ok) return;
    for (const core::test::SubResult& result : world().multi_results()) {
      std::string line = "  result " + shown(result.op) + " " + shown(result.err);
      if (!result.path.empty()) line += " path=" + result.path;
      if (result.op == OpCode::set_data || result.op == OpCode::create2)
        line += " " + shown(result.stat);
      in.say(line);
    }
  }
  void remove_container() {
    in.say_write(world().remove_container(command.argument(0)), false, false);
  }
  void open_session() {
    in.say_write(world().open_session(id_of(command.argument(0)),
                                      static_cast<std::int32_t>(command.number("timeout", 30000))),
                 false, false);
  }
  void close_session() {
    in.say_write(world().close_session(id_of(command.argument(0))), false, false);
    if (world().out.session_ended.value != 0)
      in.say(fmt::format("  ended {:#x}", world().out.session_ended.value));
  }

  void as() { world().session = id_of(command.argument(0)); }
  void who() {
    world().identities.clear();
    for (std::size_t i = 1; i < command.words().size(); ++i) {
      const std::string& word = command.words()[i];
      const std::size_t colon = word.find(':');
      world().identities.push_back({word.substr(0, colon), word.substr(colon + 1)});
    }
  }
  void time() { world().now_ms = std::strtoll(command.argument(0).c_str(), nullptr, 10); }
  void budget() { world().step_budget = std::strtoull(command.argument(0).c_str(), nullptr, 10); }
  void skip_acl() { in.options_.skip_acl = true; }
  void no_extended_types() { in.options_.extended_types_enabled = false; }
  void no_digest() { in.options_.digest_auth_enabled = false; }
  void enforce_quota() { in.options_.enforce_quota = true; }

  void read() {
    const std::string path = command.argument(0) == "\"\"" ? "" : command.argument(0);
    if (const std::string pin = command.option("at"); !pin.empty()) world().read_at = in.pins_[pin];
    const std::string& verb = command.verb();
    ByteBuffer& body = world().body;
    const ErrorCode err = world().read([&](const core::ReadView& view) {
      if (verb == "get") return core::read_get_data(view, path, body);
      if (verb == "stat") return core::read_exists(view, path, body);
      if (verb == "ls") return core::read_children(view, path, true, body);
      if (verb == "acl") return core::read_get_acl(view, path, body);
      return core::read_all_children_number(view, path, body);
    });
    if (err != ErrorCode::ok) {
      in.say(shown(err));
    } else if (verb == "get") {
      const auto reply = proto::decode<proto::DataReply>(body.bytes());
      in.say(reply->data ? fmt::format("'{}'", as_text(*reply->data)) : "null");
      in.say("  " + shown(reply->stat));
    } else if (verb == "stat") {
      in.say(shown(proto::decode<proto::StatReply>(body.bytes())->stat));
    } else if (verb == "ls") {
      std::string names;
      for (const std::string& name : world().children(path)) names += name + " ";
      in.say(names + fmt::format("({})", world().stat(path).num_children));
    } else if (verb == "acl") {
      in.say(world().acl(path));
    } else {
      in.say(std::to_string(proto::Reader(body.bytes()).i32()));
    }
    world().read_at.reset();
  }
  void sessions() {
    const Zxid at =
        command.option("at").empty() ? world().state.newest() : in.pins_[command.option("at")];
    std::vector<std::string> lines;
    world().state.visit_sessions(at, [&](const core::SessionValue& session) {
      lines.push_back(fmt::format("{:#x} timeout={}", session.id.value, session.timeout_ms));
    });
    say_sorted(std::move(lines));
  }
  void ephemerals() { say_sorted(world().state.ephemerals(id_of(command.argument(0)))); }
  void due() {
    std::vector<std::string> paths;
    core::State::RemovableRound round;
    world().state.visit_removable(
        round, {.now_ms = world().now_ms, .never_used_ms_max = command.number("never", 0)},
        SIZE_MAX, [&](std::string_view path) {
          paths.emplace_back(path);
          return true;
        });
    say_sorted(std::move(paths));
  }

  void hold_batch() { world().commits = false; }
  void seal() { world().state.seal(); }
  void commit() {
    const std::string zxid = command.argument(0);
    world().state.commit(zxid.empty() ? world().state.newest()
                                      : Zxid{std::strtoll(zxid.c_str(), nullptr, 10)});
  }
  void pin() {
    const auto reader = static_cast<std::uint32_t>(id_of(command.argument(0)).value);
    in.pins_[command.argument(0)] = world().state.trie().pins().pin(reader);
    in.say(fmt::format("at zxid {}", in.pins_[command.argument(0)].value));
  }
  void unpin() {
    world().state.trie().pins().unpin(static_cast<std::uint32_t>(id_of(command.argument(0)).value));
  }
  void reclaim() { world().state.reclaim(); }

  void log() {
    if (!world().out.has_txn) return in.say("no transaction");
    const core::Txn& txn = world().out.txn;
    in.say(fmt::format("zxid={} time={} session={:#x}", txn.zxid.value, txn.time_ms,
                       txn.session.value));
    for (const core::Step& step : txn.steps) in.say(shown(step));
  }
  void chain() {
    const core::Znode* node = world().state.trie().find(command.argument(0));
    if (node == nullptr) return in.say("no node");
    std::string line;
    for (Zxid at{INT64_MAX};;) {
      const core::Version* version = core::Trie::visible(*node, at);
      if (version == nullptr) break;  // the end, or a tombstone that hides what is below
      line += fmt::format("{} ", version->zxid);
      at = Zxid{version->zxid - 1};
    }
    in.say(line.empty() ? "deleted" : line + "newest first");
  }
  void versions() { in.say(std::to_string(world().state.trie().version_count())); }
  void digest() {
    core::State& state = world().state;
    const bool is_right = state.digest() == core::test::digest_from_scratch(state);
    in.say(fmt::format("{:016x}{}", state.digest(), is_right ? "" : " WRONG"));
  }
  void replay() {
    const auto copy = world().replayed();
    const bool is_same = copy->digest() == world().state.digest() &&
                         core::test::dump(*copy) == core::test::dump(world().state);
    in.say(is_same ? "the same" : "ANOTHER STATE");
  }

  void say_sorted(std::vector<std::string> lines) {
    std::ranges::sort(lines);
    if (lines.empty()) in.say("none");
    for (const std::string& line : lines) in.say(line);
  }
};

core::test::World& CoreWorld::world() {
  if (world_ == nullptr) world_ = std::make_unique<core::test::World>(options_);
  return *world_;
}

void CoreWorld::say_write(ErrorCode err, bool has_stat, bool has_path) {
  core::test::World& w = world();
  std::string line = shown(err) + fmt::format(" zxid={}", w.out.zxid.value);
  if (err == ErrorCode::ok && !w.out.has_txn) line += " without a transaction";
  if (w.slices > 1) line += fmt::format(" in {} slices", w.slices);
  if (err == ErrorCode::ok && has_path) line += " path=" + w.reply_path();
  say(line);
  if (err == ErrorCode::ok && has_stat) {
    const Bytes reply = w.out.reply_body.bytes();
    say("  " + shown(proto::decode<proto::StatReply>(reply.last(proto::stat_bytes))->stat));
  }
  for (const std::string& event : w.events()) say("  event " + event);
}

std::string CoreWorld::run(const std::vector<std::string>& commands) {
  using Handler = void (CoreVerbs::*)();
  static const std::map<std::string, Handler> verbs{
      {"create", &CoreVerbs::write},
      {"delete", &CoreVerbs::write},
      {"set", &CoreVerbs::write},
      {"setacl", &CoreVerbs::write},
      {"multi", &CoreVerbs::multi},
      {"remove-container", &CoreVerbs::remove_container},
      {"open-session", &CoreVerbs::open_session},
      {"close-session", &CoreVerbs::close_session},
      {"as", &CoreVerbs::as},
      {"who", &CoreVerbs::who},
      {"time", &CoreVerbs::time},
      {"budget", &CoreVerbs::budget},
      {"skip-acl", &CoreVerbs::skip_acl},
      {"no-extended-types", &CoreVerbs::no_extended_types},
      {"no-digest", &CoreVerbs::no_digest},
      {"enforce-quota", &CoreVerbs::enforce_quota},
      {"get", &CoreVerbs::read},
      {"stat", &CoreVerbs::read},
      {"ls", &CoreVerbs::read},
      {"acl", &CoreVerbs::read},
      {"count", &CoreVerbs::read},
      {"sessions", &CoreVerbs::sessions},
      {"ephemerals", &CoreVerbs::ephemerals},
      {"due", &CoreVerbs::due},
      {"hold-batch", &CoreVerbs::hold_batch},
      {"seal", &CoreVerbs::seal},
      {"commit", &CoreVerbs::commit},
      {"pin", &CoreVerbs::pin},
      {"unpin", &CoreVerbs::unpin},
      {"reclaim", &CoreVerbs::reclaim},
      {"log", &CoreVerbs::log},
      {"chain", &CoreVerbs::chain},
      {"versions", &CoreVerbs::versions},
      {"digest", &CoreVerbs::digest},
      {"replay", &CoreVerbs::replay},
  };
  for (std::size_t i = 0; i < commands.size(); ++i) {
    if (commands[i].empty() || commands[i].starts_with("#")) continue;
    const Command command(commands[i]);
    say("> " + commands[i]);
    sub_ops_.clear();
    while (i + 1 < commands.size() && commands[i + 1].starts_with("  ")) {
      sub_ops_.push_back(commands[++i]);
      say("> " + commands[i]);
    }
    const auto verb = verbs.find(command.verb());
    if (verb == verbs.end()) {
      say("NO SUCH COMMAND");
      continue;
    }
    CoreVerbs handlers{*this, command};
    (handlers.*verb->second)();
  }
  return std::move(trace_);
}

}  // namespace paddock::scripts
