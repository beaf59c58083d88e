#include "tests/property/generator.h"

#include <array>
#include <string_view>

namespace paddock::property {
namespace {

using namespace std::string_view_literals;

constexpr std::array names{"a"sv, "b"sv, "c"sv, "d"sv, "\xc3\xa9"sv, "lock-"sv};
/// Strings that are no node's path, or only look like one.
constexpr std::array odd_paths{""sv,
                               "/"sv,
                               "a"sv,
                               "a/b"sv,
                               "//"sv,
                               "/a/"sv,
                               "/a//b"sv,
                               "//a"sv,
                               "/."sv,
                               "/.."sv,
                               "/a/."sv,
                               "/a/.."sv,
                               "/a/./b"sv,
                               "/a/.b"sv,
                               "/..."sv,
                               "/x\0"sv,
                               "/\x01"sv,
                               "/a\x7f"sv,
                               "/\xff"sv,
                               "/\xc2\x85"sv,
                               "/\xed\xa0\xbd"sv,
                               "/\xef\xbf\xbe"sv,
                               "/\xee\x80\x80"sv,
                               "/\xf0\x9f\x98\x80"sv,
                               "/\xc2\xa0"sv,
                               "/zookeeper"sv,
                               "/zookeeper/quota"sv,
                               "/zookeeper/config"sv,
                               "/zookeeper/config/a"sv};

const std::string bob = "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=";
const std::string eve = "eve:dGhpcyBpcyBub3QgYSBoYXNoIQ==";

const std::vector<std::vector<Who>>& callers() {
  static const std::vector<std::vector<Who>> all{
      {{"ip", "10.1.2.3"}},
      {{"ip", "10.1.2.3"}, {"digest", bob}},
      {{"ip", "192.168.0.9"}, {"digest", eve}, {"digest", bob}},
      {{"ip", "2001:db8::7"}, {"digest", eve}},
      {{"ip", "127.0.0.1"}, {"digest", "super:xx="}, {"super", ""}},
      {}};
  return all;
}

using AskedList = std::vector<AskedAcl>;

const std::vector<AskedList>& good_lists() {
  static const std::vector<AskedList> all{
      {{1, "world", "anyone"}},
      {{0, "world", "anyone"}},
      {{255, "world", "anyone"}},
      {{31, "digest", bob}, {1, "world", "anyone"}},
      {{31, "digest", bob}},
      {{15, "digest", eve}, {16, "digest", bob}},
      {{31, "ip", "10.0.0.0/9"}, {31, "ip", "10.0.0.0/9"}, {1, "digest", eve}},
      {{1, "ip", "2001:db8::/33"}, {16, "digest", bob}},
      {{27, "ip", "2001:db8::/33"}, {4, "ip", "192.168.0.8/31"}},
      {{31, "ip", "0.0.0.0/0"}},
      {{31, "auth", std::nullopt}},
      {{5, "auth", ""}, {31, "digest", bob}, {5, "auth", ""}},
      {{1, "digest", "\xff:h"}, {-1, "ip", "10.1.2.3"}}};
  return all;
}

const std::vector<std::optional<AskedList>>& bad_lists() {
  static const std::vector<std::optional<AskedList>> all{
      std::nullopt,
      AskedList{},
      AskedList{{31, std::nullopt, "anyone"}},
      AskedList{{31, "world", "anybody"}},
      AskedList{{31, "world", std::nullopt}},
      AskedList{{31, "digest", "bob"}},
      AskedList{{31, "digest", "a:b:c"}},
      AskedList{{31, "digest", "a:"}},
      AskedList{{31, "digest", std::nullopt}},
      AskedList{{31, "ip", "10.0.0.1/33"}},
      AskedList{{31, "ip", "10.0.0"}},
      AskedList{{31, "x509", "CN=a"}},
      AskedList{{31, "sasl", "bob"}},
      AskedList{{31, "super", ""}},
      AskedList{{31, "world", "anyone"}, {31, "nonsense", "x"}}};
  return all;
}

/// Past this many nodes, the tree is made smaller rather than larger.
constexpr std::size_t nodes_wanted = 60;
constexpr std::int64_t dead_session = 0x7777;
constexpr std::array<std::int64_t, 8> session_ids{0x100000000000001,
                                                  2,
                                                  3,
                                                  4,
                                                  0x7fffffffffffffff,
                                                  0x0100000000000000,
                                                  -2,  // high byte 0xff, extended type not TTL
                                                  0x7000000000000000};
constexpr std::array<std::int64_t, 3> impossible_ids{
    0, INT64_MIN, static_cast<std::int64_t>(0xff00000000000005u)};

}  // namespace

Request Generator::request(const Tree& newest) {
  Request request;
  // Time mostly goes on, and sometimes back.
  now_ms_ += random_.one_in(20) ? -3 : static_cast<std::int64_t>(random_.below(5));
  request.now_ms = now_ms_;
  request.who = who();
  request.session = session(newest);
  if (random_.one_in(25)) {
    request.op.opcode = op_create_session;
    request.session = random_.one_in(8) ? random_.pick(impossible_ids) : random_.pick(session_ids);
    request.timeout_ms = static_cast<std::int32_t>(4000 + random_.below(1000));
    request.password.resize(16);
    for (char& c : request.password) c = static_cast<char>(random_.below(256));
    request.who.clear();
    return request;
  }
  if (random_.one_in(60)) {
    request.op.opcode = op_close_session;
    return request;
  }
  if (random_.one_in(10)) {
    request.op = on_node(newest, op_delete_container);
    request.session = 0;
    request.who.clear();
    return request;
  }
  if (random_.one_in(100)) {
    request.op = long_multi();
    request.who = callers()[4];
    return request;
  }
  request.op = random_.one_in(5) ? multi(newest) : operation(newest, false);
  request.cut_short = random_.one_in(50);
  return request;
}

std::vector<Who> Generator::who() {
  // Mostly somebody who may do much, so that the tree does not seal itself off.
  return random_.one_in(2) ? callers()[4] : random_.pick(callers());
}

std::int64_t Generator::session(const Tree& tree) {
  if (tree.sessions.empty() || random_.one_in(40)) return dead_session;
  auto at = tree.sessions.begin();
  std::advance(at, random_.below(tree.sessions.size()));
  return at->first;
}

std::string Generator::existing(const Tree& tree) {
  auto at = tree.nodes.begin();
  std::advance(at, random_.below(tree.nodes.size()));
  return at->first;
}

std::string Generator::new_path(const Tree& tree) {
  std::string above = existing(tree);
  if (above.size() > 40) above = "/";
  std::string path = above == "/" ? above : above + "/";
  if (random_.one_in(12)) path += std::string(random_.pick(names)) + "/";  // the parent is missing
  return path.append(random_.pick(names));
}

std::string Generator::path(const Tree& tree) {
  if (random_.one_in(10)) return std::string(random_.pick(odd_paths));
  return random_.one_in(5) ? new_path(tree) : existing(tree);
}

Operation Generator::operation(const Tree& tree, bool in_multi) {
  if (random_.one_in(10)) return quota(tree);
  const bool is_full = tree.nodes.size() > nodes_wanted;
  const std::uint64_t kind = random_.below(100);
  if (kind < (is_full ? 15 : 45)) return create(tree);
  if (kind < (is_full ? 65 : 60)) return on_node(tree, op_delete);
  if (kind < 85) return on_node(tree, op_set_data);
  return on_node(tree, in_multi ? op_check : op_set_acl);
}

Operation Generator::create(const Tree& tree) {
  constexpr std::array opcodes{op_create, op_create2, op_create_container, op_create_ttl};
  Operation op;
  op.opcode = random_.pick(opcodes);
  op.path = random_.one_in(4) ? path(tree) : new_path(tree);
  if (random_.one_in(30)) op.path.reset();
  op.data = data();
  op.acl = acl();
  op.flags = static_cast<std::int32_t>(random_.below(4));
  if (op.opcode == op_create_ttl && !random_.one_in(8)) op.flags = random_.one_in(2) ? 5 : 6;
  if (random_.one_in(12)) op.flags = static_cast<std::int32_t>(random_.below(9)) - 1;
  constexpr std::array<std::int64_t, 6> odd_ttls{
      0, -1, INT64_MIN, 1099511627775, 1099511627776, INT64_MAX};
  op.ttl_ms = random_.one_in(10) ? random_.pick(odd_ttls)
                                 : static_cast<std::int64_t>(1 + random_.below(50));
  return op;
}

Operation Generator::on_node(const Tree& tree, std::int32_t opcode) {
  Operation op;
  op.opcode = opcode;
  // The server names nodes that it found, of the kind it removes most of the time.
  op.path = opcode == op_delete_container ? existing(tree) : path(tree);
  for (int tries = 0; opcode == op_delete_container && tries < 6; ++tries) {
    if (tree.nodes.at(*op.path).owner < 0) break;
    op.path = existing(tree);
  }
  if (opcode == op_delete_container && random_.one_in(10)) op.path = new_path(tree);
  op.version = version(tree, *op.path, opcode == op_set_acl);
  op.data = data();
  op.acl = acl();
  if (random_.one_in(30)) op.path.reset();
  return op;
}

/// Sets a quota, changes it, or takes it away; now and then with numbers that are none.
Operation Generator::quota(const Tree& tree) {
  constexpr std::array on{"/a"sv, "/b"sv, "/c"sv, "/a/b"sv, "/a/c"sv};
  constexpr std::array texts{"count=3,bytes=20"sv,
                             "count=1000,bytes=-1"sv,
                             "count=-1,bytes=100=;byteHardLimit=300;countHardLimit=4"sv,
                             "countHardLimit=2"sv,
                             "countHardLimit=0,byteHardLimit=0"sv,
                             "byteHardLimit=50"sv,
                             "byteHardLimit=5"sv,
                             "count=,bytes=x"sv,
                             ""sv,
                             "count=9223372036854775807,bytes=9223372036854775807"sv,
                             "count=99999999999999999999,bytes=-5"sv};
  Operation op;
  std::string path = "/zookeeper/quota" + std::string(random_.pick(on));
  if (tree.find(path) != nullptr)
    path += random_.one_in(2) ? "/zookeeper_limits" : "/zookeeper_stats";
  else if (path.size() > 18)
    path.resize(18);  // the folder above it first
  op.path = path;
  op.acl = AskedList{{31, "world", "anyone"}};
  op.data = random_.one_in(4) ? data() : std::string(random_.pick(texts));
  op.opcode = op_create;
  if (tree.find(path) != nullptr) op.opcode = random_.one_in(3) ? op_delete : op_set_data;
  return op;
}

Operation Generator::multi(const Tree& tree) {
  Operation op;
  op.opcode = op_multi;
  const std::uint64_t count = random_.one_in(30) ? 40 : random_.below(6);
  for (std::uint64_t i = 0; i < count; ++i) {
    Operation next = operation(tree, true);
    if (i > 0 && random_.one_in(3)) {
      // Something done to what an earlier operation of this multi did.
      const Text& before = random_.pick(op.ops).path;
      if (before && is_create(next.opcode)) next.path = *before + "/" + "x";
      if (before && !is_create(next.opcode)) next.path = before;
    }
    // Failing is easy: long multis get a better chance.
    if (!random_.one_in(4)) {
      next.version = -1;
      if (next.acl && next.acl->empty()) next.acl = good_lists()[0];
    }
    op.ops.push_back(std::move(next));
  }
  if (random_.one_in(60)) op.ops.push_back(on_node(tree, op_set_acl));  // not allowed
  return op;
}

/// One that goes through to its end, unless "/long" is there already: makes a node with children,
/// changes some and removes others.
Operation Generator::long_multi() {
  Operation op;
  op.opcode = op_multi;
  const auto add = [&](std::int32_t opcode, std::string path) {
    Operation& next = op.ops.emplace_back();
    next.opcode = opcode;
    next.path = std::move(path);
    next.data = data();
    next.acl = good_lists()[0];
  };
  add(op_create2, "/long");
  const std::uint64_t count = 10 + random_.below(60);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string path = "/long/" + std::to_string(i);
    add(op_create, path);
    if (random_.one_in(2)) add(op_set_data, path);
    add(op_delete, path);
  }
  if (random_.one_in(3)) add(op_delete, "/long");
  if (random_.one_in(3)) add(op_check, "/missing");
  return op;
}

Text Generator::data() {
  if (random_.one_in(10)) return std::nullopt;
  // Around where data moves out of a version, too.
  constexpr std::array<std::size_t, 7> lengths{0, 1, 10, 163, 164, 165, 4000};
  const std::size_t length = random_.one_in(3) ? random_.pick(lengths) : random_.below(20);
  return std::string(length, static_cast<char>('a' + random_.below(26)));
}

std::optional<std::vector<AskedAcl>> Generator::acl() {
  if (random_.one_in(15)) return random_.pick(bad_lists());
  if (random_.one_in(3)) return random_.pick(good_lists());
  return AskedList{{31, "world", "anyone"}};
}

std::int32_t Generator::version(const Tree& tree, const std::string& path, bool of_acl) {
  if (!random_.one_in(3)) return -1;
  if (random_.one_in(8)) return -2;
  const Node* node = tree.find(path);
  if (node == nullptr) return 0;
  const std::int32_t now = of_acl ? node->aversion : node->version;
  return random_.one_in(3) && now < INT32_MAX ? now + 1 : now;
}

}  // namespace paddock::property
