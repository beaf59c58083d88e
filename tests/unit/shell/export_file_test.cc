#include "paddock/shell/export_file.h"

#include <gtest/gtest.h>

namespace paddock::shell {
namespace {

const std::vector<client::Acl> acl = {
    {.perms = client::perms::all, .scheme = "world", .id = "anyone"}};

std::string file_of(const std::vector<ExportedNode>& nodes) {
  std::string text = export_begin("/app");
  for (std::size_t i = 0; i < nodes.size(); ++i)
    text += (i > 0 ? ",\n" : "") + dump(exported_node_json(nodes[i], SessionId{7}));
  return text.append(export_end);
}

TEST(ShellExport, ComesBackAsItWasWritten) {
  const std::vector<ExportedNode> nodes = {
      {.path = "", .data = "text \" \\ \n", .acl = acl},
      {.path = "/a", .data = std::string("\0\xff", 2), .acl = acl},
      {.path = "/a/b", .is_null = true, .acl = acl, .is_ephemeral = true}};
  const auto read = parse_export(file_of(nodes));
  ASSERT_TRUE(read) << read.error();
  ASSERT_EQ(read->size(), nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    EXPECT_EQ((*read)[i].path, nodes[i].path);
    EXPECT_EQ((*read)[i].data, nodes[i].data);
    EXPECT_EQ((*read)[i].is_null, nodes[i].is_null);
    EXPECT_EQ((*read)[i].acl, nodes[i].acl);
    EXPECT_EQ((*read)[i].is_ephemeral, nodes[i].is_ephemeral);
  }
}

/// A file with one good node and this behind it.
std::string error_with(std::string_view node) {
  const auto read = parse_export(
      R"({"format": "paddock-export", "version": 1, "nodes": [
          {"path": "", "data": "", "acl": [{"scheme": "s", "id": "i", "perms": "r"}]},)" +
      std::string(node) + "]}");
  return read ? "no error" : read.error();
}

TEST(ShellExport, EachMistakeIsNamed) {
  const std::string good = R"("data": "", "acl": [{"scheme": "s", "id": "i", "perms": "r"}]})";
  EXPECT_EQ(error_with(R"({"path": "/a", )" + good), "no error");
  EXPECT_EQ(error_with("7"), "node 2  is no object");
  EXPECT_EQ(error_with("{" + good), "node 2  has no path");
  EXPECT_EQ(error_with(R"({"path": "a", )" + good), "node 2 a has a malformed path");
  EXPECT_EQ(error_with(R"({"path": "/", )" + good), "node 2 / has a malformed path");
  EXPECT_EQ(error_with(R"({"path": "/a/b", )" + good), "node 2 /a/b comes before its parent");
  EXPECT_EQ(error_with(R"({"path": "", )" + good), "node 2  is there twice");
  EXPECT_NE(error_with(R"({"path": "/a", "data": 7, "acl": []})"), "no error");
  EXPECT_NE(error_with(R"({"path": "/a", "data_base64": "*", "acl": []})"), "no error");
  EXPECT_NE(error_with(R"({"path": "/a", "data": "", "acl": []})"), "no error");
  EXPECT_NE(error_with(R"({"path": "/a", "data": "", "acl": [{"scheme": "s"}]})"), "no error");
  EXPECT_NE(error_with(R"({"path": "/a", "data": "",
                           "acl": [{"scheme": "s", "id": "i", "perms": "x"}]})"),
            "no error");
}

TEST(ShellExport, OtherFilesAreRefused) {
  for (const char* text : {"", "{", "[]", "{}", R"({"format": "paddock-export"})",
                           R"({"format": "other", "version": 1, "nodes": []})",
                           R"({"format": "paddock-export", "version": 2, "nodes": [1]})",
                           R"({"format": "paddock-export", "version": 1, "nodes": []})",
                           R"({"format": "paddock-export", "version": 1, "nodes": {}})"})
    EXPECT_FALSE(parse_export(text)) << text;
}

}  // namespace
}  // namespace paddock::shell
