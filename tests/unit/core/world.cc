#include "tests/unit/core/world.h"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>

namespace paddock::core::test {
namespace {

using proto::ErrorCode;
using proto::OpCode;

const std::string& password() {
  static const std::string text = "0123456789abcdef";
  return text;
}

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::uint64_t hash(std::string_view text, std::uint64_t seed = 0) {
  return XXH3_64bits_withSeed(text.data(), text.size(), seed);
}

/// As docs/digest.md has it.
std::uint64_t path_hash(std::string_view path) {
  std::uint64_t at = hash("", 0);
  for (std::size_t start = 1; path.size() > 1 && start <= path.size();) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    at = hash(path.substr(start, end - start), at);
    start = end + 1;
  }
  return at;
}

std::uint64_t acl_hash(std::span<const AclEntry> acl) {
  std::uint64_t at = acl.size();
  for (const AclEntry& entry : acl) {
    std::string head;
    put<std::uint64_t>(head, static_cast<std::uint32_t>(entry.perms));
    put<std::uint64_t>(head, entry.scheme.size());
    put<std::uint64_t>(head, entry.id.size());
    at = hash(entry.id, hash(entry.scheme, hash(head, at)));
  }
  return at;
}

std::uint64_t node_term(std::string_view path, const Version& version) {
  std::string record;
  put(record, path_hash(path));
  for (const std::int64_t field : {version.czxid, version.mzxid(), version.pzxid(),
                                   version.ctime_ms, version.mtime_ms, version.owner()})
    put(record, field);
  const auto data = version.data();
  for (const std::int32_t field :
       {version.version, version.aversion(), version.create_counter(), version.num_children(),
        data ? static_cast<std::int32_t>(data->size()) : -1, 0})
    put(record, field);
  put(record, data ? hash(as_text(*data)) : 0);
  put(record, acl_hash(version.acl->entries()));
  EXPECT_EQ(record.size(), 96u);
  return hash(record);
}

std::string text_of(std::span<const AclEntry> acl) {
  std::string text;
  for (const AclEntry& entry : acl) {
    if (!text.empty()) text += ' ';
    text.append(entry.scheme).append(":").append(entry.id).append(":");
    text += std::to_string(entry.perms);
  }
  return text;
}

std::string text_of(const std::optional<Bytes>& data) {
  return data ? std::string(as_text(*data)) : "(null)";
}

}  // namespace

LoggedTxn::LoggedTxn(const Txn& from) : txn(from) {
  const auto keep = [&](std::string_view text) {
    return std::string_view(*text_.emplace_back(std::make_unique<std::string>(text)));
  };
  for (const Step& step : from.steps) {
    Step& kept = steps_.emplace_back(step);
    kept.path = keep(step.path);
    if (step.data) kept.data = as_bytes(keep(as_text(*step.data)));
    kept.password = as_bytes(keep(as_text(step.password)));
    auto& acl = *acls_.emplace_back(std::make_unique<std::vector<AclEntry>>());
    for (const AclEntry& entry : step.acl)
      acl.push_back({entry.perms, keep(entry.scheme), keep(entry.id)});
    kept.acl = acl;
  }
  txn.steps = steps_;
}

World::World(const State::Options& options) : state(options), options_(options) {
  EXPECT_EQ(open_session(session), ErrorCode::ok);
}

ErrorCode World::run(const WriteRequest& request) {
  auto progress = state.prepare(request, out, step_budget);
  for (slices = 1; progress == State::Progress::more; ++slices) {
    if (between_slices) between_slices();
    progress = state.resume(step_budget);
  }
  if (out.has_txn) log.push_back(std::make_unique<LoggedTxn>(out.txn));
  if (commits) commit_all();
  return out.err;
}

ErrorCode World::write(OpCode op, std::string_view body_text) {
  return run({.op = op,
              .body = as_bytes(body_text),
              .session = session,
              .identities = &identities,
              .now_ms = now_ms});
}

ErrorCode World::open_session(SessionId id, std::int32_t timeout_ms) {
  return run({.op = OpCode::create_session,
              .session = id,
              .now_ms = now_ms,
              .timeout_ms = timeout_ms,
              .password = as_bytes(password())});
}

ErrorCode World::close_session(SessionId id) {
  return run({.op = OpCode::close_session, .session = id, .now_ms = now_ms});
}

ErrorCode World::remove_container(std::string_view path) {
  const std::string request = body_of(proto::PathRequest{path});
  return run({.op = OpCode::delete_container, .body = as_bytes(request), .now_ms = now_ms});
}

void World::commit_all() {
  state.seal();
  state.commit(state.newest());
  state.reclaim();
}

std::string World::reply_path() const {
  proto::Reader in(out.reply_body.bytes());
  return std::string(in.ustring().value_or("(null)"));
}

proto::Stat World::reply_stat() const {
  const auto reply = proto::decode<proto::StatReply>(out.reply_body.bytes());
  EXPECT_TRUE(reply.has_value());
  EXPECT_EQ(out.reply_body.size(), proto::stat_bytes);
  return reply ? reply->stat : proto::Stat{};
}

std::vector<SubResult> World::multi_results() const {
  return read_multi_results(out.reply_body.bytes());
}

std::vector<std::string> World::events() const {
  std::vector<std::string> all;
  for (const Event& event : out.events)
    all.push_back(std::string(name_of(event.type)) + " " + std::string(event.path));
  return all;
}

ErrorCode World::exists(std::string_view path) {
  return read([&](const ReadView& view) { return read_exists(view, path, body); });
}

ErrorCode World::get(std::string_view path) {
  return read([&](const ReadView& view) { return read_get_data(view, path, body); });
}

proto::Stat World::stat(std::string_view path) {
  if (const ErrorCode err = exists(path); err != ErrorCode::ok) {
    ADD_FAILURE() << path << " gives " << static_cast<int>(err);
    return {};
  }
  return proto::decode<proto::StatReply>(body.bytes())->stat;
}

std::string World::data(std::string_view path) {
  if (const ErrorCode err = get(path); err != ErrorCode::ok) {
    ADD_FAILURE() << path << " gives " << static_cast<int>(err);
    return {};
  }
  return text_of(proto::decode<proto::DataReply>(body.bytes())->data);
}

std::vector<std::string> World::children(std::string_view path) {
  const ErrorCode err =
      read([&](const ReadView& view) { return read_children(view, path, false, body); });
  EXPECT_EQ(err, ErrorCode::ok) << path;
  std::vector<std::string> names;
  if (err != ErrorCode::ok) return names;
  const auto reply = proto::decode<proto::NamesReply>(body.bytes());
  for (const proto::Ustring& name : reply->names.items) names.emplace_back(*name);
  std::ranges::sort(names);
  return names;
}

std::string World::acl(std::string_view path) {
  const ErrorCode err = read([&](const ReadView& view) { return read_get_acl(view, path, body); });
  EXPECT_EQ(err, ErrorCode::ok) << path;
  if (err != ErrorCode::ok) return {};
  std::vector<AclEntry> entries;
  const auto reply = proto::decode<proto::AclReply>(body.bytes());
  for (const proto::Acl& entry : reply->acl.items)
    entries.push_back({entry.perms, *entry.scheme, *entry.id});
  return text_of(entries);
}

std::unique_ptr<State> World::replayed() const {
  auto copy = std::make_unique<State>(options_);
  for (const auto& logged : log) {
    const auto applied = copy->replay(logged->txn);
    EXPECT_TRUE(applied.has_value()) << (applied ? "" : applied.error());
  }
  return copy;
}

std::uint64_t digest_from_scratch(State& state) {
  std::uint64_t sum = 0;
  std::string path;
  state.trie().visit_all([&](Znode& node) {
    path.clear();
    node.append_path(path);
    sum += node_term(path, *Trie::newest(node));
  });
  state.visit_sessions(state.newest(), [&](const SessionValue& session) {
    std::string record;
    put(record, session.id.value);
    put(record, session.timeout_ms);
    put(record, 0);
    record.append(as_text(session.password));
    EXPECT_EQ(record.size(), 32u);
    sum += hash(record);
  });
  return sum;
}

std::map<std::string, std::string> dump(State& state) {
  std::map<std::string, std::string> all;
  state.trie().visit_all([&](Znode& node) {
    std::string path;
    node.append_path(path);
    const Version& v = *Trie::newest(node);
    std::string text = text_of(v.data());
    for (const auto& [name, value] : {std::pair{" c=", v.czxid},
                                      {" m=", v.mzxid()},
                                      {" p=", v.pzxid()},
                                      {" ct=", v.ctime_ms},
                                      {" mt=", v.mtime_ms},
                                      {" owner=", v.owner()},
                                      {" v=", v.version},
                                      {" a=", v.aversion()},
                                      {" counter=", v.create_counter()},
                                      {" children=", v.num_children()}})
      text += name + std::to_string(value);
    all[path] = text + " " + text_of(v.acl->entries());
  });
  return all;
}

std::string_view name_of(proto::EventType type) {
  switch (type) {
    case proto::EventType::node_created:
      return "created";
    case proto::EventType::node_deleted:
      return "deleted";
    case proto::EventType::node_data_changed:
      return "data";
    case proto::EventType::node_children_changed:
      return "children";
  }
  return "?";
}

std::vector<SubResult> read_multi_results(Bytes body) {
  std::vector<SubResult> results;
  proto::Reader in(body);
  for (proto::MultiReader walk(in); const auto header = walk.next();) {
    proto::MultiResult result;
    proto::read_multi_result(in, *header, result);
    SubResult& kept = results.emplace_back();
    kept.op = result.op;
    kept.err = result.err;
    if (const auto* reply = std::get_if<proto::PathReply>(&result.body))
      kept.path = reply->path.value_or("");
    if (const auto* reply = std::get_if<proto::PathStatReply>(&result.body)) {
      kept.path = reply->path.value_or("");
      kept.stat = reply->stat;
    }
    if (const auto* reply = std::get_if<proto::StatReply>(&result.body)) kept.stat = reply->stat;
  }
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.rest().size(), 0u);
  return results;
}

}  // namespace paddock::core::test
