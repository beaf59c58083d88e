#include "recipes/atomic_value.h"

#include <utility>

#include "recipes/client/retry.h"
#include "recipes/contender_names.h"
#include "recipes/parents.h"

namespace paddock::recipes {

using namespace client;

namespace {

/// The answers of a server that has judged the change and found that it came too late.
bool is_conflict(Error error, std::int32_t version) {
  return error == Error::bad_version || error == Error::node_exists ||
         (error == Error::no_node && version != Versioned::absent);
}

Expected<bool> create_parent_of(Client& client, const std::string& path,
                                const std::vector<Acl>& acl, Deadline deadline,
                                const CancelToken& cancel) {
  const std::string parent = path.substr(0, path.rfind('/'));
  if (parent.empty()) return tl::unexpected(Error::no_node);  // the chroot is missing
  return create_parents(client, parent, acl, deadline).wait(deadline, cancel);
}

}  // namespace

Expected<Versioned> AtomicValue::get(Deadline deadline, const CancelToken& cancel) const {
  auto data = retry(client_, deadline, cancel,
                    [&] { return client_.get_data(path_).wait(deadline, cancel); });
  if (data) return Versioned{std::move(data->data), data->stat.version};
  if (data.error() == Error::no_node) return Versioned{};
  return tl::unexpected(data.error());
}

Expected<std::int32_t> AtomicValue::set(std::string_view data, Deadline deadline,
                                        const CancelToken& cancel) {
  // A wait that is refused would leave the request under way.
  if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
  for (;;) {
    const auto stat = retry(client_, deadline, cancel,
                            [&] { return client_.set_data(path_, data).wait(deadline, cancel); });
    if (stat) return stat->version;
    if (stat.error() != Error::no_node) return tl::unexpected(stat.error());
    const auto created = compare_and_set(Versioned::absent, data, deadline, cancel);
    if (!created && created.error() != Error::connection_loss)
      return tl::unexpected(created.error());
    if (created && *created) return **created;
  }
}

Expected<std::int32_t> AtomicValue::try_change(std::int32_t version, std::string_view data,
                                               const std::string& receipt, Deadline deadline,
                                               const CancelToken& cancel) {
  const CreateOptions create{.acl = options_.acl, .want_stat = false};
  if (!receipt.empty()) {
    std::vector<Op> ops;
    if (version == Versioned::absent)
      ops.push_back(CreateOp{path_, std::string(data), create});
    else
      ops.push_back(SetDataOp{path_, std::string(data), version});
    ops.push_back(CreateOp{receipt, "", {.mode = CreateMode::ephemeral, .acl = options_.acl}});
    const Expected<MultiResult> result = client_.multi(ops).wait(deadline, cancel);
    const Error error = result ? result->error() : result.error();
    if (error != Error::ok) return tl::unexpected(error);
  } else if (version == Versioned::absent) {
    const auto created = client_.create(path_, data, create).wait(deadline, cancel);
    if (!created) return tl::unexpected(created.error());
  } else {
    const auto stat = client_.set_data(path_, data, version).wait(deadline, cancel);
    if (!stat) return tl::unexpected(stat.error());
  }
  return version + 1;  // a created node has version 0
}

/// After a lost reply, and another try that came too late: behind our own, or somebody else's?
Expected<bool> AtomicValue::has_happened(std::int32_t version, std::string_view data,
                                         const std::string& receipt, Deadline deadline,
                                         const CancelToken& cancel) {
  if (!receipt.empty()) {
    const auto stat = retry(client_, deadline, cancel,
                            [&] { return client_.exists(receipt).wait(deadline, cancel); });
    if (!stat) return tl::unexpected(stat.error());
    return stat->has_value();
  }
  const Expected<Versioned> now = get(deadline, cancel);
  if (!now) return tl::unexpected(now.error());
  if (now->version == version + 1 && now->data != data) return false;
  return tl::unexpected(Error::connection_loss);
}

Expected<std::optional<std::int32_t>> AtomicValue::compare_and_set(std::int32_t version,
                                                                   std::string_view data,
                                                                   Deadline deadline,
                                                                   const CancelToken& cancel) {
  if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
  if (version < Versioned::absent) return tl::unexpected(Error::bad_arguments);
  const std::string receipt =
      options_.receipts ? path_ + "/" + new_protection() + "receipt" : std::string();
  bool is_open = false;  // a try was sent and not answered
  if (!receipt.empty()) {
    const Expected<void> connected = client_.await_connected(deadline, cancel);
    if (!connected) return tl::unexpected(connected.error());
  }
  const SessionId session = client_.session().session;
  const auto settle = [&]() -> Expected<std::optional<std::int32_t>> {
    for (;;) {
      const Expected<std::int32_t> changed = try_change(version, data, receipt, deadline, cancel);
      if (changed) return *changed;
      const Error error = changed.error();
      if (!had_no_effect(error)) is_open = true;
      if (is_connection_error(error)) {
        const Expected<void> connected = client_.await_connected(deadline, cancel);
        if (!connected) return tl::unexpected(connected.error());
      } else if (error == Error::no_node && version == Versioned::absent) {
        const auto made = create_parent_of(client_, path_, options_.acl, deadline, cancel);
        if (!made) return tl::unexpected(made.error());
      } else if (!is_conflict(error, version)) {
        return tl::unexpected(error);
      } else if (!is_open) {
        return std::nullopt;
      } else {
        const auto happened = has_happened(version, data, receipt, deadline, cancel);
        if (!happened) return tl::unexpected(happened.error());
        if (*happened) return version + 1;
        // A receipt goes with its session, so that there is none in the next one tells nothing.
        if (!receipt.empty() && client_.session().session != session)
          return tl::unexpected(Error::session_expired);
        return std::nullopt;
      }
    }
  };
  const Expected<std::optional<std::int32_t>> result = settle();
  if (!receipt.empty() && (is_open || (result && *result))) client_.remove_guaranteed(receipt);
  return result;
}

Expected<Versioned> AtomicValue::update(const Change& change, Deadline deadline,
                                        const CancelToken& cancel) {
  for (;;) {
    Expected<Versioned> now = get(deadline, cancel);
    if (!now) return now;
    std::optional<std::string> next = change(*now);
    if (!next) return now;
    const auto changed = compare_and_set(now->version, *next, deadline, cancel);
    if (!changed) return tl::unexpected(changed.error());
    if (*changed) return Versioned{std::move(*next), **changed};
  }
}

}  // namespace paddock::recipes
