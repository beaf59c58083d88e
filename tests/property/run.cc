#include "tests/property/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <concepts>

namespace paddock::property {
namespace {

constexpr std::uint32_t reader_count = 4;
constexpr std::size_t batches_in_flight_max = 4;

core::IdentitySet identities_of(const std::vector<Who>& who) {
  core::IdentitySet set;
  for (const Who& one : who) set.push_back({one.scheme, one.id});
  return set;
}

GrantList grants_of(const core::Acl& acl) {
  GrantList list;
  for (const core::AclEntry& entry : acl.entries())
    list.push_back({entry.perms, std::string(entry.scheme), std::string(entry.id)});
  return list;
}

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

/// A version of the core as a node of the model, but for the children's names.
Node node_of(const core::Version& version) {
  Node node;
  if (const auto data = version.data()) node.data = std::string(as_text(*data));
  node.acl = grants_of(*version.acl);
  node.czxid = version.czxid;
  node.mzxid = version.mzxid;
  node.pzxid = version.pzxid;
  node.ctime_ms = version.ctime_ms;
  node.mtime_ms = version.mtime_ms;
  node.owner = version.owner;
  node.version = version.version;
  node.aversion = version.aversion;
  node.create_counter = version.create_counter;
  return node;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + " ";
  return all;
}

template <class T>
std::string shown(const T& value) {
  if constexpr (std::same_as<T, std::string>)
    return printable(value);
  else
    return std::to_string(value);
}

std::string load(core::State& state, const Tree& tree) {
  for (const auto& [path, node] : tree.nodes) {
    std::vector<core::AclEntry> acl;
    for (const Grant& grant : node.acl) acl.push_back({grant.perms, grant.scheme, grant.id});
    core::NodeValue value;
    value.path = path;
    if (node.data) value.data = as_bytes(*node.data);
    value.acl = acl;
    value.czxid = node.czxid;
    value.mzxid = node.mzxid;
    value.pzxid = node.pzxid;
    value.ctime_ms = node.ctime_ms;
    value.mtime_ms = node.mtime_ms;
    value.owner = node.owner;
    value.version = node.version;
    value.aversion = node.aversion;
    value.create_counter = node.create_counter;
    if (const auto loaded = state.load_node(value); !loaded) return loaded.error();
  }
  for (const auto& [id, session] : tree.sessions) {
    const auto loaded =
        state.load_session({SessionId{id}, session.timeout_ms, as_bytes(session.password)});
    if (!loaded) return loaded.error();
  }
  const auto finished = state.finish_load(Zxid{tree.zxid});
  return finished ? "" : finished.error();
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

Run::Run(const Setup& setup, std::uint64_t seed, Coverage& coverage)
    : setup_(setup),
      coverage_(coverage),
      random_(seed),
      generator_(random_),
      model_({.extended_types_enabled = setup.options.extended_types_enabled,
              .skip_acl = setup.options.skip_acl,
              .enforce_quota = setup.options.enforce_quota},
             setup.start),
      state_(std::make_unique<core::State>(setup.options)),
      replica_(std::make_unique<core::State>(setup.options)),
      committed_(std::make_shared<Tree>(setup.start)),
      readers_(reader_count) {
  for (core::State* state : {state_.get(), replica_.get()})
    equal("loading the start", load(*state, setup.start), std::string());
  compare_totals(*state_, "start");
}

Run::~Run() { let_go_of_readers(); }

void Run::differ(const std::string& what, const std::string& core, const std::string& model) {
  if (difference_.empty())
    difference_ = fmt::format("{}\n  core:  {}\n  model: {}", what, core, model);
}

template <class T>
void Run::equal(const std::string& what, const T& core, const T& model) {
  if (!(core == model)) differ(what, shown(core), shown(model));
}

bool Run::step() {
  write(generator_.request(model_.tree()));
  if (random_.one_in(8)) seal();
  while (difference_.empty() && !random_.one_in(3)) do_something_between();
  if (random_.one_in(40)) reap();
  if (random_.one_in(300)) compare_content(*state_, model_.tree(), "state");
  if (random_.one_in(300)) compare_content(*replica_, model_.tree(), "replica");
  if (random_.one_in(500)) load_from_snapshot();
  if (random_.one_in(3000)) crash();
  return difference_.empty();
}

// --- Writes.

void Run::write(Request request) {
  request_ = std::move(request);
  const Answer answer = model_.apply(request_);
  for (const auto& [operation, err] : answer.judged) coverage_.count(operation, err);
  {
    // All of it goes before the answer is looked at: nothing in there may be borrowed.
    const auto who = std::make_unique<core::IdentitySet>(identities_of(request_.who));
    auto body = std::make_unique<std::string>(body_of(request_.op));
    if (request_.cut_short) body->resize(random_.below(body->size()));
    const auto password = std::make_unique<std::string>(request_.password);
    core::WriteRequest write;
    write.op = static_cast<proto::OpCode>(request_.op.opcode);
    write.body = as_bytes(*body);
    write.session = SessionId{request_.session};
    write.identities = who.get();
    write.now_ms = request_.now_ms;
    write.timeout_ms = request_.timeout_ms;
    write.password = as_bytes(*password);
    drive(write);
  }
  compare_answer(answer);
  compare_totals(*state_, "state");
  if (answer.has_txn && difference_.empty()) replay();
}

/// Prepares in slices of any size, with anything that may happen in between.
void Run::drive(const core::WriteRequest& write) {
  const bool in_slices = random_.one_in(2);
  const auto budget = [&] { return in_slices ? random_.below(4) : SIZE_MAX; };
  auto progress = state_->prepare(write, out_, budget());
  while (progress == core::State::Progress::more) {
    if (random_.one_in(3)) do_something_between();
    progress = state_->resume(budget());
  }
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

void Run::replay() {
  log_.push_back(std::make_unique<LoggedTxn>(out_.txn));
  const core::Txn& txn = log_.back()->txn();
  const auto replayed = replica_->replay(txn);
  equal("replay", replayed ? "" : replayed.error(), std::string());
  // What is in already is refused and changes nothing.
  if (random_.one_in(50) && replica_->replay(txn)) differ("replay", "twice", "refused");
  compare_totals(*replica_, "replica");
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
        text_of(node_of(version), static_cast<std::size_t>(version.num_children));
    equal(fmt::format("'{}' in the {}", printable(path), which), text,
          expected ? text_of(*expected, expected->children.size()) : "(missing)");
    std::set<std::string> children;
    state.trie().visit_children(at, [&](core::Znode& child) { children.emplace(child.name()); });
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

// --- What happens around writes.

/// All of this may come between the slices of a transaction.
void Run::do_something_between() {
  switch (random_.below(6)) {
    case 0:
      return commit_some();
    case 1:
      return state_->reclaim();
    case 2:
      return move_a_reader();
    default:
      return read();
  }
}

/// A round in slices, in which some of what it finds is removed: it finds all that is due when it
/// begins, and nothing that is not due when it is found.
void Run::reap() {
  core::State::RemovableWhen when;
  when.now_ms = request_.now_ms + static_cast<std::int64_t>(random_.below(60));
  when.never_used_ms_max = random_.one_in(2) ? 0 : static_cast<std::int64_t>(random_.below(60));
  const auto is_due_now = [&](const std::string& path) {
    const Node* node = model_.tree().find(path);
    return node != nullptr && is_due(*node, when.now_ms, when.never_used_ms_max);
  };
  std::set<std::string> missing;
  for (const auto& [path, node] : model_.tree().nodes)
    if (is_due_now(path)) missing.insert(path);

  core::State::RemovableRound round;
  while (!round.is_over() && difference_.empty()) {
    state_->visit_removable(round, when, 1 + random_.below(8), [&](std::string_view found) {
      if (random_.one_in(10)) return false;  // it begins with this one again
      const std::string path(found);
      if (!is_due_now(path)) differ("found to be removed", printable(path), "not due");
      missing.erase(path);
      if (random_.one_in(2)) {
        Request remove;
        remove.op.opcode = op_delete_container;
        remove.op.path = path;
        remove.now_ms = when.now_ms;
        write(std::move(remove));
        equal("removal of what is due", static_cast<std::int32_t>(out_.err), 0);
      }
      return difference_.empty();
    });
    if (random_.one_in(3)) do_something_between();
  }
  if (!missing.empty()) differ("a round", "missed " + printable(*missing.begin()), "is due");
}

void Run::seal() {
  if (sealed_.size() == batches_in_flight_max) commit_some();
  state_->seal();
  sealed_.push_back(std::make_shared<Tree>(model_.tree()));
}

void Run::commit_some() {
  if (sealed_.empty()) return;
  for (std::uint64_t count = 1 + random_.below(sealed_.size()); count > 0; --count) {
    committed_ = sealed_.front();
    sealed_.pop_front();
  }
  state_->commit(Zxid{committed_->zxid});
  equal("committed", state_->committed().value, committed_->zxid);
  forget_log();
}

void Run::move_a_reader() {
  const auto number = static_cast<std::uint32_t>(random_.below(reader_count));
  Reader& reader = readers_[number];
  core::Pins& pins = state_->trie().pins();
  switch (random_.below(4)) {
    case 0:
      if (reader.pinned != nullptr) pins.unpin(number);
      reader.pinned = nullptr;
      return;
    case 1:
      if (reader.held != nullptr) {
        pins.drop(number);
        reader.held = nullptr;
      } else if (reader.pinned != nullptr) {
        pins.hold(number);
        reader.held = reader.pinned;
      }
      return;
    default:
      equal("pin", pins.pin(number).value, committed_->zxid);
      reader.pinned = committed_;
  }
}

void Run::let_go_of_readers() {
  for (std::uint32_t number = 0; number < reader_count; ++number) {
    if (readers_[number].pinned != nullptr) state_->trie().pins().unpin(number);
    if (readers_[number].held != nullptr) state_->trie().pins().drop(number);
    readers_[number] = {};
  }
}

/// A transaction that no snapshot can lie before any more.
void Run::forget_log() {
  std::int64_t oldest = committed_->zxid;
  for (const Reader& reader : readers_)
    for (const Snapshot& snapshot : {reader.pinned, reader.held})
      if (snapshot != nullptr) oldest = std::min(oldest, snapshot->zxid);
  while (!log_.empty() && log_.front()->txn().zxid.value <= oldest) log_.pop_front();
}

// --- Reads.

void Run::read() {
  const auto number = static_cast<std::uint32_t>(random_.below(reader_count));
  const Reader& reader = readers_[number];
  const Snapshot& snapshot = random_.one_in(2) && reader.held ? reader.held : reader.pinned;
  if (snapshot != nullptr) read_at(number, *snapshot);
}

void Run::read_at(std::uint32_t reader, const Tree& tree) {
  const std::vector<Who> who = generator_.who();
  const core::IdentitySet identities = identities_of(who);
  const std::string path = java_text(generator_.path(tree));
  const Reading reading{tree, who, setup_.options.skip_acl};
  const core::Epoch::Guard inside(state_->trie().epoch(), reader);
  const core::ReadView view{state_->trie(), Zxid{tree.zxid}, identities, setup_.options.skip_acl};
  reply_.clear();
  const std::string where = fmt::format(" '{}' at {}", printable(path), tree.zxid);
  switch (random_.below(8)) {
    case 0:
      return compare_read("exists", read_exists(view, path, reply_), exists(reading, path));
    case 1:
      return compare_read("getData", read_get_data(view, path, reply_), get_data(reading, path));
    case 2:
      return compare_read("getACL", read_get_acl(view, path, reply_), get_acl(reading, path));
    case 3:
      return compare_read("getChildren", read_children(view, path, false, reply_),
                          get_children(reading, path, false));
    case 4:
      return compare_read("getChildren2", read_children(view, path, true, reply_),
                          get_children(reading, path, true));
    case 5:
      return compare_read("getAllChildrenNumber", read_all_children_number(view, path, reply_),
                          get_all_children_number(reading, path));
    case 6: {
      const core::WatchedNode watched = read_watched(view, path);
      const Node* node = tree.find(path.empty() ? "/" : path);
      equal("watched" + where, int{watched.exists}, int{node != nullptr});
      equal("watched mzxid" + where, watched.mzxid.value, node ? node->mzxid : 0);
      return equal("watched pzxid" + where, watched.pzxid.value, node ? node->pzxid : 0);
    }
    default:
      return compare_sessions(tree);
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

// --- Recovery.

/// A snapshot at some reader's place, then the log behind it, is the newest state.
void Run::load_from_snapshot() {
  const auto number = static_cast<std::uint32_t>(random_.below(reader_count));
  if (readers_[number].pinned == nullptr) return;
  if (readers_[number].held == nullptr) {
    state_->trie().pins().hold(number);
    readers_[number].held = readers_[number].pinned;
  }
  const Snapshot snapshot = readers_[number].held;
  Tree dumped;
  dumped.zxid = snapshot->zxid;
  core::SnapshotCursor cursor(state_->trie(), Zxid{snapshot->zxid}, number);
  const auto keep = [&](const core::Znode&, std::string_view path, const core::Version& version) {
    dumped.nodes[std::string(path)] = node_of(version);
  };
  while (cursor.visit_shard(keep)) {
    // The tree moves on meanwhile; a write would be a step of its own, so only some of it does.
    if (random_.one_in(64)) do_something_between();
    if (readers_[number].held != snapshot) return;  // the hold was dropped: no snapshot this time
  }
  state_->visit_sessions(Zxid{snapshot->zxid}, [&](const core::SessionValue& value) {
    dumped.sessions[value.id.value] = {value.timeout_ms, std::string(as_text(value.password))};
  });

  auto loaded = std::make_unique<core::State>(setup_.options);
  equal("loading a snapshot", load(*loaded, dumped), std::string());
  equal("digest of a loaded snapshot", loaded->digest(), digest(*snapshot));
  compare_content(*loaded, *snapshot, "loaded snapshot");
  for (const auto& logged : log_) {
    if (logged->txn().zxid.value <= snapshot->zxid) continue;
    const auto replayed = loaded->replay(logged->txn());
    equal("replay behind a snapshot", replayed ? "" : replayed.error(), std::string());
  }
  replica_ = std::move(loaded);
  if (difference_.empty()) compare_totals(*replica_, "replica");
}

/// The state is gone; what has been replayed goes on in its place.
void Run::crash() {
  let_go_of_readers();
  out_.clear();
  state_ = std::move(replica_);
  state_->seal();
  state_->commit(state_->newest());
  sealed_.clear();
  committed_ = std::make_shared<Tree>(model_.tree());
  log_.clear();
  replica_ = std::make_unique<core::State>(setup_.options);
  equal("loading after a crash", load(*replica_, model_.tree()), std::string());
}

bool Run::finish() {
  if (!difference_.empty()) return false;
  let_go_of_readers();
  // What an undone transaction had queued waits for the next one that takes its zxid.
  Request last;
  last.op.opcode = op_create_session;
  last.session = 0x5555;
  last.password = "fedcba9876543210";
  write(last);
  out_.clear();
  seal();
  while (!sealed_.empty()) commit_some();
  core::Trie& trie = state_->trie();
  for (int round = 0; round < 10'000 && trie.version_count() > model_.tree().nodes.size(); ++round)
    state_->reclaim();
  state_->reclaim();
  const std::size_t nodes = model_.tree().nodes.size();
  equal("versions left", trie.version_count(), nodes);
  equal("nodes in the table", trie.node_table_size(), nodes);
  equal("nodes waiting", trie.nodes_waiting(), 0ul);
  std::set<GrantList> lists;
  for (const auto& [path, node] : model_.tree().nodes) lists.insert(node.acl);
  // One more may be remembered for the next request.
  if (trie.acls().size() > lists.size() + 1)
    differ("ACL lists", std::to_string(trie.acls().size()), std::to_string(lists.size()));
  compare_content(*state_, model_.tree(), "state");
  compare_content(*replica_, model_.tree(), "replica");
  return difference_.empty();
}

}  // namespace paddock::property
