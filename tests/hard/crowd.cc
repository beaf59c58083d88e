#include "tests/hard/crowd.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <unordered_set>

namespace paddock::hard {
namespace {

/// The files of a daemon and of a test program beside the clients' connections.
constexpr int other_files = 300;

}  // namespace

int clients_at_most(int wanted) {
  rlimit files{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  CHECK(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  const auto most = static_cast<std::int64_t>(std::min<rlim_t>(files.rlim_max, INT32_MAX));
  return static_cast<int>(std::min<std::int64_t>(wanted, most - other_files));
}

void Crowd::add(int count, std::int32_t timeout_ms) {
  const std::size_t begin = clients_.size();
  for (int i = 0; i < count; ++i) {
    clients_.push_back(std::make_unique<Client>(port_));
    Client& client = *clients_.back();
    EXPECT_TRUE(client.begin_handshake(timeout_ms));
    client.send_request(OpCode::create, create_request(path(clients_.size() - 1), "", 1));
  }
  for (std::size_t i = begin; i < clients_.size(); ++i) {
    EXPECT_TRUE(clients_[i]->finish_handshake());
    EXPECT_EQ(clients_[i]->timeout_ms, timeout_ms);
    EXPECT_TRUE(clients_[i]->reply().is_ok());
  }
}

void Crowd::ping_all() {
  for (const auto& client : clients_) client->send_request(OpCode::ping);
  for (const auto& client : clients_) EXPECT_TRUE(client->reply().is_ok());
}

void Crowd::cut() {
  for (std::size_t i = 0; i < clients_.size(); ++i)
    i % 2 == 0 ? clients_[i]->close() : clients_[i]->reset();
}

std::vector<Client*> Crowd::clients() {
  std::vector<Client*> all;
  for (const auto& client : clients_) all.push_back(client.get());
  return all;
}

Heartbeat::Heartbeat(std::vector<Client*> clients, int interval_ms)
    : clients_(std::move(clients)), interval_ms_(interval_ms), thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  is_stopping_ = true;
  thread_.join();
  EXPECT_FALSE(has_failed_) << "a session that was kept alive has lost its connection";
}

void Heartbeat::run() {
  while (!is_stopping_ && !has_failed_) {
    if (!beat()) has_failed_ = true;
    ++beats_;
    beats_.notify_all();
    ::poll(nullptr, 0, interval_ms_);
  }
}

bool Heartbeat::beat() {
  for (Client* client : clients_) client->send_request(OpCode::ping);
  return std::all_of(clients_.begin(), clients_.end(),
                     [](Client* client) { return client->reply().is_ok(); });
}

void Heartbeat::await_beats(int count) {
  const std::int64_t enough = beats_ + count + 1;
  for (std::int64_t now = beats_; now < enough && !has_failed_; now = beats_) beats_.wait(now);
}

void expect_deletions(Client& watcher, const std::vector<std::string>& paths) {
  std::unordered_set<std::string> left(paths.begin(), paths.end());
  Zxid newest{};
  while (!left.empty()) {
    const Message event = watcher.event();
    ASSERT_TRUE(event.is_event()) << left.size() << " are left";
    ASSERT_EQ(event.type, EventType::node_deleted) << event.path;
    ASSERT_EQ(left.erase(event.path), 1u) << event.path << " is not watched, or was told of before";
    ASSERT_GE(event.zxid, newest);
    newest = event.zxid;
  }
}

void expect_no_event(Client& watcher) {
  EXPECT_TRUE(watcher.call(OpCode::sync, proto::PathRequest{"/"}).is_ok());
  EXPECT_TRUE(watcher.exists("/").is_ok());
  EXPECT_TRUE(watcher.events.empty())
      << "the first of " << watcher.events.size() << ": " << watcher.events.front().path;
}

}  // namespace paddock::hard
