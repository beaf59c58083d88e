// What a Run compares after its steps.

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "tests/property/convert.h"
#include "tests/property/run.h"

namespace paddock::property {
namespace {

std::string text_of(const GrantList& acl) {
  std::string text;
  for (const Grant& grant : acl)
    text += fmt::format("({} {} {})", grant.perms, grant.scheme, printable(grant.id));
  return text;
}

std::string text_of(const Node& node, std::size_t child_count) {
  return fmt::format(
      "data={} acl={} czxid={} mzxid={} pzxid={} ctime={} mtime={} owner={:#x} version={} "
      "aversion={} counter={} children={}",
      node.data ? "'" + *node.data + "'" : "null", text_of(node.acl), node.czxid, node.mzxid,
      node.pzxid, node.ctime_ms, node.mtime_ms, node.owner, node.version, node.aversion,
      node.create_counter, child_count);
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + " ";
  return all;
}

/// The names in front of a getChildren reply, sorted, and what follows them.
std::pair<std::vector<std::string>, std::string> split_names(const std::string& reply) {
  std::size_t at = 0;
  const auto number = [&] {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(reply.at(at++));
    return value;
  };
  std::vector<std::string> names;
  for (std::uint32_t left = number(); left > 0; --left) {
    const std::uint32_t length = number();
    names.push_back(reply.substr(at, length));
    at += length;
  }
  std::ranges::sort(names);
  return {names, reply.substr(at)};
}

}  // namespace

void Run::differ(const std::string& what, const std::string& core, const std::string& model) {
  if (difference_.empty())
    difference_ = fmt::format("{}\n  core:  {}\n  model: {}", what, core, model);
}

void Run::compare_answer(const Answer& answer) {
  equal("error code", static_cast<std::int32_t>(out_.err), answer.err);
  equal("zxid", out_.zxid.value, answer.zxid);
  equal("whether there is a transaction", int{out_.has_txn}, int{answer.has_txn});
  equal("reply", std::string(as_text(out_.reply_body.bytes())), answer.reply);
  const bool closes = request_.op.opcode == op_close_session && answer.has_txn;
  equal("session ended", out_.session_ended.value, closes ? request_.session : 0);
  compare_events(answer);
  compare_excess(answer);
  if (!out_.has_txn) return equal("steps without a transaction", out_.txn.steps.size(), 0ul);
  equal("zxid of the transaction", out_.txn.zxid.value, answer.zxid);
  equal("time of the transaction", out_.txn.time_ms, request_.now_ms);
  equal("session of the transaction", out_.txn.session.value, request_.session);
}

void Run::compare_events(const Answer& answer) {
  std::vector<ExpectedEvent> told;
  for (const core::Event& event : out_.events)
    told.push_back(
        {static_cast<std::int32_t>(event.type), std::string(event.path), grants_of(*event.acl)});
  std::vector<ExpectedEvent> expected = answer.events;
  if (request_.op.opcode == op_close_session) {
    // Node by node, in an order that is nobody's business: put the pairs into one order.
    for (auto* events : {&told, &expected}) {
      std::vector<std::pair<ExpectedEvent, ExpectedEvent>> pairs;
      for (std::size_t i = 0; i + 1 < events->size(); i += 2)
        pairs.emplace_back((*events)[i], (*events)[i + 1]);
      std::ranges::sort(pairs);
      for (std::size_t i = 0; i < pairs.size(); ++i)
        std::tie((*events)[2 * i], (*events)[2 * i + 1]) = pairs[i];
    }
  }
  const auto text = [](const std::vector<ExpectedEvent>& events) {
    std::string all;
    for (const ExpectedEvent& event : events)
      all += fmt::format("{} {} {}; ", event.type, event.path, text_of(event.acl));
    return all;
  };
  equal("events", text(told), text(expected));
}

void Run::compare_excess(const Answer& answer) {
  const auto text = [](const auto& excess) {
    return excess ? fmt::format("{} {} {} of {} {}", excess->path, excess->what, excess->value,
                                excess->is_hard ? "hard" : "soft", excess->limit)
                  : std::string("none");
  };
  equal("quota exceeded", text(out_.quota_excess), text(answer.excess));
}

void Run::compare_totals(const core::State& state, const char* which) {
  const Tree& tree = model_.tree();
  const std::string in = std::string(" of the ") + which;
  equal("newest zxid" + in, state.newest().value, tree.zxid);
  equal("digest" + in, state.digest(), digest(tree));
  equal("node count" + in, state.node_count(), tree.nodes.size());
  equal("data size" + in, state.approximate_data_bytes(), tree.approximate_data_bytes());
  equal("session count" + in, state.session_count(), tree.sessions.size());
  equal("ephemeral count" + in, state.ephemeral_count(), tree.ephemeral_count());
  std::size_t removable = 0;
  for (const auto& [path, node] : tree.nodes) removable += is_removable(node) ? 1 : 0;
  equal("containers and TTL nodes" + in, state.removable_count(), removable);
}

/// Every field of every node, and every session.
void Run::compare_content(core::State& state, const Tree& tree, const char* which) {
  std::size_t count = 0;
  state.trie().visit_all([&](core::Znode& at) {
    std::string path;
    at.append_path(path);
    ++count;
    const core::Version& version = *core::Trie::newest(at);
    const Node* expected = tree.find(path);
    const std::string text =
        text_of(node_of(version), static_cast<std::size_t>(version.num_children()));
    equal(fmt::format("'{}' in the {}", printable(path), which), text,
          expected ? text_of(*expected, expected->children.size()) : "(missing)");
    std::set<std::string> children;
    core::ChildWalk walk(at, Zxid{INT64_MAX});
    while (const core::Znode* child = walk.next()) children.emplace(child->name());
    if (expected && children != expected->children) differ("children of " + path, "others", which);
  });
  equal(std::string("nodes in the ") + which, count, tree.nodes.size());
  for (const auto& [id, session] : tree.sessions) {
    const core::Session* found = state.find_session(SessionId{id});
    if (found == nullptr) return differ("session", "missing", std::to_string(id));
    equal("timeout", found->timeout_ms, session.timeout_ms);
    equal("password", std::string(as_text(found->password)), session.password);
    auto paths = state.ephemerals(SessionId{id});
    std::ranges::sort(paths);
    equal("ephemerals", joined(paths), joined(tree.ephemerals(id)));
  }
}

void Run::compare_read(const char* name, proto::ErrorCode err, const ReadAnswer& answer) {
  coverage_.count(name, answer.err);
  equal(std::string("error code of ") + name, static_cast<std::int32_t>(err), answer.err);
  std::string reply(as_text(reply_.bytes()));
  if (std::string_view(name).starts_with("getChildren") && err == proto::ErrorCode::ok) {
    const auto [names, rest] = split_names(reply);
    equal(std::string("names of ") + name, joined(names), joined(answer.names));
    reply = rest;
  }
  equal(std::string("reply of ") + name, reply, answer.reply);
}

void Run::compare_sessions(const Tree& tree) {
  std::size_t count = 0;
  state_->visit_sessions(Zxid{tree.zxid}, [&](const core::SessionValue& value) {
    ++count;
    const auto found = tree.sessions.find(value.id.value);
    if (found == tree.sessions.end())
      return differ("session at a snapshot", std::to_string(value.id.value), "none");
    equal("timeout at a snapshot", value.timeout_ms, found->second.timeout_ms);
    equal("password at a snapshot", std::string(as_text(value.password)), found->second.password);
  });
  equal("sessions at a snapshot", count, tree.sessions.size());
}

}  // namespace paddock::property
