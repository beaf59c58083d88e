#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "recipes/paths.h"

namespace paddock::recipes {

/// Members that begin together and end together: enter() lets nobody through before all have
/// arrived, leave() nobody before all have left. (The textbooks' "queue that starts when all its
/// members have arrived" is enter() alone.)
///
///     <path>                    persistent, made by the first
///     <path>/_c_<uuid>-member   ephemeral, one of each member that is inside
///     <path>/ready              persistent; all have arrived. Deleted with the last member
///
/// **Guarantee.** enter() returns ok only if at some moment `member_count` members were inside, and
/// then for all of them. It is a threshold: who comes while `ready` exists goes through at once and
/// is waited for by leave(). leave() returns ok only if at some moment after its call no member was
/// inside. The member with the lowest name stays until it is the last and goes together with
/// `ready` in one transaction, so the barrier can be used again as soon as leave() has returned.
///
/// **A member that dies** inside is out when its session ends: before the start it does not count
/// any more; after it, leave() of the others goes on.
///
/// **Suspended:** calls wait for the connection, the member stays inside. **Lost or expired:** the
/// member is out; enter() and leave() fail with session_expired. A member that is through should
/// listen to its session for what it does inside.
///
/// **Given up** (deadline, cancelled): enter() takes the member out again, in the background if it
/// must; the barrier may have become ready by it. leave() has taken the member out and does not
/// wait for the others.
///
/// **Layouts:** Curator's DistributedDoubleBarrier and kazoo's DoubleBarrier: any mix of them at
/// one path works once. Used again, theirs can be overtaken: they delete `ready` on its own (kazoo
/// first, Curator last), and kazoo counts it as a member.
///
/// **Round trips:** enter 2 and the event, leave 2 and the events.
///
/// Threads: one at a time.
class DoubleBarrier {
 public:
  /// REQUIRES: member_count > 0, the same for all.
  DoubleBarrier(client::Client& client, std::string path, std::size_t member_count);
  /// Takes the member out without waiting if it is inside.
  ~DoubleBarrier();
  DoubleBarrier(const DoubleBarrier&) = delete;
  DoubleBarrier& operator=(const DoubleBarrier&) = delete;

  /// bad_arguments if it is inside already. `data` is for people who look at the node.
  client::Expected<void> enter(client::Deadline deadline, const client::CancelToken& cancel = {},
                               std::string_view data = "");
  /// bad_arguments if it is not inside.
  client::Expected<void> leave(client::Deadline deadline, const client::CancelToken& cancel = {});
  bool is_inside() const { return !node_.empty(); }

 private:
  client::Expected<void> arrive(client::Deadline deadline, const client::CancelToken& cancel,
                                std::string_view data);
  client::Expected<void> await_ready(client::Deadline deadline, const client::CancelToken& cancel);
  client::Expected<void> await_others(client::Deadline deadline, const client::CancelToken& cancel);
  client::Expected<void> leave_last(client::Deadline deadline, const client::CancelToken& cancel);
  client::Expected<void> await_any_gone(const std::vector<std::string>& paths,
                                        client::Deadline deadline,
                                        const client::CancelToken& cancel);
  /// Takes it out in the background.
  void get_out();

  client::Client& client_;
  const std::string path_;
  const std::string ready_;
  const std::size_t member_count_;
  std::string node_;  ///< of this member; empty = outside
  SessionId session_{};
  std::vector<std::string> others_;  ///< sorted; who was inside when this one went out
};

}  // namespace paddock::recipes
