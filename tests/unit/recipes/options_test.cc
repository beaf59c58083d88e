#include "recipes/client/options.h"

#include <gtest/gtest.h>

#include "recipes/client/chroot.h"

namespace paddock::client {
namespace {

TEST(ConnectString, NamesHostsPortsAndAChroot) {
  const auto parsed = parse_connect_string("one:2182, two ,[::1]:2183,fe80::1,[::2]/ch/root");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->hosts,
            (std::vector<HostPort>{
                {"one", 2182}, {"two", 2181}, {"::1", 2183}, {"fe80::1", 2181}, {"::2", 2181}}));
  EXPECT_EQ(parsed->chroot, "/ch/root");
  EXPECT_EQ(parse_connect_string("one/")->chroot, "");
}

TEST(ConnectString, RefusesWhatNamesNoServer) {
  for (const char* text : {"", ",", "one,", ",one", "one:0", "one:65536", "one:", "one:x", "one:1x",
                           ":1", "[::1", "[::1]x", "[]:1", "/a", "one/a/", "one//a", "one/../a"}) {
    const auto parsed = parse_connect_string(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error(), Error::bad_arguments);
  }
}

TEST(Chroot, GoesInFrontAndComesOffAgain) {
  EXPECT_EQ(server_path("/a", "/app"), "/app/a");
  EXPECT_EQ(server_path("/", "/app"), "/app");
  EXPECT_EQ(server_path("/", ""), "/");
  EXPECT_EQ(server_path("/", "/app", true), "/app/") << "a sequential node without a name";
  EXPECT_EQ(server_path("/a/", "", true), "/a/");
  EXPECT_EQ(server_path("/a/", ""), std::nullopt);
  EXPECT_EQ(server_path("a", ""), std::nullopt);
  EXPECT_EQ(server_path("", ""), std::nullopt);
  EXPECT_EQ(server_path(std::string_view("/a\0b", 4), ""), std::nullopt);
  EXPECT_EQ(client_path("/app/a", "/app"), "/a");
  EXPECT_EQ(client_path("/app", "/app"), "/");
  EXPECT_EQ(client_path("/apple", "/app"), "/apple");
  EXPECT_EQ(client_path("/zookeeper/config", "/app"), "/zookeeper/config");
}

}  // namespace
}  // namespace paddock::client
