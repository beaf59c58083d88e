#include <fmt/format.h>

#include "paddock/shell/shell.h"
#include "paddock/shell/walk.h"

/// Commands about who may do what.
namespace paddock::shell {
namespace {

int get_acl(Call& call) {
  const std::string& path = call.word(0);
  const auto list = call.wait(call.client().get_acl(path));
  if (!list) return call.out.failed(list.error(), path);
  if (call.out.is_json()) {
    Json json{{"path", path}, {"acl", acl_json(list->acl)}};
    if (call.has("s")) json["stat"] = stat_json(list->stat);
    call.out.json(json);
    return status_ok;
  }
  call.out.text(acl_text(list->acl));
  if (call.has("s")) call.out.text(stat_text(list->stat));
  return status_ok;
}

void print_stat(Call& call, const std::string& path, const client::Stat& stat) {
  if (call.out.is_json()) {
    call.out.json({{"path", path}, {"stat", stat_json(stat)}});
  } else if (call.has("s")) {
    call.out.text(stat_text(stat));
  }
}

int set_acl_below(Call& call, const std::vector<client::Acl>& acl, std::int32_t version) {
  std::vector<std::string> paths;
  const auto walked = walk(call, call.word(0), {}, [&](const Visit& node) {
    paths.push_back(node.path);
    return true;
  });
  if (!walked) return call.out.failed(walked.error().error, walked.error().path);
  // Children first: the new list of a parent may keep this session from looking at them.
  for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
    const auto stat = call.wait(call.client().set_acl(*path, acl, version));
    if (!stat) return call.out.failed(stat.error(), *path);
    print_stat(call, *path, *stat);
  }
  return status_ok;
}

int set_acl(Call& call) {
  const auto version = call.arguments.number("v", client::any_version, INT32_MAX);
  if (!version) return call.out.usage(version.error());
  const auto wanted = static_cast<std::int32_t>(version->value_or(client::any_version));
  const Result<std::vector<client::Acl>, std::string> acl = parse_acl(call.word(1));
  if (!acl) return call.out.usage(acl.error());
  if (call.has("R")) return set_acl_below(call, *acl, wanted);
  const std::string& path = call.word(0);
  const auto stat = call.wait(call.client().set_acl(path, *acl, wanted));
  if (!stat) return call.out.failed(stat.error(), path);
  print_stat(call, path, *stat);
  return status_ok;
}

int add_auth(Call& call) {
  const std::string auth = call.word_count() > 1 ? call.word(1) : "";
  const auto added = call.wait(call.client().add_auth(call.word(0), auth));
  return added ? status_ok : call.out.failed(added.error(), "");
}

int who_am_i(Call& call) {
  const auto identities = call.wait(call.client().who_am_i());
  if (!identities) return call.out.failed(identities.error(), "");
  if (call.out.is_json()) {
    Json list = Json::array();
    for (const client::Identity& identity : *identities)
      list.push_back(Json::object({{"scheme", identity.scheme}, {"user", identity.user}}));
    call.out.json(Json::object({{"identities", list}}));
    return status_ok;
  }
  call.out.line("Auth scheme: User");
  for (const client::Identity& identity : *identities)
    call.out.line(fmt::format("{}: {}", identity.scheme, identity.user));
  return status_ok;
}

}  // namespace

std::vector<Command> acl_commands() {
  return {
      {.name = "getAcl",
       .usage = "[-s] path",
       .summary = "Print the ACL of a node",
       .details = "-s  print the node's Stat as well",
       .options = {{"s"}},
       .words_min = 1,
       .words_max = 1,
       .path_words = 1,
       .run = get_acl},
      {.name = "setAcl",
       .usage = "[-s] [-v version] [-R] path acl",
       .summary = "Set the ACL of a node",
       .details =
           "-s  print the Stat afterwards\n"
           "-v  only if this is the version of the ACL (aclVersion)\n"
           "-R  for everything below the node too, from the leaves upwards; not atomic\n"
           "An ACL is a list of scheme:id:perms, such as world:anyone:r,digest:bob:HASH:cdrwa;\n"
           "auth::cdrwa stands for whoever this session has identified as.",
       .options = {{"s"}, {"v", true}, {"R"}},
       .words_min = 2,
       .words_max = 2,
       .path_words = 1,
       .run = set_acl},
      {.name = "addauth",
       .usage = "scheme auth",
       .summary = "Identify this session, for example: addauth digest bob:secret",
       .details = "The line is kept out of the history file.",
       .words_min = 1,
       .words_max = 2,
       .run = add_auth},
      {.name = "whoami",
       .usage = "",
       .summary = "Print the identities of this session",
       .run = who_am_i},
  };
}

}  // namespace paddock::shell
