#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "paddock/shell/files.h"
#include "paddock/shell/shell.h"
#include "paddock/shell/walk.h"

/// Commands that look at nodes.
namespace paddock::shell {
namespace {

/// zkCli.sh still takes "get path watch", from before there were options; `usage` is what to write
/// instead.
client::Watcher watcher_for(Call& call, std::string_view command, std::string_view usage) {
  if (call.word_count() < 2) return call.watcher_if("w");
  call.out.note(fmt::format("'{0} path [watch]' has been deprecated. Please use '{0} {1}' instead.",
                            command, usage));
  return call.shell.watcher();
}

void print_stat(Call& call, const client::Stat& stat) { call.out.text(stat_text(stat)); }

int list_below(Call& call) {
  const std::string& root = call.word(0);
  bool is_first = true;
  const auto print = [&](const std::string& path) {
    call.out.is_json() ? call.out.json(path) : call.out.line(path);
  };
  const auto walked = walk(call, root, {.watcher = call.watcher_if("w")}, [&](const Visit& node) {
    // zkCli.sh's order: all children of a node before what is below the first of them.
    if (std::exchange(is_first, false)) print(node.path);
    for (const std::string& name : node.children.names) print(join_path(node.path, name));
    return true;
  });
  return walked ? status_ok : call.out.failed(walked.error().error, walked.error().path);
}

int print_children(Call& call, bool with_stat, std::string_view command) {
  const std::string& path = call.word(0);
  auto children =
      call.wait(call.client().get_children(path, watcher_for(call, command, "[-w] path")));
  if (!children) return call.out.failed(children.error(), path);
  if (call.out.is_json()) {
    std::sort(children->names.begin(), children->names.end());
    Json json{{"path", path}, {"children", children->names}};
    if (with_stat) json["stat"] = stat_json(children->stat);
    call.out.json(json);
    return status_ok;
  }
  call.out.line(list_text(std::move(children->names)));
  if (with_stat) print_stat(call, children->stat);
  return status_ok;
}

int ls(Call& call) {
  return call.has("R") ? list_below(call) : print_children(call, call.has("s"), "ls");
}

int ls2(Call& call) { return print_children(call, true, "ls2"); }

/// The data as the options want it, with its line end unless it is to be exact.
std::string data_text(const Call& call, const client::NodeData& node) {
  if (call.has("raw")) return node.data;
  if (call.has("x")) return hex_dump(node.data) + "\n";
  if (call.has("b")) return base64(node.data) + "\n";
  return (node.is_null ? "null" : node.data) + "\n";
}

int get(Call& call) {
  const std::string& path = call.word(0);
  const auto node =
      call.wait(call.client().get_data(path, watcher_for(call, "get", "[-s] [-w] path")));
  if (!node) return call.out.failed(node.error(), path);
  if (const auto file = call.arguments.value("f")) {
    if (*file == "-") {
      call.out.text(node->data);
    } else {
      const auto written = write_file(std::string(*file), node->data);
      if (!written) return call.out.failed(written.error());
    }
    if (call.has("s")) print_stat(call, node->stat);
    return status_ok;
  }
  if (call.out.is_json()) {
    Json json{{"path", path}};
    set_data(json, node->data, node->is_null);
    if (call.has("s")) json["stat"] = stat_json(node->stat);
    call.out.json(json);
    return status_ok;
  }
  call.out.text(data_text(call, *node));
  if (call.has("s")) print_stat(call, node->stat);
  return status_ok;
}

int stat(Call& call) {
  const std::string& path = call.word(0);
  const auto found = call.wait(call.client().exists(path, watcher_for(call, "stat", "[-w] path")));
  if (!found) return call.out.failed(found.error(), path);
  if (!*found) return call.out.failed(client::Error::no_node, path);
  if (call.out.is_json()) {
    call.out.json({{"path", path}, {"stat", stat_json(**found)}});
  } else {
    print_stat(call, **found);
  }
  return status_ok;
}

int get_ephemerals(Call& call) {
  const std::string path = call.word_count() > 0 ? call.word(0) : "/";
  auto paths = call.wait(call.client().get_ephemerals(path));
  if (!paths) return call.out.failed(paths.error(), path);
  if (call.out.is_json()) {
    std::sort(paths->begin(), paths->end());
    call.out.json({{"ephemerals", *paths}});
  } else {
    call.out.line(list_text(*std::move(paths)));
  }
  return status_ok;
}

int get_all_children_number(Call& call) {
  const std::string& path = call.word(0);
  const auto count = call.wait(call.client().get_all_children_number(path));
  if (!count) return call.out.failed(count.error(), path);
  if (call.out.is_json()) {
    call.out.json({{"path", path}, {"count", *count}});
  } else {
    call.out.line(std::to_string(*count));
  }
  return status_ok;
}

}  // namespace

std::vector<Command> read_commands() {
  return {
      {.name = "ls",
       .usage = "[-s] [-w] [-R] path",
       .summary = "List the children of a node",
       .details = "-s  print the node's Stat as well\n"
                  "-w  set a watch: the next change of the children is printed\n"
                  "-R  list everything below the node, one path a line; with -w, watch all of it",
       .options = {{"s"}, {"w"}, {"R"}},
       .words_min = 1,
       .words_max = 2,
       .path_words = 1,
       .run = ls},
      {.name = "ls2",
       .usage = "path",
       .summary = "The same as ls -s",
       .words_min = 1,
       .words_max = 2,
       .path_words = 1,
       .run = ls2},
      {.name = "get",
       .usage = "[-s] [-w] [-b|-x|--raw] path [-f output_file_name]",
       .summary = "Print the data of a node",
       .details = "-s     print the node's Stat as well\n"
                  "-w     set a watch: the next change of the data is printed\n"
                  "-b     print the data in base64\n"
                  "-x     print the data as a hex dump\n"
                  "--raw  print the bytes of the data and nothing else, no line end either\n"
                  "-f     write the bytes to a file instead; - is standard output\n"
                  "Null data, which other clients can create, shows as null.",
       .options = {{"s"}, {"w"}, {"b"}, {"x"}, {"raw"}, {"f", true}},
       .words_min = 1,
       .words_max = 2,
       .path_words = 1,
       .run = get},
      {.name = "stat",
       .usage = "[-w] path",
       .summary = "Print the Stat of a node",
       .details = "-w  set a watch: the next change of the data, or the deletion, is printed",
       .options = {{"w"}},
       .words_min = 1,
       .words_max = 2,
       .path_words = 1,
       .run = stat},
      {.name = "getEphemerals",
       .usage = "[path]",
       .summary = "List the ephemeral nodes of this session at or below a path",
       .words_min = 0,
       .words_max = 1,
       .path_words = 1,
       .run = get_ephemerals},
      {.name = "getAllChildrenNumber",
       .usage = "path",
       .summary = "Count everything below a node",
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = get_all_children_number},
  };
}

}  // namespace paddock::shell
