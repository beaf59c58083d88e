#include <fmt/format.h>

#include <functional>

#include "core/proto/paths.h"
#include "paddock/shell/quota.h"
#include "paddock/shell/shell.h"
#include "paddock/shell/walk.h"

/// Quotas are nodes below /zookeeper/quota that clients write by a convention.
namespace paddock::shell {
namespace {

using client::Error;

constexpr std::string_view limits_name = "zookeeper_limits";
constexpr std::string_view stats_name = "zookeeper_stats";

struct Limit {
  std::string_view option;
  std::int64_t Quota::*field;
};
constexpr Limit limits[] = {{"n", &Quota::count},
                            {"b", &Quota::bytes},
                            {"N", &Quota::count_hard},
                            {"B", &Quota::bytes_hard}};

std::string quota_node(const std::string& path) {
  return std::string(proto::quota_path) + (path == "/" ? "" : path);
}

/// The one limit that the options name: nullptr for none, an error for several.
Result<const Limit*, std::string> chosen_limit(const Call& call) {
  const Limit* chosen = nullptr;
  for (const Limit& limit : limits) {
    if (!call.has(limit.option)) continue;
    if (chosen) return tl::unexpected(std::string("only one of -n, -b, -N and -B at a time"));
    chosen = &limit;
  }
  return chosen;
}

client::Expected<std::optional<Quota>> read_quota(const Call& call, const std::string& node) {
  const auto data = call.wait(call.client().get_data(node));
  if (data) return parse_quota(data->data);
  if (data.error() == Error::no_node) return std::nullopt;
  return tl::unexpected(data.error());
}

/// Complains if an ancestor or a descendant has a quota: only one may apply to a node.
std::optional<int> refuse_nested(Call& call, const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    const auto quota = read_quota(call, join_path(quota_node(parent), limits_name));
    if (!quota) return call.out.failed(quota.error(), parent);
    if (*quota)
      return call.out.failed(fmt::format("{} has a parent {} which has a quota", path, parent));
  }
  std::string nested;
  const std::string root = quota_node(path);
  const auto walked = walk(call, root, {}, [&](const Visit& node) {
    if (node.depth < 2 || node_name(node.path) != limits_name) return true;
    nested = node.path.substr(proto::quota_path.size());
    nested.resize(nested.rfind('/'));
    return false;
  });
  if (!walked && walked.error().error != Error::no_node)
    return call.out.failed(walked.error().error, walked.error().path);
  if (nested.empty()) return std::nullopt;
  return call.out.failed(fmt::format("{} has a child {} which has a quota", path, nested));
}

client::Expected<void> create_node(const Call& call, const std::string& path,
                                   std::string_view data) {
  const auto created = call.wait(call.client().create(path, data));
  if (!created && created.error() != Error::node_exists) return tl::unexpected(created.error());
  return {};
}

/// Makes the nodes of a new quota; the server fills in the numbers of the second.
client::Expected<void> create_quota(const Call& call, const std::string& path, const Quota& quota) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const auto made = create_node(call, quota_node(path.substr(0, slash)), "");
    if (!made) return made;
    if (slash == std::string::npos) break;
  }
  const auto made = create_node(call, join_path(quota_node(path), limits_name), quota_text(quota));
  if (!made) return made;
  return create_node(call, join_path(quota_node(path), stats_name), "count=0,bytes=0");
}

void warn(Call& call, const std::string& path, std::int64_t Quota::*field, std::int64_t limit) {
  const auto used = read_quota(call, join_path(quota_node(path), stats_name));
  if (!used || !*used) return;
  const bool is_count = field == &Quota::count || field == &Quota::count_hard;
  const std::int64_t now = is_count ? (*used)->count : (*used)->bytes;
  if (limit >= 0 && limit < now)
    call.out.note(
        fmt::format("[Warning]: the {0} quota you create is less than the existing {0}:{1}",
                    is_count ? "count" : "bytes", now));
}

int set_quota(Call& call) {
  const std::string& path = call.word(0);
  const Result<const Limit*, std::string> chosen = chosen_limit(call);
  if (!chosen) return call.out.usage(chosen.error());
  if (!*chosen) return call.out.usage(usage_of(*find_command("setquota")));
  const auto number = call.arguments.number((*chosen)->option, -1, INT64_MAX);
  if (!number) return call.out.usage(number.error());
  if (path.starts_with(proto::quota_path))
    return call.out.failed(fmt::format("cannot set a quota under the path: {}", proto::quota_path));
  if (path == "/") return call.out.failed("a quota on the root is not supported");
  const auto stat = call.wait(call.client().exists(path));
  if (!stat) return call.out.failed(stat.error(), path);
  if (!*stat) return call.out.failed(path + " does not exist.");
  if (const std::optional<int> refused = refuse_nested(call, path)) return *refused;
  const std::string node = join_path(quota_node(path), limits_name);
  const auto before = read_quota(call, node);
  if (!before) return call.out.failed(before.error(), node);
  Quota quota = before->value_or(Quota{});
  quota.*(*chosen)->field = **number;
  const auto done =
      *before
          ? call.wait(call.client().set_data(node, quota_text(quota))).map([](const client::Stat&) {
            })
          : create_quota(call, path, quota);
  if (!done) return call.out.failed(done.error(), node);
  warn(call, path, (*chosen)->field, **number);
  return status_ok;
}

int list_quota(Call& call) {
  const std::string& path = call.word(0);
  const std::string node = join_path(quota_node(path), limits_name);
  const auto limit = read_quota(call, node);
  if (!limit) return call.out.failed(limit.error(), node);
  if (!call.out.is_json()) call.out.line("absolute path is " + node);
  if (!*limit) return call.out.failed(fmt::format("quota for {} does not exist.", path));
  const auto used = read_quota(call, join_path(quota_node(path), stats_name));
  if (!used) return call.out.failed(used.error(), path);
  const Quota now = used->value_or(Quota{});
  if (call.out.is_json()) {
    call.out.json({{"path", path},
                   {"count", (*limit)->count},
                   {"bytes", (*limit)->bytes},
                   {"countHardLimit", (*limit)->count_hard},
                   {"byteHardLimit", (*limit)->bytes_hard},
                   {"used", {{"count", now.count}, {"bytes", now.bytes}}}});
    return status_ok;
  }
  call.out.line(fmt::format("Output quota for {} {}", path, quota_text(**limit)));
  call.out.line(fmt::format("Output stat for {} count={},bytes={}", path, now.count, now.bytes));
  return status_ok;
}

/// Deletes the nodes of a quota, and those above that hold nothing else.
client::Expected<void> remove_quota(const Call& call, std::string path) {
  for (const std::string_view name : {limits_name, stats_name}) {
    const auto removed = call.wait(call.client().remove(join_path(quota_node(path), name)));
    if (!removed && removed.error() != Error::no_node) return removed;
  }
  for (; !path.empty(); path.resize(path.rfind('/'))) {
    const auto removed = call.wait(call.client().remove(quota_node(path)));
    if (removed) continue;
    if (removed.error() == Error::not_empty || removed.error() == Error::no_node) break;
    return removed;
  }
  return {};
}

int delete_quota(Call& call) {
  const std::string& path = call.word(0);
  const Result<const Limit*, std::string> chosen = chosen_limit(call);
  if (!chosen) return call.out.usage(chosen.error());
  if (path == "/") return call.out.failed("a quota on the root is not supported");
  const std::string node = join_path(quota_node(path), limits_name);
  const auto before = read_quota(call, node);
  if (!before) return call.out.failed(before.error(), node);
  if (!*before) {
    if (!call.out.is_json()) call.out.line("Quota does not exist for " + path);
    return status_ok;
  }
  if (!*chosen) {
    const auto removed = remove_quota(call, path);
    return removed ? status_ok : call.out.failed(removed.error(), node);
  }
  Quota quota = **before;
  quota.*(*chosen)->field = -1;
  const auto done = call.wait(call.client().set_data(node, quota_text(quota)));
  return done ? status_ok : call.out.failed(done.error(), node);
}

}  // namespace

std::vector<Command> quota_commands() {
  return {
      {.name = "setquota",
       .usage = "-n|-b|-N|-B val path",
       .summary = "Limit the number of nodes or bytes at and below a node",
       .details = "-n  nodes, the node itself included: the server logs a warning beyond it\n"
                  "-b  bytes of data: the same\n"
                  "-N  nodes: the server refuses more, if it enforces quotas\n"
                  "-B  bytes: the same\n"
                  "-1 is no limit. The other limits of the node stay.",
       .options = {{"n", true}, {"b", true}, {"N", true}, {"B", true}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = set_quota},
      {.name = "listquota",
       .usage = "path",
       .summary = "Print the limits of a node and what is used of them",
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = list_quota},
      {.name = "delquota",
       .usage = "[-n|-b|-N|-B] path",
       .summary = "Remove one limit of a node, or its whole quota",
       .options = {{"n"}, {"b"}, {"N"}, {"B"}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = delete_quota},
  };
}

}  // namespace paddock::shell
