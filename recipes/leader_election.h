#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "recipes/client/client.h"
#include "recipes/hold.h"
#include "recipes/waiting_line.h"

namespace paddock::recipes {

/// Which library's candidates ours stand against. Ours read all three.
enum class ElectionLayout {
  latch,     ///< Curator's LeaderLatch: `_c_<uuid>-latch-<number>`
  selector,  ///< Curator's LeaderSelector: `_c_<uuid>-lock-<number>`
  kazoo,     ///< kazoo's Election: `_c_<uuid>-__lock__<number>`
};

struct ElectionOptions {
  ElectionLayout layout = ElectionLayout::latch;
  /// What a candidate is known by, its address say; empty = default_holder_id().
  std::string id{};
  std::vector<client::Acl> acl = client::open_acl();
};

/// Who leads, as everyone can see it.
struct Leader {
  std::string id;
  std::string node;  ///< path
  /// The czxid of the leader's node, its fencing token: grows from leader to leader.
  Zxid term{};
  bool operator==(const Leader&) const = default;
};

/// Chooses one leader among processes, and tells the others who it is.
///
///   LeaderElection election(client, "/masters/scheduler", {.id = "10.0.0.7:9000"});
///   Expected<Hold> term = election.campaign(Deadline::never(), stop);
///   term->on_change([](HoldState state) { if (state != HoldState::held) stop_leading(); });
///   ...
///   term->release();   // resigns; the next in line leads
///
/// **Guarantee.** At most one term of a path is valid at any moment, and terms only grow: as lock.h
/// says of holds and their tokens. Candidates lead in the order in which they began to campaign.
///
/// **Znodes.** `<path>/_c_<uuid>-latch-<number>`, ephemeral, one for each candidate, its id as
/// data; the first in line leads. A candidate watches the one before it. Observers watch the
/// leader's node, all of them, since all are to be told. Parents and leftovers: as lock.h.
///
/// **Session.** Suspended: a leader is told and leads until valid_until() (Hold), a candidate keeps
/// its place, an observer hears nothing and catches up later. Over: the term is lost and a campaign
/// fails with session_expired; so does an observation, unless the client renews its session
/// (ClientOptions::renew_expired): then it goes on in the new one.
///
/// **Interop.** By layout: one of Curator's LeaderLatch (which also takes our ids for its own),
/// Curator's LeaderSelector, or kazoo's Election on the same path. Only the one whose layout is
/// chosen sees ours; ours respect, and observe, all three.
///
/// **Round trips.** As lock.h. An observer: 2 for each change, after the event.
///
/// Threads: any; each campaign is a candidate of its own. Borrows the client; its destruction
/// cancels campaigns, and leaves terms and observations.
class LeaderElection {
 public:
  LeaderElection(client::Client& client, std::string path, ElectionOptions options = {});

  /// Waits to become the leader. Errors: as Lock::lock.
  client::Expected<Hold> campaign(client::Deadline deadline,
                                  const client::CancelToken& cancel = {});
  client::Pending<Hold> campaign_async(client::Deadline deadline,
                                       client::Completion<Hold> done = {});

  /// Who leads now; nullopt = nobody stands.
  client::Expected<std::optional<Leader>> leader(client::Deadline deadline,
                                                 const client::CancelToken& cancel = {});

  /// As long as it exists, its handler is called on the I/O thread with who leads now, and with
  /// every change: nullopt = nobody. Of changes in quick succession only the newest may be told;
  /// terms never go back. An error is the last call. Destroyed outside the I/O thread it waits for
  /// a call that is running. Before the client.
  class Observation;
  using LeaderHandler = std::function<void(const client::Expected<std::optional<Leader>>&)>;
  [[nodiscard]] Observation observe(LeaderHandler handler);

 private:
  class Observer;

  const ElectionLayout layout_;
  const std::string id_;
  WaitingLine line_;
};

class LeaderElection::Observation {
 public:
  Observation() = default;
  ~Observation();
  Observation(Observation&&) noexcept = default;
  Observation& operator=(Observation&& other) noexcept;

 private:
  friend class LeaderElection;
  explicit Observation(std::shared_ptr<Observer> observer) : observer_(std::move(observer)) {}
  std::shared_ptr<Observer> observer_;
};

}  // namespace paddock::recipes
