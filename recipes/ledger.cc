#include "recipes/ledger.h"

#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

Ledger::Ledger(Client& client, std::string folder) : client_(client), folder_(std::move(folder)) {}

Ledger::~Ledger() {
  if (!node_.empty()) client_.remove_guaranteed(node_);
}

Expected<Ledger::Applied> Ledger::apply(const std::vector<Op>& ops, Deadline deadline,
                                        const CancelToken& cancel, SessionId session) {
  if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
  {
    std::unique_lock lock(mutex_);
    if (!turn_over_.wait_until(lock, cancel, deadline.at(), [this] { return !busy_; })) {
      const bool cancelled = cancel.stop_requested();
      return tl::unexpected(cancelled ? Error::cancelled : Error::deadline_exceeded);
    }
    busy_ = true;
  }
  Expected<Applied> applied = apply_in_turn(ops, deadline, cancel, session);
  {
    std::lock_guard lock(mutex_);
    busy_ = false;
  }
  turn_over_.notify_one();
  return applied;
}

/// A node of the present session. A random name needs no protection: if it is there, it is ours.
Expected<void> Ledger::open(Deadline deadline, const CancelToken& cancel) {
  const std::string path = join_path(folder_, unique_name());
  node_.clear();
  const auto created = retry(client_, deadline, cancel, [&]() -> Expected<Stat> {
    auto node = client_.create(path, "0", {.mode = CreateMode::ephemeral}).wait(deadline, cancel);
    if (node) return node->stat;
    if (node.error() == Error::no_node) {
      const Expected<void> made = create_path(client_, folder_).wait(deadline, cancel);
      if (!made) return tl::unexpected(made.error());
      node = client_.create(path, "0", {.mode = CreateMode::ephemeral}).wait(deadline, cancel);
      if (node) return node->stat;
    }
    if (node.error() != Error::node_exists) return tl::unexpected(node.error());
    const auto stat = client_.exists(path).wait(deadline, cancel);
    if (!stat) return tl::unexpected(stat.error());
    // Made by the lost create of a session that has ended since.
    if (!*stat) return tl::unexpected(Error::session_expired);
    return **stat;
  });
  if (!created) {
    if (!had_no_effect(created.error())) release_owned(client_, path);
    return tl::unexpected(created.error());
  }
  node_ = path;
  session_ = created->ephemeral_owner;
  version_ = 0;
  number_ = 0;
  return {};
}

Expected<Ledger::Applied> Ledger::apply_in_turn(const std::vector<Op>& ops, Deadline deadline,
                                                const CancelToken& cancel, SessionId session) {
  bool may_have_happened = false;
  for (;;) {
    if (node_.empty()) {
      // Whether it happened can no longer be known, or it is too late.
      if (may_have_happened || session != SessionId{}) {
        return tl::unexpected(Error::session_expired);
      }
      const Expected<void> opened = open(deadline, cancel);
      if (!opened) return tl::unexpected(opened.error());
    }
    if (session != SessionId{} && session != session_) {
      return tl::unexpected(Error::session_expired);
    }
    if (!may_have_happened) ++number_;
    std::vector<Op> all;
    all.reserve(ops.size() + 1);
    all.push_back(SetDataOp{node_, std::to_string(number_), version_});
    all.insert(all.end(), ops.begin(), ops.end());
    Expected<MultiResult> result = client_.multi(all).wait(deadline, cancel);
    if (result) {
      const std::optional<std::size_t> failed = result->failed();
      if (!failed || *failed > 0) {
        if (!failed) ++version_;
        if (!result->results.empty()) result->results.erase(result->results.begin());
        return Applied{std::move(*result), session_};
      }
      if (result->error() != Error::bad_version) {
        if (result->error() != Error::no_node) return tl::unexpected(result->error());
        node_.clear();  // gone with its session
        continue;
      }
    } else if (result.error() == Error::connection_loss) {
      may_have_happened = true;
    } else if (result.error() != Error::not_connected) {
      return tl::unexpected(result.error());
    }

    // The reply was lost, now or in an earlier call: the node tells what has happened. The sync
    // makes another server of an ensemble catch up first.
    const auto node = retry(client_, deadline, cancel, [&] {
      client_.sync(node_);
      return client_.get_data(node_).wait(deadline, cancel);
    });
    if (!node && node.error() != Error::no_node) return tl::unexpected(node.error());
    if (!node) {
      node_.clear();
      continue;
    }
    version_ = node->stat.version;
    if (may_have_happened && node->data == std::to_string(number_)) return Applied{{}, session_};
  }
}

}  // namespace paddock::recipes
