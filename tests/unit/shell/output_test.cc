#include "paddock/shell/output.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "paddock/shell/events.h"

namespace paddock::shell {
namespace {

using client::Error;

/// A stream that can be looked at.
class Stream {
 public:
  Stream() : file_(::open_memstream(&bytes_, &size_)) {}
  ~Stream() {
    std::fclose(file_);
    std::free(bytes_);
  }
  std::FILE* file() { return file_; }
  std::string text() {
    std::fflush(file_);
    return std::string(bytes_, size_);
  }

 private:
  char* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_;
};

// As zkCli.sh 3.8 prints them.
TEST(ShellOutput, ErrorsAreInZkClisWords) {
  EXPECT_EQ(error_message(Error::no_node, "/x"), "Node does not exist: /x");
  EXPECT_EQ(error_message(Error::node_exists, "/x"), "Node already exists: /x");
  EXPECT_EQ(error_message(Error::not_empty, "/x"), "Node not empty: /x");
  EXPECT_EQ(error_message(Error::bad_version, "/x"), "version No is not valid : /x");
  EXPECT_EQ(error_message(Error::no_auth, "/x"), "Insufficient permission : /x");
  EXPECT_EQ(error_message(Error::quota_exceeded, "/x"), "Quota has exceeded : /x");
  EXPECT_EQ(error_message(Error::no_watcher, "/x"), "KeeperErrorCode = No such watcher for /x");
  EXPECT_EQ(error_message(Error::reconfig_disabled, ""), "KeeperErrorCode = Reconfig is disabled");
  EXPECT_EQ(error_message(Error::session_expired, ""), "KeeperErrorCode = Session expired");
}

TEST(ShellOutput, StatusesTellFailureFromNoConnection) {
  EXPECT_EQ(status_of(Error::no_node), status_failed);
  EXPECT_EQ(status_of(Error::connection_loss), status_not_connected);
  EXPECT_EQ(status_of(Error::not_connected), status_not_connected);
  EXPECT_EQ(status_of(Error::session_expired), status_not_connected);
  EXPECT_EQ(status_of(Error::cancelled), status_interrupted);
}

TEST(ShellOutput, ResultsAndComplaintsGoTwoWays) {
  Stream out;
  Stream err;
  Output output(out.file(), err.file(), false);
  output.text(std::string_view("\0x", 2));
  output.note("a note");
  EXPECT_EQ(output.failed(Error::no_node, "/x"), status_failed);
  EXPECT_EQ(output.usage("get path"), status_usage);
  EXPECT_EQ(out.text(), std::string("\0x", 2));
  EXPECT_EQ(err.text(), "a note\nNode does not exist: /x\nget path\n");
}

TEST(ShellOutput, WithJsonAComplaintIsADocumentAndNotesAreDropped) {
  Stream out;
  Stream err;
  Output output(out.file(), err.file(), true);
  output.note("a note");
  output.failed(Error::no_node, "/x");
  output.failed("why");
  EXPECT_EQ(out.text(), "");
  EXPECT_EQ(err.text(),
            R"({"error":"NoNode","code":-101,"path":"/x","message":"Node does not exist: /x"})"
            "\n"
            R"({"error":"Failed","message":"why"})"
            "\n");
}

TEST(ShellOutput, AFullDiskIsNoticed) {
  std::FILE* full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  Stream err;
  Output output(full, err.file(), false);
  output.line("lost");
  EXPECT_FALSE(output.flush());
  std::fclose(full);
}

TEST(ShellEvents, AreSpeltAsJavaDoes) {
  const client::WatchedEvent event{
      .type = client::EventType::node_deleted, .path = "/x", .zxid = Zxid{31}};
  EXPECT_EQ(event_text(event),
            "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeDeleted path:/x\n");
  EXPECT_EQ(dump(event_json(event)), R"({"event":"NodeDeleted","path":"/x","zxid":"0x1f"})");
  EXPECT_EQ(event_text(client::SessionState::suspended),
            "\nWATCHER::\n\nWatchedEvent state:Disconnected type:None path:null\n");
}

TEST(ShellEvents, ComeOutInTheOrderInWhichTheyWentIn) {
  EventQueue queue;
  EXPECT_FALSE(queue.pop().has_value());
  queue.push(client::SessionState::suspended);
  queue.push(client::SessionState::connected);
  EXPECT_EQ(std::get<client::SessionState>(*queue.pop()), client::SessionState::suspended);
  EXPECT_EQ(std::get<client::SessionState>(*queue.pop()), client::SessionState::connected);
  EXPECT_FALSE(queue.pop().has_value());
}

}  // namespace
}  // namespace paddock::shell
