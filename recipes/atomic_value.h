#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/client/client.h"

namespace paddock::recipes {

struct AtomicOptions {
  /// Every change is known to have happened or not, even if its reply was lost: it leaves a receipt
  /// in the same transaction, an ephemeral child `_c_<uuid>-receipt`, by which it is found again,
  /// and which is deleted without waiting. Costs the server a write more, and no round trip.
  bool receipts = false;
  std::vector<client::Acl> acl = client::open_acl();
};

/// A node's data and the version that compare_and_set compares.
struct Versioned {
  std::string data;
  std::int32_t version = absent;
  static constexpr std::int32_t absent = -1;  ///< there is no node yet
};

/// Some bytes that processes change together, one change at a time.
///
///   AtomicValue value(client, "/settings/mode");
///   auto now = value.get(2s);
///   auto changed = value.compare_and_set(now->version, "fast", 2s);   // nullopt: someone was
///   first
///
/// **Guarantee.** A change that succeeds was made to the very version it was compared with.
/// Whether it happened is never guessed. If its reply was lost it is made again as far as that is
/// harmless; when the value has moved on so that it cannot be told any more whose change that was,
/// the error is connection_loss: it may have happened, once. With AtomicOptions::receipts that is
/// always told and connection_loss does not occur. Reads are as fresh as the server's; on an
/// ensemble, call Client::sync first to see what others have been told.
///
/// **Znodes.** <path>, persistent, made by the first change (parents: containers). Receipts as
/// above.
///
/// **Session.** Nothing is held, so nothing is lost: calls wait for the next connection. When the
/// session is over they fail with session_expired, and a change under way may have happened.
///
/// **Interop.** The node's data is the value and nothing else: anything that reads and sets nodes
/// by version.
///
/// **Round trips.** get 1, set 1, compare_and_set 1, update 2 if nobody interferes.
///
/// Threads: any. Blocking (on the I/O thread: would_deadlock); callers who do not want to wait use
/// the client's get_data and set_data, which is all there is to it. Borrows the client.
class AtomicValue {
 public:
  AtomicValue(client::Client& client, std::string path, AtomicOptions options = {})
      : client_(client), path_(std::move(path)), options_(std::move(options)) {}

  client::Expected<Versioned> get(client::Deadline deadline,
                                  const client::CancelToken& cancel = {}) const;

  /// Whatever is there; the version that it has made. Setting twice is harmless, so a lost reply
  /// leads to another try, and the value to somebody else's being overwritten perhaps twice.
  client::Expected<std::int32_t> set(std::string_view data, client::Deadline deadline,
                                     const client::CancelToken& cancel = {});

  /// If the version is still `version` (Versioned::absent = there is no node): the new version,
  /// else nullopt.
  client::Expected<std::optional<std::int32_t>> compare_and_set(
      std::int32_t version, std::string_view data, client::Deadline deadline,
      const client::CancelToken& cancel = {});

  /// Reads, changes, and starts again if someone was faster. `change` is called with each value
  /// read; nullopt = leave it. What is there afterwards.
  using Change = std::function<std::optional<std::string>(const Versioned&)>;
  client::Expected<Versioned> update(const Change& change, client::Deadline deadline,
                                     const client::CancelToken& cancel = {});

 private:
  client::Expected<std::int32_t> try_change(std::int32_t version, std::string_view data,
                                            const std::string& receipt, client::Deadline deadline,
                                            const client::CancelToken& cancel);
  client::Expected<bool> has_happened(std::int32_t version, std::string_view data,
                                      const std::string& receipt, client::Deadline deadline,
                                      const client::CancelToken& cancel);

  client::Client& client_;
  const std::string path_;
  const AtomicOptions options_;
};

}  // namespace paddock::recipes
