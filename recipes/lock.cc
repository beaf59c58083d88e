#include "recipes/lock.h"

#include <utility>

#include "recipes/client/retry.h"
#include "recipes/contender_names.h"

namespace paddock::recipes {

using namespace client;

namespace {

constexpr std::string_view curator_name = "lock-";
constexpr std::string_view kazoo_name = "__lock__";
/// ZooKeeper's WriteLock writes x-<session>-<number>.
constexpr Spelling spellings[] = {
    {.marker = curator_name}, {.marker = kazoo_name}, {.marker = "-", .start = "x-"}};

}  // namespace

Lock::Lock(Client& client, std::string path, LockOptions options)
    : layout_(options.layout),
      id_(options.id.empty() ? default_holder_id() : std::move(options.id)),
      line_(client, std::move(path), std::move(options.acl)) {}

Pending<Hold> Lock::join(bool waits, Deadline deadline, Completion<Hold> done) {
  const std::string_view name = layout_ == LockLayout::kazoo ? kazoo_name : curator_name;
  return line_.join({.name = std::string(name),
                     .data = id_,
                     .rule = in_order_of_arrival(spellings),
                     .waits = waits},
                    deadline, std::move(done));
}

Expected<Hold> Lock::lock(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return lock_async(deadline); }, deadline, cancel);
}
Pending<Hold> Lock::lock_async(Deadline deadline, Completion<Hold> done) {
  return join(true, deadline, std::move(done));
}
Expected<Hold> Lock::try_lock(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return try_lock_async(deadline); }, deadline, cancel);
}
Pending<Hold> Lock::try_lock_async(Deadline deadline, Completion<Hold> done) {
  return join(false, deadline, std::move(done));
}

Expected<bool> Lock::request_revocation(Deadline deadline, const CancelToken& cancel) {
  Client& client = line_.client();
  for (;;) {
    const auto names = retry(client, deadline, cancel, [&] {
      return client.get_child_names(line_.path()).wait(deadline, cancel);
    });
    if (!names && names.error() == Error::no_node) return false;
    if (!names) return tl::unexpected(names.error());
    const std::string_view first = find_first(*names, spellings);
    if (first.empty()) return false;
    const std::string node = line_.path() + "/" + std::string(first);
    const auto set = retry(client, deadline, cancel, [&] {
      return client.set_data(node, revoke_message).wait(deadline, cancel);
    });
    if (set) return true;
    // Whoever it was has gone meanwhile.
    if (set.error() != Error::no_node) return tl::unexpected(set.error());
  }
}

}  // namespace paddock::recipes
