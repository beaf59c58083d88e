#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/paths.h"

namespace paddock::recipes {

/// An ephemeral node that is there for as long as this object and a session of its client: the
/// "I am here" of a member, a service or a worker.
///
/// **Guarantee.** From its first success on the node exists, with the data last set, except while
/// no session can hold it; if someone else deletes it, it is made again. There is one node for one
/// name: if another session has it (a process that crashed and has come back before its old session
/// ran out), this one waits until that node is gone and then makes its own.
///
///     <path>    ephemeral, data as given; what lacks above it is made persistent
///
/// **Suspended:** the node is still there, nothing happens. **Lost or expired:** held() is false;
/// after ClientOptions::renew_expired, or when the server had kept the session after all, the node
/// is made again, or found. Otherwise that was the end.
///
/// A lost reply is no question here: the node's ephemeralOwner tells whether it is ours. For the
/// same reason one client may have a path only once.
///
/// **Round trips:** 1 to make it (more if its parent lacks), 1 per set_data, and another one behind
/// it that nobody waits for (the watch is set again). Layout: Curator's PersistentNode, mode
/// EPHEMERAL.
///
/// Threads: any; a mutex guards what callers read, the rest belongs to the I/O thread.
class KeptNode {
 public:
  struct Options {
    std::string data{};
    std::vector<client::Acl> acl = client::open_acl();
    /// Told on the I/O thread when held() has changed. Must not wait.
    std::function<void(bool held)> on_change{};
  };

  /// Starts making it and returns.
  KeptNode(client::Client& client, std::string path, Options options);
  /// Deletes the node without waiting for it; on_change is not called any more.
  ~KeptNode();
  KeptNode(const KeptNode&) = delete;
  KeptNode& operator=(const KeptNode&) = delete;

  const std::string& path() const;
  /// Whether the node is there and ours. False as soon as the session may be over.
  bool held() const;
  /// Waits until held() with the newest data, or for the server's refusal (no_auth, ...), or the
  /// session's end.
  client::Expected<void> await_held(client::Deadline deadline,
                                    const client::CancelToken& cancel = {}) const;
  /// Ready when the node has this data or a later one. What was set stays set, also for a node that
  /// is made again later, whatever becomes of the result.
  client::Pending<void> set_data(std::string data, client::Completion<void> done = {});
  /// Ends it: ready when the node is gone. The destructor starts it too.
  client::Pending<void> leave(client::Completion<void> done = {});

 private:
  class Core;
  std::shared_ptr<Core> core_;
  client::StateSubscription subscription_;
};

}  // namespace paddock::recipes
