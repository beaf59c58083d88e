#include "recipes/read_write_lock.h"

#include <utility>

#include "recipes/client/retry.h"
#include "recipes/contender_names.h"
#include "recipes/paths.h"

namespace paddock::recipes {

using namespace client;

namespace {

struct Names {
  std::string_view read;
  std::string_view write;
};
constexpr Names curator_names{"__READ__", "__WRIT__"};
constexpr Names kazoo_names{"__rlock__", "__lock__"};
constexpr Spelling spellings[] = {{.marker = curator_names.read, .claim = Claim::shared},
                                  {.marker = curator_names.write},
                                  {.marker = kazoo_names.read, .claim = Claim::shared},
                                  {.marker = kazoo_names.write}};

constexpr const Names& names_of(LockLayout layout) {
  return layout == LockLayout::kazoo ? kazoo_names : curator_names;
}

}  // namespace

ReadWriteLock::ReadWriteLock(Client& client, std::string path, LockOptions options)
    : layout_(options.layout),
      id_(options.id.empty() ? default_holder_id() : std::move(options.id)),
      line_(client, std::move(path), std::move(options.acl)) {}

Pending<Hold> ReadWriteLock::join(bool is_writer, bool waits, Deadline deadline,
                                  Completion<Hold> done) {
  const Names& names = names_of(layout_);
  return line_.join({.name = std::string(is_writer ? names.write : names.read),
                     .data = id_,
                     .rule = in_order_of_arrival(spellings),
                     .waits = waits},
                    deadline, std::move(done));
}

Expected<Hold> ReadWriteLock::read_lock(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return join(false, true, deadline, {}); }, deadline, cancel);
}
Pending<Hold> ReadWriteLock::read_lock_async(Deadline deadline, Completion<Hold> done) {
  return join(false, true, deadline, std::move(done));
}
Expected<Hold> ReadWriteLock::write_lock(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return join(true, true, deadline, {}); }, deadline, cancel);
}
Pending<Hold> ReadWriteLock::write_lock_async(Deadline deadline, Completion<Hold> done) {
  return join(true, true, deadline, std::move(done));
}
Expected<Hold> ReadWriteLock::try_read_lock(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return join(false, false, deadline, {}); }, deadline, cancel);
}
Expected<Hold> ReadWriteLock::try_write_lock(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return join(true, false, deadline, {}); }, deadline, cancel);
}

Expected<Hold> ReadWriteLock::downgrade(Hold writer, Deadline deadline, const CancelToken& cancel) {
  if (IoLoop::is_any_current()) return tl::unexpected(Error::would_deadlock);
  const std::string_view name = node_name(writer.node());
  const std::string_view marker = names_of(layout_).write;
  const std::size_t at = name.rfind(marker);
  if (!writer || at == std::string_view::npos ||
      writer.node() != line_.path() + "/" + std::string(name))
    return tl::unexpected(Error::bad_arguments);
  if (writer.state() == HoldState::lost) return tl::unexpected(Error::session_expired);

  const Zxid token = writer.fencing_token();
  const std::string write_node = writer.detach();
  const std::string read_node = line_.path() + "/" + new_protection() +
                                std::string(names_of(layout_).read) +
                                std::string(name.substr(at + marker.size()));
  Client& client = line_.client();
  const std::vector<Op> ops = {
      CreateOp{read_node, id_, {.mode = CreateMode::ephemeral, .acl = line_.acl()}},
      RemoveOp{write_node}};
  const Expected<MultiResult> result =
      retry(client, deadline, cancel, [&] { return client.multi(ops).wait(deadline, cancel); });
  Error error = result ? result->error() : result.error();
  // The name is ours alone: that it exists means that a try whose reply was lost went through.
  if (error == Error::ok || error == Error::node_exists) {
    const Expected<std::optional<Stat>> stat = retry(
        client, deadline, cancel, [&] { return client.exists(read_node).wait(deadline, cancel); });
    error = !stat ? stat.error() : !*stat ? Error::session_expired : Error::ok;
    if (error == Error::ok) {
      Created reader{read_node, **stat};
      reader.stat.czxid =
          token;  // the place in line is the old one; those behind have greater ones
      return Hold::grant(client, reader);
    }
  }
  // In this order, so that a transaction still under way finds no writer's node and fails.
  client.remove_guaranteed(write_node);
  client.remove_guaranteed(read_node);
  return tl::unexpected(error == Error::no_node ? Error::session_expired : error);
}

}  // namespace paddock::recipes
