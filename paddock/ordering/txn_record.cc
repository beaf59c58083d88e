#include "paddock/ordering/txn_record.h"

namespace paddock::ordering {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

const std::uint8_t* raw(Bytes bytes) { return reinterpret_cast<const std::uint8_t*>(bytes.data()); }

/// Empty bytes still make a vector: null data is the absent field.
Offset<flatbuffers::Vector<std::uint8_t>> bytes_field(FlatBufferBuilder& b, Bytes bytes) {
  static const std::uint8_t none = 0;
  return b.CreateVector(bytes.empty() ? &none : raw(bytes), bytes.size());
}

Offset<flatbuffers::String> text_field(FlatBufferBuilder& b, std::string_view text) {
  return b.CreateString(text.data(), text.size());
}

Offset<flatbuffers::Vector<Offset<wal::fbs::AclEntry>>> acl_field(
    FlatBufferBuilder& b, std::span<const core::AclEntry> acl) {
  std::vector<Offset<wal::fbs::AclEntry>> entries;
  entries.reserve(acl.size());
  for (const core::AclEntry& entry : acl) {
    const auto scheme = text_field(b, entry.scheme);
    const auto id = text_field(b, entry.id);
    entries.push_back(wal::fbs::CreateAclEntry(b, entry.perms, scheme, id));
  }
  return b.CreateVector(entries);
}

/// What a step refers to, written before the table that refers to it.
struct StepParts {
  Offset<flatbuffers::String> path;
  Offset<flatbuffers::Vector<std::uint8_t>> data;
  Offset<flatbuffers::Vector<Offset<wal::fbs::AclEntry>>> acl;
  Offset<flatbuffers::Vector<std::uint8_t>> password;
};

StepParts write_parts(FlatBufferBuilder& b, const core::Step& step) {
  StepParts parts;
  if (!step.path.empty()) parts.path = text_field(b, step.path);
  if (step.data) parts.data = bytes_field(b, *step.data);
  if (!step.acl.empty()) parts.acl = acl_field(b, step.acl);
  if (!step.password.empty()) parts.password = bytes_field(b, step.password);
  return parts;
}

/// The fields that a Step and a Txn of one step have in common, wide ones first: no padding.
template <class TableBuilder>
void add_fields(TableBuilder& table, const core::Step& step, const StepParts& parts) {
  table.add_owner(step.owner);
  table.add_path(parts.path);
  table.add_data(parts.data);
  table.add_acl(parts.acl);
  table.add_password(parts.password);
  table.add_version(step.version);
  table.add_create_counter(step.create_counter);
  table.add_timeout_ms(step.timeout_ms);
  table.add_kind(static_cast<std::uint8_t>(step.kind));
}

Offset<wal::fbs::Step> write_step(FlatBufferBuilder& b, const core::Step& step) {
  const StepParts parts = write_parts(b, step);
  wal::fbs::StepBuilder table(b);
  table.add_session(step.session.value);
  add_fields(table, step, parts);
  return table.Finish();
}

bool is_of_sessions(core::StepKind kind) {
  return kind == core::StepKind::create_session || kind == core::StepKind::close_session;
}

std::string_view text(const flatbuffers::String* s) {
  return s == nullptr ? std::string_view{} : std::string_view{s->c_str(), s->size()};
}

Bytes bytes(const flatbuffers::Vector<std::uint8_t>* v) {
  return v == nullptr ? Bytes{} : Bytes{reinterpret_cast<const std::byte*>(v->data()), v->size()};
}

void read_acl(const flatbuffers::Vector<Offset<wal::fbs::AclEntry>>* from,
              std::vector<core::AclEntry>& to) {
  to.clear();
  if (from == nullptr) return;
  for (const wal::fbs::AclEntry* entry : *from)
    to.push_back({entry->perms(), text(entry->scheme()), text(entry->id())});
}

/// From a Step or a Txn of one step. `acl` holds the entries and must live as long.
template <class Table>
core::Step read_step(const Table& from, std::vector<core::AclEntry>& acl) {
  read_acl(from.acl(), acl);
  core::Step step;
  step.kind = static_cast<core::StepKind>(from.kind());
  step.path = text(from.path());
  if (from.data() != nullptr) step.data = bytes(from.data());
  step.acl = acl;
  step.owner = from.owner();
  step.version = from.version();
  step.create_counter = from.create_counter();
  if (is_of_sessions(step.kind)) step.session = SessionId{from.session()};
  step.timeout_ms = from.timeout_ms();
  step.password = bytes(from.password());
  return step;
}

std::string check_step(const core::Step& step) {
  const auto kind = static_cast<int>(step.kind);
  if (kind < static_cast<int>(core::StepKind::create_node) ||
      kind > static_cast<int>(core::StepKind::set_quota_stats))
    return "a step of unknown kind " + std::to_string(kind);
  if (step.kind == core::StepKind::create_session && step.password.size() != 16)
    return "a session whose password is not 16 bytes long";
  return {};
}

}  // namespace

// Flattened: the library's small functions, some twenty calls for a transaction, become one.
[[gnu::flatten]] void BatchBuilder::add(const core::Txn& txn) {
  if (txns_.empty()) time_ms_ = txn.time_ms;
  const bool is_spelled_out = txn.steps.size() == 1 && (!is_of_sessions(txn.steps[0].kind) ||
                                                        txn.steps[0].session == txn.session);
  StepParts parts;
  Offset<flatbuffers::Vector<Offset<wal::fbs::Step>>> steps;
  if (is_spelled_out) {
    parts = write_parts(builder_, txn.steps[0]);
  } else {
    steps_.clear();
    for (const core::Step& step : txn.steps) steps_.push_back(write_step(builder_, step));
    steps = builder_.CreateVector(steps_);
  }
  wal::fbs::TxnBuilder table(builder_);
  table.add_time_delta_ms(txn.time_ms - time_ms_);
  table.add_session(txn.session.value);
  table.add_steps(steps);
  if (is_spelled_out) add_fields(table, txn.steps[0], parts);
  txns_.push_back(table.Finish());
}

Bytes BatchBuilder::finish(std::uint64_t digest) {
  const auto txns = builder_.CreateVector(txns_);
  builder_.Finish(wal::fbs::CreateBatch(builder_, time_ms_, txns, digest));
  return {reinterpret_cast<const std::byte*>(builder_.GetBufferPointer()), builder_.GetSize()};
}

void BatchBuilder::clear() {
  builder_.Clear();
  txns_.clear();
}

Result<void, std::string> visit_txns(const wal::fbs::Batch& batch, Zxid first,
                                     const TxnVisitor& visit) {
  if (batch.txns() == nullptr) return {};
  Zxid zxid = first;
  std::vector<core::Step> steps;
  std::vector<std::vector<core::AclEntry>> acls;
  for (const wal::fbs::Txn* record : *batch.txns()) {
    steps.clear();
    const bool is_spelled_out = record->kind() != 0;
    std::size_t step_count = is_spelled_out ? 1 : 0;
    if (!is_spelled_out && record->steps() != nullptr) step_count = record->steps()->size();
    if (acls.size() < step_count) acls.resize(step_count);
    for (std::size_t i = 0; i < step_count; ++i) {
      const auto at = static_cast<flatbuffers::uoffset_t>(i);
      steps.push_back(is_spelled_out ? read_step(*record, acls[i])
                                     : read_step(*record->steps()->Get(at), acls[i]));
      if (std::string wrong = check_step(steps.back()); !wrong.empty())
        return fail("transaction " + std::to_string(zxid.value) + " holds " + wrong);
    }
    core::Txn txn;
    txn.zxid = zxid;
    txn.time_ms = batch.time_ms() + record->time_delta_ms();
    txn.session = SessionId{record->session()};
    txn.steps = steps;
    if (auto applied = visit(txn); !applied) return applied;
    zxid = next_zxid(zxid);
  }
  return {};
}

std::uint32_t ChunkBuilder::acl_index(std::span<const core::AclEntry> acl) {
  for (const auto& [entries, index] : acl_of_)
    if (entries == acl.data()) return index;
  const auto index = static_cast<std::uint32_t>(acls_.size());
  acls_.push_back(wal::fbs::CreateAclList(builder_, acl_field(builder_, acl)));
  // Only the last few are remembered: a chunk whose nodes all differ must not become quadratic, and
  // a list that is stored twice costs a few bytes.
  acl_of_.insert(acl_of_.begin(), {acl.data(), index});
  if (acl_of_.size() > 8) acl_of_.pop_back();
  return index;
}

void ChunkBuilder::add(const core::NodeValue& node) {
  const std::uint32_t acl = acl_index(node.acl);
  const wal::fbs::NodeStat stat(node.czxid, node.mzxid, node.pzxid, node.ctime_ms, node.mtime_ms,
                                node.owner, node.version, node.aversion, node.create_counter, acl);
  const auto path = text_field(builder_, node.path);
  Offset<flatbuffers::Vector<std::uint8_t>> data;
  if (node.data) data = bytes_field(builder_, *node.data);
  nodes_.push_back(wal::fbs::CreateNode(builder_, path, data, &stat));
}

void ChunkBuilder::add(const core::SessionValue& session) {
  const auto password = bytes_field(builder_, session.password);
  sessions_.push_back(
      wal::fbs::CreateSession(builder_, session.id.value, session.timeout_ms, password));
}

Bytes ChunkBuilder::finish() {
  const auto acls = builder_.CreateVector(acls_);
  const auto nodes = builder_.CreateVector(nodes_);
  const auto sessions = builder_.CreateVector(sessions_);
  builder_.Finish(wal::fbs::CreateSnapshotChunk(builder_, acls, nodes, sessions));
  return {reinterpret_cast<const std::byte*>(builder_.GetBufferPointer()), builder_.GetSize()};
}

void ChunkBuilder::clear() {
  builder_.Clear();
  nodes_.clear();
  sessions_.clear();
  acls_.clear();
  acl_of_.clear();
}

Result<void, std::string> load_chunk(const wal::fbs::SnapshotChunk& chunk, core::State& state) {
  std::vector<std::vector<core::AclEntry>> acls;
  if (chunk.acls() != nullptr) {
    acls.resize(chunk.acls()->size());
    for (std::size_t i = 0; i < acls.size(); ++i)
      read_acl(chunk.acls()->Get(static_cast<flatbuffers::uoffset_t>(i))->entries(), acls[i]);
  }
  if (chunk.nodes() != nullptr) {
    for (const wal::fbs::Node* node : *chunk.nodes()) {
      if (node->stat() == nullptr || node->stat()->acl_index() >= acls.size())
        return fail("node " + std::string(text(node->path())) + " has no Stat or no ACL");
      const wal::fbs::NodeStat& stat = *node->stat();
      core::NodeValue value;
      value.path = text(node->path());
      if (node->data() != nullptr) value.data = bytes(node->data());
      value.acl = acls[stat.acl_index()];
      value.czxid = stat.czxid();
      value.mzxid = stat.mzxid();
      value.pzxid = stat.pzxid();
      value.ctime_ms = stat.ctime_ms();
      value.mtime_ms = stat.mtime_ms();
      value.owner = stat.owner();
      value.version = stat.version();
      value.aversion = stat.aversion();
      value.create_counter = stat.create_counter();
      if (auto loaded = state.load_node(value); !loaded) return loaded;
    }
  }
  if (chunk.sessions() != nullptr) {
    for (const wal::fbs::Session* session : *chunk.sessions()) {
      core::SessionValue value{SessionId{session->id()}, session->timeout_ms(),
                               bytes(session->password())};
      if (value.password.size() != 16)
        return fail(std::string("a session's password is not 16 bytes"));
      if (auto loaded = state.load_session(value); !loaded) return loaded;
    }
  }
  return {};
}

}  // namespace paddock::ordering
