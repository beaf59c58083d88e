#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/client/client.h"
#include "recipes/contender_names.h"
#include "recipes/hold.h"

namespace paddock::recipes {

/// What a place in a line finds when it looks at all that are there.
struct Verdict {
  enum class Kind {
    granted,
    behind,   ///< of one node; look again when it has gone
    crowded,  ///< look again when anything comes or goes
    unknown,  ///< its own name is not of this line: the server has made something else
  };
  Kind kind = Kind::granted;
  std::string ahead;  ///< for behind: the node's name
};
/// `own` is among `names`. Called on the I/O thread.
using AdmissionRule =
    std::function<Verdict(const std::vector<std::string>& names, std::string_view own)>;

/// First come, first served, among the nodes of these spellings; `known` outlives the rule.
AdmissionRule in_order_of_arrival(std::span<const Spelling> known);

/// The wait that locks, semaphores and elections have in common: a node of one's own below a
/// parent, until the rule admits it.
///
/// A place is created with create_protected (ephemeral, sequential), and the children are asked
/// for in the same breath, so whoever is admitted at once has paid one round trip. Whoever is not
/// watches the one node that the rule names, reads it to do so, and looks again when it is gone:
/// if it was gone before the watch could be set there is no waiting, so no wake-up is missed, and
/// each departure wakes one. Parents are made when their lack is noticed.
///
/// Granted means: the node is there, was made by the present session, and that session cannot have
/// ended at the moment of granting. On every other way out the node is deleted, by
/// remove_guaranteed, or by create_protected if its creation is still open, and the watch removed.
/// If someone else deletes the node of a place that waits, it starts again at the end of the line.
///
/// Threads: any; mutex_ guards the list of places.
class WaitingLine {
 public:
  /// Places are made below `path`, with this ACL, as are missing parents.
  WaitingLine(client::Client& client, std::string path, std::vector<client::Acl> acl)
      : client_(client), path_(std::move(path)), acl_(std::move(acl)) {}
  /// Those who still wait fail with cancelled; what was granted stays. Outside the I/O thread it
  /// also waits for callbacks that are running, so it is not for holders of a lock that one takes.
  ~WaitingLine();
  WaitingLine(const WaitingLine&) = delete;
  WaitingLine& operator=(const WaitingLine&) = delete;

  struct Request {
    std::string name;  ///< of the node, without the protection in front and the number behind
    std::string data;
    AdmissionRule rule;
    /// false = whoever is not admitted at once gets a Hold of nothing.
    bool waits = true;
  };
  /// Errors: deadline_exceeded, cancelled, session_expired or client_closed when the session is
  /// over, and what the server refuses (no_auth, ...). A deadline that has passed sends nothing.
  client::Pending<Hold> join(Request request, client::Deadline deadline,
                             client::Completion<Hold> done = {});

  client::Client& client() const { return client_; }
  const std::string& path() const { return path_; }
  const std::vector<client::Acl>& acl() const { return acl_; }

 private:
  class Place;

  client::Client& client_;
  const std::string path_;
  const std::vector<client::Acl> acl_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<Place>> places_;  ///< those that are over leave at the next join
};

/// A blocking form of something that is started: would_deadlock, and nothing started, in a
/// callback.
template <class Start>
auto wait_for(Start start, client::Deadline deadline, const client::CancelToken& cancel)
    -> decltype(start().wait(deadline, cancel)) {
  if (client::IoLoop::is_any_current()) return tl::unexpected(client::Error::would_deadlock);
  return start().wait(deadline, cancel);
}

}  // namespace paddock::recipes
