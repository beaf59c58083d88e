#include "recipes/group_membership.h"

#include <utility>

namespace paddock::recipes {

using namespace client;

namespace {

using Event = GroupMembership::Event;

GroupMembership::Member member_of(const std::string& path, const TreeNode& node) {
  return {std::string(node_name(path)), node.data, node.stat.czxid, node.stat.ephemeral_owner};
}

void tell(const TreeUpdate& update, const std::string& group,
          const std::function<void(const Event&)>& listener) {
  for (const TreeChange& change : update.changes) {
    if (change.path == group) continue;
    const bool is_same =
        change.before && change.after && change.before->stat.czxid == change.after->stat.czxid;
    if (change.before && !is_same) {
      listener({Event::Kind::left, member_of(change.path, *change.before)});
    }
    if (!change.after) continue;
    listener({is_same ? Event::Kind::changed : Event::Kind::joined,
              member_of(change.path, *change.after)});
  }
}

TreeCache::Options tree_options(const std::string& group, GroupMembership::Options options) {
  TreeCache::Options tree{.depth_max = 1};
  if (options.listener) {
    tree.listener = [group, listener = std::move(options.listener)](const TreeUpdate& update) {
      tell(update, group, listener);
    };
  }
  return tree;
}

}  // namespace

GroupMembership::GroupMembership(Client& client, std::string path, Options options)
    : client_(client),
      path_(std::move(path)),
      cache_(client, path_, tree_options(path_, std::move(options))) {}

Expected<void> GroupMembership::join(std::string_view id, std::string data) {
  std::lock_guard lock(mutex_);
  if (own_ || !is_node_name(id)) return tl::unexpected(Error::bad_arguments);
  own_ = std::make_shared<KeptNode>(client_, join_path(path_, id),
                                    KeptNode::Options{.data = std::move(data)});
  return {};
}

Expected<void> GroupMembership::await_joined(Deadline deadline, const CancelToken& cancel) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<KeptNode> own = own_;
  lock.unlock();
  if (!own) return tl::unexpected(Error::bad_arguments);
  return own->await_held(deadline, cancel);
}

bool GroupMembership::is_member() const {
  std::lock_guard lock(mutex_);
  return own_ && own_->held();
}

Pending<void> GroupMembership::set_data(std::string data, Completion<void> done) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<KeptNode> own = own_;
  lock.unlock();
  if (own) return own->set_data(std::move(data), std::move(done));
  return settled(client_, tl::unexpected(Error::bad_arguments), std::move(done));
}

Pending<void> GroupMembership::leave(Completion<void> done) {
  std::unique_lock lock(mutex_);
  const std::shared_ptr<KeptNode> own = std::exchange(own_, nullptr);
  lock.unlock();
  if (own) return own->leave(std::move(done));
  return settled(client_, {}, std::move(done));
}

std::map<std::string, GroupMembership::Member> GroupMembership::members_of(
    const TreeSnapshot& snapshot) const {
  std::map<std::string, Member> members;
  for (const auto& [path, node] : snapshot.nodes()) {
    if (path == path_) continue;
    Member member = member_of(path, *node);
    members.emplace(member.id, std::move(member));
  }
  return members;
}

std::map<std::string, GroupMembership::Member> GroupMembership::members() const {
  const TreeSnapshotPtr snapshot = cache_.snapshot();
  return snapshot ? members_of(*snapshot) : std::map<std::string, Member>();
}

Expected<std::map<std::string, GroupMembership::Member>> GroupMembership::await_members(
    std::size_t count, Deadline deadline, const CancelToken& cancel) const {
  const auto is_enough = [&](const TreeSnapshot& snapshot) {
    return snapshot.nodes().size() - snapshot.nodes().count(path_) >= count;
  };
  const auto snapshot = cache_.await(is_enough, deadline, cancel);
  if (!snapshot) return tl::unexpected(snapshot.error());
  return members_of(**snapshot);
}

}  // namespace paddock::recipes
