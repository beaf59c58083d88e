#pragma once

#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>

#include "paddock/words/answers.h"

namespace paddock::words {

/// A server that has answered three requests on two reactors.
class Words : public testing::Test {
 protected:
  Words() {
    config_.data_dir = "/nonexistent/data";
    config_.data_log_dir = "/nonexistent/log";
    config_.tick_ms = 2000;
    config_.session_timeout_ms_min = 4000;
    config_.session_timeout_ms_max = 40000;
    config_.client_connections_max = 60;
    config_.listen_backlog = -1;
    view_.config = &config_;
    view_.client_port = 2181;
    view_.reactors = {&first_, &second_};
    view_.zxid = Zxid{4};
    view_.node_count = 6;
    first_.packets_received.add(8);
    second_.packets_received.add(3);
    first_.connections.add(3);
    second_.connections.add();
    first_.outstanding.add(2);
    first_.count_reply(proto::OpCode::get_data, 120, 10'000'005);
    first_.count_reply(proto::OpCode::get_data, 20, 900'000);
    second_.count_reply(proto::OpCode::set_data, 80, 2'000'000);
  }

  std::map<std::string, std::string> metrics() const {
    std::map<std::string, std::string> values;
    std::istringstream lines(answer(Word::mntr, view_));
    for (std::string line; std::getline(lines, line);) {
      const std::size_t tab = line.find('\t');
      EXPECT_NE(tab, line.npos) << line;
      EXPECT_TRUE(values.emplace(line.substr(0, tab), line.substr(tab + 1)).second) << line;
    }
    return values;
  }

  Config config_;
  ReactorStats first_;
  ReactorStats second_;
  ServerView view_;
};

}  // namespace paddock::words
