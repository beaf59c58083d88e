#include <fmt/format.h>

#include <deque>
#include <optional>

#include "paddock/shell/files.h"
#include "paddock/shell/shell.h"
#include "paddock/shell/walk.h"

/// Commands that change nodes.
namespace paddock::shell {
namespace {

using client::CreateMode;
using client::Error;

/// The longest time to live: the server keeps it in 40 bits.
constexpr std::int64_t ttl_ms_max = (std::int64_t{1} << 40) - 1;

/// What a node shall hold: from a file, or the word at `index` as it is or from base64; "" if there
/// is neither. An error is a text for the user.
Result<std::string, std::string> data_argument(const Call& call, std::size_t index) {
  if (const auto file = call.arguments.value("f")) {
    if (*file == "-" && call.shell.reads_stdin)
      return tl::unexpected(std::string("standard input is where the commands come from"));
    return read_file(std::string(*file));
  }
  if (call.word_count() <= index) return std::string();
  if (!call.has("b")) return call.word(index);
  std::optional<std::string> bytes = from_base64(call.word(index));
  if (!bytes) return tl::unexpected(std::string("-b: the data is not base64"));
  return *std::move(bytes);
}

Result<client::CreateOptions, std::string> create_options(const Call& call) {
  const bool is_ephemeral = call.has("e");
  const bool is_sequential = call.has("s");
  const bool is_container = call.has("c");
  if (is_container && (is_ephemeral || is_sequential))
    return tl::unexpected(
        std::string("-c cannot be combined with -s or -e. Containers cannot be "
                    "ephemeral or sequential."));
  const auto ttl = call.arguments.value("t");
  if (ttl && is_ephemeral)
    return tl::unexpected(std::string("TTLs cannot be used with Ephemeral znodes"));
  if (ttl && is_container)
    return tl::unexpected(std::string("TTLs cannot be used with Container znodes"));
  client::CreateOptions options;
  if (ttl) {
    const std::optional<std::int64_t> ms = parse_integer(*ttl);
    if (!ms) return tl::unexpected(std::string("-t argument must be a long value"));
    if (*ms < 1 || *ms > ttl_ms_max)
      return tl::unexpected(
          fmt::format("ttl must be positive and cannot be larger than: {}", ttl_ms_max));
    options.ttl = client::Milliseconds(*ms);
    options.mode =
        is_sequential ? CreateMode::persistent_sequential_ttl : CreateMode::persistent_ttl;
  } else if (is_container) {
    options.mode = CreateMode::container;
  } else if (is_ephemeral) {
    options.mode = is_sequential ? CreateMode::ephemeral_sequential : CreateMode::ephemeral;
  } else if (is_sequential) {
    options.mode = CreateMode::persistent_sequential;
  }
  // With -f the data is not a word, and the ACL moves up.
  const std::size_t acl_index = call.has("f") ? 1 : 2;
  if (call.word_count() > acl_index + 1) return tl::unexpected(std::string("too many arguments"));
  if (call.word_count() > acl_index) {
    Result<std::vector<client::Acl>, std::string> acl = parse_acl(call.word(acl_index));
    if (!acl) return tl::unexpected(acl.error());
    options.acl = *std::move(acl);
  }
  return options;
}

int create(Call& call) {
  std::string path = call.word(0);
  const Result<client::CreateOptions, std::string> options = create_options(call);
  if (!options) return call.out.usage(options.error());
  // A sequence number makes a name even of nothing.
  if (is_sequential(options->mode) && path.size() > 1 && path.back() == '/') path += "0";
  if (const auto problem = path_problem(path)) return call.out.usage(*problem);
  const Result<std::string, std::string> data = data_argument(call, 1);
  if (!data) return call.out.failed(data.error());
  const auto created = call.wait(call.client().create(call.word(0), *data, *options));
  if (!created) return call.out.failed(created.error(), call.word(0));
  if (call.out.is_json()) {
    call.out.json({{"created", created->path}});
  } else {
    call.out.line("Created " + created->path);
  }
  return status_ok;
}

/// The value of -v, or any version.
Result<std::int32_t, std::string> version_of(const Call& call) {
  const auto number = call.arguments.number("v", client::any_version, INT32_MAX);
  if (!number) return tl::unexpected(number.error());
  return static_cast<std::int32_t>(number->value_or(client::any_version));
}

int set(Call& call) {
  const std::string& path = call.word(0);
  if (call.word_count() < 2 && !call.has("f"))
    return call.out.usage(usage_of(*find_command("set")));
  const auto version = version_of(call);
  if (!version) return call.out.usage(version.error());
  const Result<std::string, std::string> data = data_argument(call, 1);
  if (!data) return call.out.failed(data.error());
  const auto stat = call.wait(call.client().set_data(path, *data, *version));
  if (!stat) return call.out.failed(stat.error(), path);
  if (call.out.is_json()) {
    call.out.json({{"path", path}, {"stat", stat_json(*stat)}});
  } else if (call.has("s")) {
    call.out.text(stat_text(*stat));
  }
  return status_ok;
}

int remove(Call& call) {
  const std::string& path = call.word(0);
  const auto version = version_of(call);
  if (!version) return call.out.usage(version.error());
  const auto removed = call.wait(call.client().remove(path, *version));
  return removed ? status_ok : call.out.failed(removed.error(), path);
}

/// Waits for the oldest; a node that is gone already is what was wanted.
std::optional<WalkError> settle(
    const Call& call, std::deque<std::pair<std::string, client::Pending<void>>>& started) {
  auto [path, pending] = std::move(started.front());
  started.pop_front();
  const auto removed = call.wait(pending);
  if (removed || removed.error() == Error::no_node) return std::nullopt;
  return WalkError{removed.error(), std::move(path)};
}

int delete_all(Call& call) {
  const auto batch = call.arguments.number("b", 1, INT32_MAX);
  if (!batch) return call.out.usage(batch.error());
  std::vector<std::string> paths;
  const auto walked = walk(call, call.word(0), {}, [&](const Visit& node) {
    paths.push_back(node.path);
    return true;
  });
  if (!walked) return call.out.failed(walked.error().error, walked.error().path);
  const auto started_max = static_cast<std::size_t>(batch->value_or(1000));
  std::deque<std::pair<std::string, client::Pending<void>>> started;
  std::optional<WalkError> first_error;
  // Children before their parents; requests take effect in the order in which they are started.
  while ((!paths.empty() && !first_error) || !started.empty()) {
    if (paths.empty() || first_error || started.size() >= started_max) {
      std::optional<WalkError> error = settle(call, started);
      if (!first_error) first_error = std::move(error);
      continue;
    }
    started.emplace_back(paths.back(), call.client().remove(paths.back()));
    paths.pop_back();
  }
  if (!first_error) return status_ok;
  call.out.note("Failed to delete some node(s) in the subtree!");
  return call.out.failed(first_error->error, first_error->path);
}

int sync(Call& call) {
  const auto done = call.wait(call.client().sync(call.word(0)));
  if (!done) {
    call.out.note(fmt::format("Sync has failed. rc={}", static_cast<int>(done.error())));
    return call.out.failed(done.error(), call.word(0));
  }
  if (call.out.is_json()) {
    call.out.json({{"synced", call.word(0)}});
  } else {
    call.out.line("Sync is OK");
  }
  return status_ok;
}

Command delete_all_as(std::string_view name, std::string_view summary) {
  return {.name = name,
          .usage = "path [-b batch size]",
          .summary = summary,
          .details =
              "-b  how many deletions to have under way at a time; default 1000\n"
              "Not atomic: a failure leaves what was not deleted yet.",
          .options = {{"b", true}},
          .words_min = 1,
          .words_max = 1,
          .path_words = 1,
          .run = delete_all};
}

}  // namespace

std::vector<Command> write_commands() {
  return {
      {.name = "create",
       .usage = "[-s] [-e] [-c] [-t ttl] path [[-b] data | -f file] [acl]",
       .summary = "Create a node",
       .details =
           "-s  sequential: ten digits are appended to the path\n"
           "-e  ephemeral: it goes when this session ends, which a single command ends at once\n"
           "-c  a container: it goes some time after its last child\n"
           "-t  it goes when it has had no child and no change for that many ms\n"
           "-b  the data is base64\n"
           "-f  the data comes from a file; - is standard input\n"
           "An ACL is a list of scheme:id:perms, such as world:anyone:r,digest:bob:HASH:cdrwa.",
       .options = {{"s"}, {"e"}, {"c"}, {"t", true}, {"b"}, {"f", true}},
       .words_min = 1,
       .words_max = 3,
       .run = create},
      {.name = "set",
       .usage = "[-s] [-v version] path [-b] data | -f file",
       .summary = "Set the data of a node",
       .details = "-s  print the Stat afterwards\n"
                  "-v  only if this is the version of the data\n"
                  "-b  the data is base64\n"
                  "-f  the data comes from a file; - is standard input",
       .options = {{"s"}, {"v", true}, {"b"}, {"f", true}},
       .words_min = 1,
       .words_max = 2,
       .path_words = 1,
       .run = set},
      {.name = "delete",
       .usage = "[-v version] path",
       .summary = "Delete a node without children",
       .details = "-v  only if this is the version of the data",
       .options = {{"v", true}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = remove},
      delete_all_as("deleteall", "Delete a node and everything below it"),
      delete_all_as("rmr", "The older name of deleteall"),
      {.name = "sync",
       .usage = "path",
       .summary = "Let reads that follow see all that was written before",
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = sync},
  };
}

}  // namespace paddock::shell
