#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "recipes/paths.h"

namespace paddock::recipes {

/// Multis that happen exactly once although replies are lost: what create_protected is for one
/// node, for any transaction, and without marks in the names that it makes.
///
/// A ledger is an ephemeral node of its own. Each multi also writes the multi's number into it, if
/// it still has the version that the last one left:
///
///     <folder>/<32 hex digits>     ephemeral; data = number of the last multi, in decimal
///
/// So the number read back after a lost reply says whether the multi happened, and a copy of it
/// that is still on its way somewhere can happen no more. Since the node is the session's, nothing
/// is applied by a later session, and whatever ephemeral the session made is there too.
///
/// **Round trips:** that of the multi; 1 more before the first, 1 after a lost reply.
/// **Suspended:** calls wait for the connection. **Lost or expired:** session_expired; the next
/// call starts a new node if the client has a new session.
///
/// Threads: any; one multi at a time, the others wait for their turn.
class Ledger {
 public:
  /// `folder` and what lacks above it is created with the first multi.
  Ledger(client::Client& client, std::string folder);
  /// Deletes the node without waiting.
  ~Ledger();
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;

  struct Applied {
    /// As Client::multi's, without the ledger's own operation. Empty if it happened and its reply
    /// was lost.
    client::MultiResult result;
    SessionId session{};  ///< in which it was applied, or refused
  };
  /// A result says that the multi has happened or has been refused; deadline_exceeded, cancelled
  /// and the errors of a session's end leave that open, had_no_effect() is as for a Client. If
  /// `session` is given, it happens in that session or fails with session_expired.
  client::Expected<Applied> apply(const std::vector<client::Op>& ops, client::Deadline deadline,
                                  const client::CancelToken& cancel = {}, SessionId session = {});

 private:
  client::Expected<void> open(client::Deadline deadline, const client::CancelToken& cancel);
  client::Expected<Applied> apply_in_turn(const std::vector<client::Op>& ops,
                                          client::Deadline deadline,
                                          const client::CancelToken& cancel, SessionId session);

  client::Client& client_;
  const std::string folder_;

  std::mutex mutex_;
  std::condition_variable_any turn_over_;
  bool busy_ = false;
  /// The rest belongs to whose turn it is.
  std::string node_;  ///< path; empty = none
  SessionId session_{};
  std::int32_t version_ = 0;
  std::uint64_t number_ = 0;
};

}  // namespace paddock::recipes
