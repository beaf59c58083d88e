#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "recipes/kept_node.h"
#include "recipes/tree_cache.h"

namespace paddock::recipes {

/// Who is there: join a group with some data, see its live members, be told who comes and goes.
///
///     <path>           persistent, made by the first who joins
///     <path>/<id>      ephemeral; data = what the member says about itself
///
/// **Guarantee.** A member that has joined is seen by all until it leaves or its session ends, and
/// is back by itself in the next session (ClientOptions::renew_expired) or when someone deletes its
/// node. members() is a consistent snapshot: the group as it was at one moment, a moment ago. Each
/// member that is there longer than it takes to read it is told joined once and left once for each
/// time it was there; one that left and came back between two snapshots is told as left and joined.
///
/// **Suspended, lost:** the members known last stay, is_current() is false; who came and went
/// meanwhile is told after the reconnect. The own membership goes on while the session lives
/// (is_member(), false when it may be over).
///
/// **The same id twice:** the second waits (await_joined) until the first has gone: also after a
/// crash, until the old session has run out. One client joins one id once.
///
/// **Layouts:** Curator's GroupMember: an id is the node's name. kazoo's Party: its nodes are
/// members called <32 hex digits>__party__ with the identifier as data; an id that ends with
/// __party__ is seen by it. Curator's name for a protected node (_c_...) stays part of the id.
///
/// **Round trips:** 1 to join, 1 to load, 1 per bunch of changes.
///
/// Threads: any; see KeptNode and TreeCache.
class GroupMembership {
 public:
  struct Member {
    std::string id;
    std::string data;
    Zxid joined{};  ///< of this membership; a later one has a greater one
    SessionId session{};
    bool operator==(const Member&) const = default;
  };
  struct Event {
    enum class Kind { joined, changed, left };
    Kind kind{};
    Member member;  ///< of `left`: as it was last known
  };
  struct Options {
    /// Told on the I/O thread; first `joined` for all who are there. Must not wait.
    std::function<void(const Event&)> listener{};
  };

  /// Starts watching the group and returns; this does not join it.
  GroupMembership(client::Client& client, std::string path, Options options);
  GroupMembership(client::Client& client, std::string path)
      : GroupMembership(client, std::move(path), Options{}) {}

  // --- to belong to it ---

  /// Starts joining. bad_arguments if `id` cannot be a node's name, or if joined already.
  client::Expected<void> join(std::string_view id, std::string data);
  /// Waits until this client's member is there, or for the server's refusal.
  client::Expected<void> await_joined(client::Deadline deadline,
                                      const client::CancelToken& cancel = {});
  bool is_member() const;
  /// Replaces the data, now and for every time that it joins again. bad_arguments if not joined.
  client::Pending<void> set_data(std::string data, client::Completion<void> done = {});
  /// Ready when the member is gone. Without it the destructor starts it.
  client::Pending<void> leave(client::Completion<void> done = {});

  // --- to see it ---

  /// By id. Empty until loaded (await_members).
  std::map<std::string, Member> members() const;
  bool is_current() const { return cache_.is_current(); }
  /// Waits until there are at least this many.
  client::Expected<std::map<std::string, Member>> await_members(
      std::size_t count, client::Deadline deadline, const client::CancelToken& cancel = {}) const;

 private:
  std::map<std::string, Member> members_of(const TreeSnapshot& snapshot) const;

  client::Client& client_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::shared_ptr<KeptNode> own_;
  TreeCache cache_;
};

}  // namespace paddock::recipes
