#include "tests/property/convert.h"

namespace paddock::property {

GrantList grants_of(const core::Acl& acl) {
  GrantList list;
  for (const core::AclEntry& entry : acl.entries())
    list.push_back({entry.perms, std::string(entry.scheme), std::string(entry.id)});
  return list;
}

Node node_of(const core::Version& version) {
  Node node;
  if (const auto data = version.data()) node.data = std::string(as_text(*data));
  node.acl = grants_of(*version.acl);
  node.czxid = version.czxid;
  node.mzxid = version.mzxid();
  node.pzxid = version.pzxid();
  node.ctime_ms = version.ctime_ms;
  node.mtime_ms = version.mtime_ms;
  node.owner = version.owner();
  node.version = version.version;
  node.aversion = version.aversion();
  node.create_counter = version.create_counter();
  return node;
}

std::string load(core::State& state, const Tree& tree) {
  for (const auto& [path, node] : tree.nodes) {
    std::vector<core::AclEntry> acl;
    for (const Grant& grant : node.acl) acl.push_back({grant.perms, grant.scheme, grant.id});
    core::NodeValue value;
    value.path = path;
    if (node.data) value.data = as_bytes(*node.data);
    value.acl = acl;
    value.czxid = node.czxid;
    value.mzxid = node.mzxid;
    value.pzxid = node.pzxid;
    value.ctime_ms = node.ctime_ms;
    value.mtime_ms = node.mtime_ms;
    value.owner = node.owner;
    value.version = node.version;
    value.aversion = node.aversion;
    value.create_counter = node.create_counter;
    if (const auto loaded = state.load_node(value); !loaded) return loaded.error();
  }
  for (const auto& [id, session] : tree.sessions) {
    const auto loaded =
        state.load_session({SessionId{id}, session.timeout_ms, as_bytes(session.password)});
    if (!loaded) return loaded.error();
  }
  const auto finished = state.finish_load(Zxid{tree.zxid});
  return finished ? "" : finished.error();
}

}  // namespace paddock::property
