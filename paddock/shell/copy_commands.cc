#include <fmt/format.h>

#include <deque>
#include <unordered_set>

#include "core/proto/paths.h"
#include "paddock/shell/export_file.h"
#include "paddock/shell/files.h"
#include "paddock/shell/shell.h"
#include "paddock/shell/walk.h"

/// Subtrees to a file and back.
namespace paddock::shell {
namespace {

using client::Error;

constexpr std::size_t started_max = 256;

/// A path below `root`, from what it is relative to it.
std::string absolute(const std::string& root, const std::string& relative) {
  if (relative.empty()) return root;
  return root == "/" ? relative : root + relative;
}

bool is_system(std::string_view path) {
  return path == proto::zookeeper_path || path.starts_with("/zookeeper/");
}

/// The nodes of an export as they come in, while later ones are being asked for.
class Exporter {
 public:
  Exporter(const Call& call, std::string root) : call_(call), root_(std::move(root)) {}

  /// false at the first error.
  bool add(const Visit& node) {
    if (root_ == "/" && is_system(node.path)) return true;
    const SessionId owner = node.children.stat.ephemeral_owner;
    if (owner.value != 0 && !call_.has("e")) {
      ++ephemerals_;
      return true;
    }
    started_.push_back(
        {node.path, owner, call_.client().get_data(node.path), call_.client().get_acl(node.path)});
    return started_.size() < started_max || settle();
  }

  bool finish() {
    while (!started_.empty()) {
      if (!settle()) return false;
    }
    return true;
  }

  std::optional<WalkError> error;
  std::string text() { return export_begin(root_) + nodes_ + std::string(export_end); }
  std::size_t nodes() const { return count_; }
  std::size_t ephemerals() const { return ephemerals_; }

 private:
  struct Started {
    std::string path;
    SessionId owner;
    client::Pending<client::NodeData> data;
    client::Pending<client::AclList> acl;
  };

  bool settle() {
    Started next = std::move(started_.front());
    started_.pop_front();
    auto data = call_.wait(next.data);
    auto acl = call_.wait(next.acl);
    const Error failure = !data ? data.error() : !acl ? acl.error() : Error::ok;
    if (failure == Error::no_node && next.path != root_) {
      gone_.insert(next.path);
      return true;
    }
    if (failure != Error::ok) {
      error = WalkError{failure, next.path};
      return false;
    }
    // What was created below it since is of another life.
    if (gone_.contains(next.path.substr(0, next.path.rfind('/')))) return true;
    ExportedNode node{
        .path = next.path.substr(root_ == "/" || next.path == root_ ? 0 : root_.size()),
        .data = std::move(data->data),
        .is_null = data->is_null,
        .acl = std::move(acl->acl),
        .is_ephemeral = next.owner.value != 0};
    if (next.path == root_) node.path.clear();
    nodes_ += (count_++ > 0 ? ",\n" : "") + dump(exported_node_json(node, next.owner));
    return true;
  }

  const Call& call_;
  std::string root_;
  std::deque<Started> started_;
  std::unordered_set<std::string> gone_;
  std::string nodes_;
  std::size_t count_ = 0;
  std::size_t ephemerals_ = 0;
};

int export_tree(Call& call) {
  Exporter exporter(call, call.word(0));
  const auto walked =
      walk(call, call.word(0), {}, [&](const Visit& node) { return exporter.add(node); });
  if (!walked) return call.out.failed(walked.error().error, walked.error().path);
  if (exporter.error || !exporter.finish())
    return call.out.failed(exporter.error->error, exporter.error->path);
  if (exporter.nodes() == 0)
    return call.out.failed(call.word(0) + " is ephemeral: -e exports such nodes too");
  const std::string file(call.arguments.value("f").value_or("-"));
  if (file != "-") {
    const auto written = write_file(file, exporter.text());
    if (!written) return call.out.failed(written.error());
    call.out.note(fmt::format("Exported {} nodes", exporter.nodes()));
  } else {
    call.out.text(exporter.text());
  }
  if (exporter.ephemerals() > 0)
    call.out.note(fmt::format("Left out {} ephemeral nodes", exporter.ephemerals()));
  return status_ok;
}

/// How an import treats a node that is there already.
enum class Existing { refuse, overwrite, keep };

class Importer {
 public:
  Importer(const Call& call, std::string root, Existing existing)
      : call_(call), root_(std::move(root)), existing_(existing) {}

  /// One node; parents must have been added. An error ends the import.
  client::Expected<void> add(const ExportedNode& node) {
    const std::string path = absolute(root_, node.path);
    if (root_ == "/" && (path == "/" || is_system(path))) return {};
    client::CreateOptions options;
    if (!call_.has("no-acl")) options.acl = node.acl;
    const auto created = call_.wait(call_.client().create(path, node.data, options));
    if (created) {
      ++created_;
      return {};
    }
    if (created.error() != Error::node_exists || existing_ == Existing::refuse)
      return tl::unexpected(created.error());
    if (existing_ == Existing::keep) return {};
    const auto set = call_.wait(call_.client().set_data(path, node.data));
    if (!set) return tl::unexpected(set.error());
    if (!call_.has("no-acl")) {
      const auto acl = call_.wait(call_.client().set_acl(path, node.acl));
      if (!acl) return tl::unexpected(acl.error());
    }
    ++overwritten_;
    return {};
  }

  /// The missing nodes above the root, empty and open.
  client::Expected<void> add_parents() {
    for (std::size_t slash = root_.find('/', 1); slash != std::string::npos;
         slash = root_.find('/', slash + 1)) {
      const auto created = call_.wait(call_.client().create(root_.substr(0, slash), ""));
      if (!created && created.error() != Error::node_exists) return tl::unexpected(created.error());
    }
    return {};
  }

  std::size_t created() const { return created_; }
  std::size_t overwritten() const { return overwritten_; }

 private:
  const Call& call_;
  std::string root_;
  Existing existing_;
  std::size_t created_ = 0;
  std::size_t overwritten_ = 0;
};

/// The nodes to import: without the ephemeral ones, unless they shall become persistent.
std::size_t drop_ephemerals(const Call& call, std::vector<ExportedNode>& nodes) {
  if (call.has("e")) return 0;
  return std::erase_if(nodes, [](const ExportedNode& node) { return node.is_ephemeral; });
}

Result<std::string, std::string> read_input(const Call& call) {
  const std::string file(call.arguments.value("f").value_or("-"));
  if (file == "-" && call.shell.reads_stdin)
    return tl::unexpected(std::string("-f FILE: standard input is where the commands come from"));
  return read_file(file);
}

int import_nodes(Call& call, std::vector<ExportedNode> nodes) {
  const std::string& root = call.word(0);
  const std::size_t dropped = drop_ephemerals(call, nodes);
  const Existing existing = call.has("o")   ? Existing::overwrite
                            : call.has("k") ? Existing::keep
                                            : Existing::refuse;
  if (existing == Existing::refuse && root != "/") {
    const auto stat = call.wait(call.client().exists(root));
    if (!stat) return call.out.failed(stat.error(), root);
    if (*stat) return call.out.failed(Error::node_exists, root);
  }
  Importer importer(call, root, existing);
  const auto above = importer.add_parents();
  if (!above) return call.out.failed(above.error(), root);
  for (const ExportedNode& node : nodes) {
    const auto added = importer.add(node);
    if (added) continue;
    call.out.note(fmt::format("Stopped after {} nodes", importer.created()));
    return call.out.failed(added.error(), absolute(root, node.path));
  }
  if (call.out.is_json()) {
    call.out.json({{"created", importer.created()},
                   {"overwritten", importer.overwritten()},
                   {"ephemeralsLeftOut", dropped}});
    return status_ok;
  }
  call.out.note(fmt::format("Created {} nodes, overwrote {}, left out {} ephemeral ones",
                            importer.created(), importer.overwritten(), dropped));
  return status_ok;
}

int import_tree(Call& call) {
  if (call.has("o") && call.has("k")) return call.out.usage("-o or -k, not both");
  const Result<std::string, std::string> text = read_input(call);
  if (!text) return call.out.failed(text.error());
  Result<std::vector<ExportedNode>, std::string> nodes = parse_export(*text);
  if (!nodes) return call.out.failed(nodes.error());
  return import_nodes(call, *std::move(nodes));
}

}  // namespace

std::vector<Command> copy_commands() {
  return {
      {.name = "export",
       .usage = "[-e] path [-f file]",
       .summary = "Write a subtree as JSON, data and ACLs",
       .details = "-e  ephemeral nodes as well, marked\n"
                  "-f  to a file; otherwise to standard output\n"
                  "Data that is not UTF-8 is in base64. Each node is read by itself: it is no\n"
                  "snapshot of one moment. Of / everything but /zookeeper is exported.",
       .options = {{"e"}, {"f", true}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = export_tree},
      {.name = "import",
       .usage = "[-o|-k] [-e] [--no-acl] path [-f file]",
       .summary = "Create a subtree from what export has written",
       .details = "-o        overwrite data and ACL of nodes that are there already\n"
                  "-k        keep nodes that are there already as they are\n"
                  "-e        ephemeral nodes too, as persistent ones; otherwise they are left out\n"
                  "--no-acl  everything open, instead of the ACLs in the file\n"
                  "-f        from a file; otherwise from standard input\n"
                  "The path need not be where it came from; without -o or -k it must not exist.\n"
                  "All nodes become persistent ones with new versions. The file is checked as a\n"
                  "whole before anything is written; an error of the server stops it half-way.",
       .options = {{"o"}, {"k"}, {"e"}, {"no-acl"}, {"f", true}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = import_tree},
  };
}

}  // namespace paddock::shell
