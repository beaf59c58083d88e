#include "paddock/shell/text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace paddock::shell {
namespace {

class InBerlin {
 public:
  InBerlin() { set("Europe/Berlin"); }
  ~InBerlin() { set("UTC"); }

 private:
  static void set(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
};

const client::Stat stat{.czxid = Zxid{0x10000000a},
                        .mzxid = Zxid{0x10000000b},
                        .ctime_ms = 1'700'000'000'999,
                        .mtime_ms = 1'700'000'001'000,
                        .version = 2,
                        .cversion = 3,
                        .aversion = 4,
                        .ephemeral_owner = SessionId{-1},
                        .data_length = 5,
                        .num_children = 6,
                        .pzxid = Zxid{0x10000000c}};

TEST(ShellText, AStatIsZkClis) {
  ::setenv("TZ", "UTC", 1);
  EXPECT_EQ(stat_text(stat),
            "cZxid = 0x10000000a\nctime = Tue Nov 14 22:13:20 UTC 2023\nmZxid = 0x10000000b\n"
            "mtime = Tue Nov 14 22:13:21 UTC 2023\npZxid = 0x10000000c\ncversion = 3\n"
            "dataVersion = 2\naclVersion = 4\nephemeralOwner = 0xffffffffffffffff\n"
            "dataLength = 5\nnumChildren = 6\n");
}

TEST(ShellText, TimesAreInTheLocalZone) {
  const InBerlin zone;
  EXPECT_NE(stat_text(stat).find("ctime = Tue Nov 14 23:13:20 CET 2023\n"), std::string::npos);
}

TEST(ShellText, NumbersThatDoNotFitIntoADoubleAreStringsInJson) {
  const Json json = stat_json(stat);
  EXPECT_EQ(json["czxid"], "0x10000000a");
  EXPECT_EQ(json["ephemeralOwner"], "0xffffffffffffffff");
  EXPECT_EQ(json["ctime"], 1'700'000'000'999);
  EXPECT_EQ(json["version"], 2);
}

TEST(ShellText, AnAclIsZkClis) {
  const std::vector<client::Acl> acl = {
      {.perms = client::perms::all, .scheme = "world", .id = "anyone"},
      {.perms = client::perms::read, .scheme = "ip", .id = "::1"}};
  EXPECT_EQ(acl_text(acl), "'world,'anyone\n: cdrwa\n'ip,'::1\n: r\n");
  EXPECT_EQ(parse_acl("world:anyone:cdrwa,ip:::1:r"), acl);
}

TEST(ShellText, PartsOfAnAclThatMakeNoSenseAreNamed) {
  EXPECT_EQ(parse_acl("bogus").error(), "bogus does not have the form scheme:id:perm");
  EXPECT_EQ(parse_acl("a:b").error(), "a:b does not have the form scheme:id:perm");
  EXPECT_EQ(parse_acl("").error(), " does not have the form scheme:id:perm");
  EXPECT_EQ(parse_acl("world:anyone:r,").error(), " does not have the form scheme:id:perm");
  EXPECT_EQ(parse_acl("world:anyone:rx").error(), "Unknown perm type: x");
}

TEST(ShellText, APermissionlessEntryIsPossible) {
  ASSERT_TRUE(parse_acl("world:anyone:"));
  EXPECT_EQ(parse_acl("world:anyone:")->front().perms, 0);
}

TEST(ShellText, ListsAreSorted) {
  EXPECT_EQ(list_text({"b", "a"}), "[a, b]");
  EXPECT_EQ(list_text({}), "[]");
}

TEST(ShellText, TheHexDumpIsNettys) {
  EXPECT_EQ(hex_dump(""), "");
  EXPECT_EQ(hex_dump(std::string("hello\0\xff, how are you", 20)),
            "         +-------------------------------------------------+\n"
            "         |  0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f |\n"
            "+--------+-------------------------------------------------+----------------+\n"
            "|00000000| 68 65 6c 6c 6f 00 ff 2c 20 68 6f 77 20 61 72 65 |hello.., how are|\n"
            "|00000010| 20 79 6f 75                                     | you            |\n"
            "+--------+-------------------------------------------------+----------------+");
}

TEST(ShellText, Base64ComesBack) {
  for (const std::size_t length : {0, 1, 2, 3, 4, 255}) {
    std::string bytes;
    for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 37);
    EXPECT_EQ(from_base64(base64(bytes)), bytes) << length;
  }
  EXPECT_EQ(base64("hi"), "aGk=");
}

TEST(ShellText, WhatIsNotBase64IsRefused) {
  for (const char* text : {"a", "aGk", "aGk=\n", " aGk=", "a===", "aG=k", "====", "aGk*"})
    EXPECT_EQ(from_base64(text), std::nullopt) << text;
}

TEST(ShellText, DataThatIsNotUtf8IsBase64InJson) {
  Json json;
  set_data(json, "\xc3\xa4", false);
  EXPECT_EQ(dump(json), "{\"data\":\"\xc3\xa4\"}");
  json = {};
  set_data(json, "\xff", false);
  EXPECT_EQ(dump(json), R"({"data_base64":"/w=="})");
  json = {};
  set_data(json, "", true);
  EXPECT_EQ(dump(json), R"({"data":null})");
}

}  // namespace
}  // namespace paddock::shell
