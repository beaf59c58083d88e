#include "core/proto/paths.h"

#include <gtest/gtest.h>

#include <string>

namespace paddock::proto {
namespace {

using namespace std::string_view_literals;

TEST(Paths, OrdinaryPathsAreValid) {
  for (std::string_view path :
       {"/"sv, "/a"sv, "/a/b"sv, "/zookeeper/quota"sv, "/.x"sv, "/x."sv, "/..."sv, "/.x/..y/z.."sv,
        "/a b"sv, "/%"sv, "/\\"sv, "/a:b"sv, "/~"sv, "/ "sv}) {
    EXPECT_TRUE(is_valid_path(path)) << path;
  }
}

TEST(Paths, BrokenShapesAreInvalid) {
  for (std::string_view path : {""sv, "a"sv, "a/b"sv, "//"sv, "/a/"sv, "//a"sv, "/a//b"sv, "/."sv,
                                "/.."sv, "/a/."sv, "/a/.."sv, "/./a"sv, "/a/../b"sv, "./a"sv}) {
    EXPECT_FALSE(is_valid_path(path)) << path;
  }
}

TEST(Paths, TheBordersOfEachForbiddenRangeAreExact) {
  const std::pair<std::string_view, bool> cases[] = {
      {"\0"sv, false},
      {"\x01"sv, false},
      {"\x1f"sv, false},
      {"\x20"sv, true},
      {"\x7e"sv, true},
      {"\x7f"sv, false},
      {"\xc2\x80"sv, false},
      {"\xc2\x9f"sv, false},
      {"\xc2\xa0"sv, true},
      {"\xed\x9f\xbf"sv, true},       // U+D7FF
      {"\xee\x80\x80"sv, false},      // U+E000
      {"\xef\xa3\xbf"sv, false},      // U+F8FF
      {"\xef\xa4\x80"sv, true},       // U+F900
      {"\xef\xbf\xaf"sv, true},       // U+FFEF
      {"\xef\xbf\xb0"sv, false},      // U+FFF0
      {"\xef\xbf\xbd"sv, false},      // U+FFFD
      {"\xef\xbf\xbf"sv, false},      // U+FFFF
      {"\xf0\x90\x80\x80"sv, false},  // U+10000: surrogates in UTF-16
      {"\xf0\x9f\x98\x80"sv, false},  // U+1F600
      {"\xf4\x8f\xbf\xbf"sv, false},  // U+10FFFF
  };
  for (const auto& [character, valid] : cases) {
    const std::string c(character);
    for (const std::string& path : {std::string("/").append(c), std::string("/a").append(c) + "b/c",
                                    std::string("/a/b").append(c)}) {
      EXPECT_EQ(is_valid_path(path), valid) << path;
    }
  }
}

TEST(Paths, AreSplitAtTheLastSlash) {
  EXPECT_EQ(split_path("/a"), (ParentAndName{"", "a"}));
  EXPECT_EQ(split_path("/a/b"), (ParentAndName{"/a", "b"}));
  EXPECT_EQ(split_path("/a/"), (ParentAndName{"/a", ""}));
  EXPECT_EQ(split_path("/"), (ParentAndName{"", ""}));
  EXPECT_EQ(split_path("//"), (ParentAndName{"/", ""}));
  EXPECT_EQ(split_path("a/b"), (ParentAndName{"a", "b"}));
}

TEST(Paths, WithoutASlashOrWithANulAreNotSplit) {
  EXPECT_EQ(split_path(""), std::nullopt);
  EXPECT_EQ(split_path("a"), std::nullopt);
  EXPECT_EQ(split_path("/a\0b"sv), std::nullopt);
  EXPECT_TRUE(has_nul("/a\0b"sv));
  EXPECT_FALSE(has_nul("/ab"));
}

TEST(Paths, BothSpellingsOfTheRootAreKnown) {
  EXPECT_TRUE(names_root(""));
  EXPECT_TRUE(names_root("/"));
  EXPECT_FALSE(names_root("//"));
  EXPECT_FALSE(names_root("/a"));
}

TEST(Paths, FourNodesAreReserved) {
  for (std::string_view path : {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"})
    EXPECT_TRUE(is_reserved_path(path));
  for (std::string_view path : {"", "/zookeeper/", "/zookeeper/foo", "/zookeeper/quota/a", "/a"})
    EXPECT_FALSE(is_reserved_path(path));
}

}  // namespace
}  // namespace paddock::proto
