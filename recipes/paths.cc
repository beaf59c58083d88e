#include "recipes/paths.h"

#include <memory>
#include <random>
#include <utility>

#include "recipes/client/retry.h"

namespace paddock::recipes {

using namespace client;

std::string join_path(std::string_view parent, std::string_view name) {
  std::string path(parent == "/" ? std::string_view() : parent);
  path += '/';
  path += name;
  return path;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string_view::npos ? "/" : path.substr(0, slash);
}

std::string_view node_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_below(std::string_view path, std::string_view top) {
  if (top == "/") return path.size() > 1;
  return path.size() > top.size() + 1 && path.starts_with(top) && path[top.size()] == '/';
}

bool is_node_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

std::string unique_name() {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::random_device random;
  std::string name;
  for (int word = 0; word < 4; ++word) {
    std::uint32_t bits = random();
    for (int digit = 0; digit < 8; ++digit, bits >>= 4) name += digits[bits & 15];
  }
  return name;
}

Pending<void> create_path(Client& client, std::string_view path, Completion<void> done) {
  const Promise<void> promise(std::move(done));
  for (std::size_t end = path.find('/', 1); end < path.size(); end = path.find('/', end + 1)) {
    client.create(path.substr(0, end), "", {.want_stat = false});
  }
  // Whether the levels above were made shows in the last one.
  if (path == "/") {
    client.exists(path, nullptr, [promise](Expected<std::optional<Stat>>& stat) {
      promise.set(stat ? Expected<void>() : tl::unexpected(stat.error()));
    });
  } else {
    client.create(path, "", {.want_stat = false}, [promise](Expected<Created>& created) {
      const bool there = created || created.error() == Error::node_exists;
      promise.set(there ? Expected<void>() : tl::unexpected(created.error()));
    });
  }
  return promise.pending();
}

Expected<void> ensure_path(Client& client, std::string_view path, Deadline deadline,
                           const CancelToken& cancel) {
  return retry(client, deadline, cancel, [&]() -> Expected<void> {
    const auto stat = client.exists(path).wait(deadline, cancel);
    if (!stat) return tl::unexpected(stat.error());
    if (*stat) return {};
    return create_path(client, path).wait(deadline, cancel);
  });
}

Pending<void> settled(const Client& client, const Expected<void>& result, Completion<void> done) {
  const Promise<void> promise(std::move(done));
  client.io_loop()->post([promise, result] { promise.set(result); });
  return promise.pending();
}

namespace {

struct Release {
  Client& client;  // completions are called before it is gone
  std::string path;
  std::string tag;
  Promise<void> promise;
};

void try_release(std::shared_ptr<Release> release) {
  // The sync makes another server of an ensemble catch up with what was sent to the last one.
  Client& client = release->client;
  const std::string& path = release->path;
  client.sync(path);
  client.get_data(path, nullptr, [release](Expected<NodeData>& node) {
    if (!node) {
      if (is_connection_error(node.error())) return try_release(release);
      const bool gone = node.error() == Error::no_node;
      return release->promise.set(gone ? Expected<void>() : tl::unexpected(node.error()));
    }
    const bool is_ours = node->stat.ephemeral_owner == release->client.session().session &&
                         (release->tag.empty() || node->data == release->tag);
    if (!is_ours) return release->promise.set({});
    release->client.remove_guaranteed(
        release->path, [release](Expected<void>& removed) { release->promise.set(removed); });
  });
}

}  // namespace

Pending<void> release_owned(Client& client, std::string_view path, std::string_view tag,
                            Completion<void> done) {
  auto release = std::make_shared<Release>(
      Release{client, std::string(path), std::string(tag), Promise<void>(std::move(done))});
  Pending<void> pending = release->promise.pending();
  try_release(std::move(release));
  return pending;
}

}  // namespace paddock::recipes
