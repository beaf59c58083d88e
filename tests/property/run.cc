#include "tests/property/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "tests/property/convert.h"

namespace paddock::property {
namespace {

constexpr std::uint32_t reader_count = 4;
constexpr std::size_t batches_in_flight_max = 4;

core::IdentitySet identities_of(const std::vector<Who>& who) {
  core::IdentitySet set;
  for (const Who& one : who) set.push_back({one.scheme, one.id});
  return set;
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

void Run::replay() {
  log_.push_back(std::make_unique<LoggedTxn>(out_.txn));
  const core::Txn& txn = log_.back()->txn();
  const auto replayed = replica_->replay(txn);
  equal("replay", replayed ? "" : replayed.error(), std::string());
  // What is in already is refused and changes nothing.
  if (random_.one_in(50) && replica_->replay(txn)) differ("replay", "twice", "refused");
  compare_totals(*replica_, "replica");
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
  const auto keep = [&](const core::Znode& node, const core::Version& version) {
    std::string path;
    node.append_path(path);
    dumped.nodes[path] = node_of(version);
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
