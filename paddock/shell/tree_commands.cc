#include <fmt/format.h>
#include <fnmatch.h>

#include <optional>

#include "paddock/shell/shell.h"
#include "paddock/shell/walk.h"

/// Commands that look at a whole subtree.
namespace paddock::shell {
namespace {

/// The word for where to begin; the root without one.
std::string root_of(const Call& call) { return call.word_count() > 0 ? call.word(0) : "/"; }

int finish(Call& call, const Result<void, WalkError>& walked) {
  return walked ? status_ok : call.out.failed(walked.error().error, walked.error().path);
}

/// "│   └── " for the branches of a node.
std::string indent_of(std::string_view branches) {
  std::string text;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const bool is_last = branches[i] == 'l';
    const bool is_own = i + 1 == branches.size();
    text += is_own ? (is_last ? "└── " : "├── ") : (is_last ? "    " : "│   ");
  }
  return text;
}

Json node_json(const Visit& node) {
  const client::Stat& stat = node.children.stat;
  Json json{
      {"path", node.path}, {"dataLength", stat.data_length}, {"numChildren", stat.num_children}};
  if (stat.ephemeral_owner.value != 0) json["ephemeralOwner"] = hex(stat.ephemeral_owner.value);
  return json;
}

int tree(Call& call) {
  const auto depth = call.arguments.number("L", 0, INT32_MAX);
  if (!depth) return call.out.usage(depth.error());
  WalkOptions options;
  if (*depth) options.depth_max = static_cast<std::size_t>(**depth);
  return finish(call, walk(call, root_of(call), options, [&](const Visit& node) {
                  if (call.out.is_json()) {
                    call.out.json(node_json(node));
                    return true;
                  }
                  const client::Stat& stat = node.children.stat;
                  std::string line = indent_of(node.branches);
                  line += node.depth == 0 ? node.path : node_name(node.path);
                  if (call.has("s")) line += fmt::format(" [{} bytes]", stat.data_length);
                  if (stat.ephemeral_owner.value != 0) line += " (ephemeral)";
                  call.out.line(line);
                  return true;
                }));
}

/// Whether a node is one that `find` looks for; an error of the server about it.
client::Expected<bool> is_wanted(const Call& call, const Visit& node) {
  const auto matches = [&](std::string_view option, std::string_view text) {
    const auto pattern = call.arguments.value(option);
    return !pattern || ::fnmatch(std::string(*pattern).c_str(), std::string(text).c_str(), 0) == 0;
  };
  const client::Stat& stat = node.children.stat;
  if (!matches("name", node_name(node.path)) || !matches("path", node.path)) return false;
  if (call.has("ephemeral") && stat.ephemeral_owner.value == 0) return false;
  if (call.has("leaf") && stat.num_children != 0) return false;
  if (call.has("empty") && (stat.num_children != 0 || stat.data_length != 0)) return false;
  const auto text = call.arguments.value("contains");
  if (!text) return true;
  const auto data = call.wait(call.client().get_data(node.path));
  if (data) return data->data.find(*text) != std::string::npos;
  if (data.error() == client::Error::no_node) return false;
  return tl::unexpected(data.error());
}

int find(Call& call) {
  const auto depth = call.arguments.number("maxdepth", 0, INT32_MAX);
  if (!depth) return call.out.usage(depth.error());
  WalkOptions options;
  if (*depth) options.depth_max = static_cast<std::size_t>(**depth);
  std::optional<WalkError> error;
  const auto walked = walk(call, root_of(call), options, [&](const Visit& node) {
    const client::Expected<bool> wanted = is_wanted(call, node);
    if (!wanted) {
      error = WalkError{wanted.error(), node.path};
      return false;
    }
    if (*wanted) call.out.is_json() ? call.out.json(node_json(node)) : call.out.line(node.path);
    return true;
  });
  if (error) return call.out.failed(error->error, error->path);
  return finish(call, walked);
}

struct Usage {
  std::string path;
  std::size_t depth;
  std::int64_t bytes;
  std::int64_t nodes = 1;
};

int du(Call& call) {
  const auto shown = call.arguments.number("d", 0, INT32_MAX);
  if (!shown) return call.out.usage(shown.error());
  std::vector<Usage> nodes;
  std::vector<std::size_t> ancestors;  // by depth, of the node that was visited last
  const auto walked = walk(call, root_of(call), {}, [&](const Visit& node) {
    if (ancestors.size() > node.depth) ancestors.resize(node.depth);
    for (const std::size_t ancestor : ancestors) {
      nodes[ancestor].bytes += node.children.stat.data_length;
      ++nodes[ancestor].nodes;
    }
    // Below what is shown only the sums matter.
    if (node.depth > static_cast<std::size_t>(shown->value_or(INT32_MAX))) return true;
    ancestors.push_back(nodes.size());
    nodes.push_back({node.path, node.depth, node.children.stat.data_length});
    return true;
  });
  if (!walked) return finish(call, walked);
  for (const Usage& usage : nodes) {
    if (call.out.is_json()) {
      call.out.json({{"path", usage.path}, {"bytes", usage.bytes}, {"nodes", usage.nodes}});
    } else {
      call.out.line(fmt::format("{}\t{}\t{}", usage.bytes, usage.nodes, usage.path));
    }
  }
  return status_ok;
}

}  // namespace

std::vector<Command> tree_commands() {
  return {
      {.name = "tree",
       .usage = "[-L levels] [-s] [path]",
       .summary = "Draw a subtree",
       .details = "-L  only that many levels below the path\n"
                  "-s  with the sizes of the data",
       .options = {{"L", true}, {"s"}},
       .words_max = 1,
       .path_words = 1,
       .run = tree},
      {.name = "find",
       .usage = "[path] [-name glob] [-path glob] [-contains text] [-ephemeral] [-leaf] [-empty] "
                "[-maxdepth levels]",
       .summary = "List the nodes of a subtree for which everything that is asked for holds",
       .details = "-name       the last part of the path matches, with * ? and [...]\n"
                  "-path       the whole path matches; * goes over slashes too\n"
                  "-contains   the data holds that text\n"
                  "-ephemeral  it belongs to a session\n"
                  "-leaf       it has no children\n"
                  "-empty      it has neither children nor data\n"
                  "-maxdepth   only that many levels below the path",
       .options = {{"name", true},
                   {"path", true},
                   {"contains", true},
                   {"ephemeral"},
                   {"leaf"},
                   {"empty"},
                   {"maxdepth", true}},
       .words_max = 1,
       .path_words = 1,
       .run = find},
      {.name = "du",
       .usage = "[-d levels] [path]",
       .summary = "Sum up bytes of data and number of nodes, of each subtree",
       .details = "Prints bytes, nodes and path: of a node and everything below it.\n"
                  "-d  print only that many levels below the path",
       .options = {{"d", true}},
       .words_max = 1,
       .path_words = 1,
       .run = du},
  };
}

}  // namespace paddock::shell
