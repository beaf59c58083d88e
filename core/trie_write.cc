#include "core/base/check.h"
#include "core/trie.h"

/// Transactions on the trie: begin, changes, keep or undo (R3b, R10).
namespace paddock::core {

void Trie::begin(Zxid zxid) {
  CHECK(!open_);
  CHECK(zxid.value > newest_zxid_);
  CHECK(undo_.empty());
  txn_zxid_ = zxid.value;
  open_ = true;
}

Version& Trie::edit(Znode& node) {
  CHECK(open_);
  // relaxed, here and below: only the writer stores.
  Version* before = node.newest_.load(std::memory_order_relaxed);
  CHECK(!before->is_tombstone());
  if (before->zxid == txn_zxid_ && before->has_rare()) return *before;
  Version* version = copy_version(txn_zxid_, *before);
  publish(node, version);
  return *version;
}

Version& Trie::edit_data(Znode& node, std::optional<Bytes> data, Mzxid mzxid) {
  CHECK(open_);
  const Version* before = node.newest_.load(std::memory_order_relaxed);
  CHECK(!before->is_tombstone());
  const bool is_usual = !before->has_rare() && mzxid == Mzxid::moves;
  Version* version = make_version(txn_zxid_, before, data, is_usual ? Fields::usual : Fields::all);
  if (!is_usual && mzxid == Mzxid::moves) version->rare().mzxid = txn_zxid_;
  publish(node, version);
  return *version;
}

Znode& Trie::add_child(Znode& parent, std::string_view name, std::optional<Bytes> data,
                       const Acl* acl, std::int64_t owner) {
  CHECK(open_);
  CHECK(newest(parent) != nullptr);
  const std::uint64_t hash = child_hash(parent.path_hash_, name);
  Znode* node = find_child(parent, name, hash);
  if (node != nullptr) CHECK(newest(*node) == nullptr);

  Version* version =
      make_version(txn_zxid_, nullptr, data, owner == 0 ? Fields::usual : Fields::all);
  version->czxid = txn_zxid_;
  version->set_acl(acl);
  if (owner != 0) {
    version->rare().mzxid = version->rare().pzxid = txn_zxid_;
    version->rare().owner = owner;
  }
  if (node != nullptr) {
    publish(*node, version);
    return *node;
  }
  node = make_node(&parent, name, hash);
  publish(*node, version);
  link(*node);
  return *node;
}

Version& Trie::created(Znode& node) {
  Version* version = node.newest_.load(std::memory_order_relaxed);  // only the writer stores
  CHECK(version->zxid == txn_zxid_);
  CHECK(version->czxid == txn_zxid_);
  return *version;
}

void Trie::remove(Znode& node) {
  CHECK(open_);
  CHECK(&node != root_);
  CHECK(newest(node) != nullptr);
  Version* tombstone = make_version(txn_zxid_, nullptr, std::nullopt, Fields::usual);
  tombstone->set_length(Version::tombstone);
  publish(node, tombstone);
  enqueue(node, txn_zxid_);
}

/// Makes `version`, which is this transaction's, the newest of the node, and decides what becomes
/// of the one before it: this transaction's own goes at once; one of the open batch leaves the
/// chain, kept for undo() (R3b); any other becomes its older one.
void Trie::publish(Znode& node, Version* version) {
  // relaxed loads and stores of `older`: only the writer stores, and the release below publishes.
  Version* before = node.newest_.load(std::memory_order_relaxed);
  ++version_count_;
  if (before == nullptr) {
    undo_.push_back({&node, nullptr});
  } else if (before->zxid == txn_zxid_) {
    version->older.store(before->older.load(std::memory_order_relaxed), std::memory_order_relaxed);
  } else if (undo_.push_back({&node, before}); before->zxid > sealed_zxid_) {
    version->older.store(before->older.load(std::memory_order_relaxed), std::memory_order_relaxed);
  } else {
    version->older.store(before, std::memory_order_relaxed);
    enqueue(node, txn_zxid_);
  }
  node.newest_.store(version, std::memory_order_release);  // [T3], and [T5] of its `older`
  if (before != nullptr && before->zxid == txn_zxid_) retire(before);
}

void Trie::keep() {
  CHECK(open_);
  for (const Undo& entry : undo_)
    if (entry.before != nullptr && entry.before->zxid > sealed_zxid_) retire(entry.before);
  undo_.clear();
  newest_zxid_ = txn_zxid_;
  open_ = false;
}

void Trie::undo() {
  CHECK(open_);
  // Backwards: a node that was added goes before the parent that was added before it.
  while (!undo_.empty()) {
    const auto [node, before] = undo_.back();
    undo_.pop_back();
    // relaxed: only the writer stores.
    Version* version = node->newest_.load(std::memory_order_relaxed);
    CHECK(version->zxid == txn_zxid_);
    if (before != nullptr) {
      node->newest_.store(before, std::memory_order_release);  // [T3]
      // reclaim() may have run in between and have seen nothing to do for this node.
      if (before->is_tombstone() || before->older.load(std::memory_order_relaxed) != nullptr)
        enqueue(*node, before->zxid);
    } else {
      unlink(*node);
    }
    retire(version);
  }
  open_ = false;
}

void Trie::seal() {
  CHECK(!open_);
  sealed_zxid_ = newest_zxid_;
}

void Trie::commit(Zxid zxid) {
  CHECK(zxid.value <= sealed_zxid_);
  pins_.commit(zxid);
}

void Trie::link(Znode& node) {
  table_.insert(&node);
  Znode& parent = *node.parent_;
  // relaxed: only the writer stores; the release below publishes.
  Znode* next = parent.first_child_.load(std::memory_order_relaxed);
  node.next_sibling_.store(next, std::memory_order_relaxed);
  if (next != nullptr) next->previous_sibling_ = &node;
  parent.first_child_.store(&node, std::memory_order_release);  // [T4]
}

/// Takes the node out of table and child list; its memory goes when nothing refers to it any more.
/// Its next_sibling stays, for readers that stand on it.
void Trie::unlink(Znode& node) {
  // relaxed: only the writer stores.
  DCHECK(node.first_child_.load(std::memory_order_relaxed) == nullptr);
  table_.remove(&node);
  Znode& parent = *node.parent_;
  Znode* next = node.next_sibling_.load(std::memory_order_relaxed);
  Znode* previous = node.previous_sibling_;
  if (next != nullptr) next->previous_sibling_ = previous;
  if (previous != nullptr) {
    previous->next_sibling_.store(next, std::memory_order_release);  // [T4]
  } else {
    parent.first_child_.store(next, std::memory_order_release);  // [T4]
    // A tombstone that was kept for its children's sake.
    if (next == nullptr && newest(parent) == nullptr)
      enqueue(parent, parent.newest_.load(std::memory_order_relaxed)->zxid);
  }
  node.flags_ |= Znode::dead;
  forget(node, 0);
}

}  // namespace paddock::core
