#include "tests/hard/victim.h"

#include <gtest/gtest.h>

namespace paddock::hard {
namespace {

constexpr std::string_view lock_path = "/victim-lock";

}  // namespace

Victim::Victim(std::uint16_t port, int connections) {
  for (int i = 0; i < connections; ++i) {
    clients_.push_back(std::make_unique<Client>(port));
    EXPECT_TRUE(clients_.back()->connect());
  }
  EXPECT_TRUE(clients_[0]->create(lock_path, "", 1).is_ok());
  thread_ = std::thread([this] { run(); });
}

Victim::~Victim() {
  is_stopping_ = true;
  thread_.join();
  EXPECT_FALSE(has_failed_);
  for (const auto& client : clients_) EXPECT_TRUE(client->call(OpCode::close_session).is_ok());
}

void Victim::run() {
  for (std::size_t i = 0; !is_stopping_ && !has_failed_; i = (i + 1) % clients_.size()) {
    if (!hand_over(*clients_[i], *clients_[(i + 1) % clients_.size()])) has_failed_ = true;
    ++rounds_;
    rounds_.notify_all();
  }
}

/// `to` waits for the lock that `from` holds, and gets it.
bool Victim::hand_over(Client& from, Client& to) {
  bool ok = to.create(lock_path, "", 1).err == ErrorCode::node_exists;
  ok = ok && to.exists(lock_path, true).is_ok();
  ok = ok && from.remove(lock_path).is_ok();
  const Message event = to.event();
  ok = ok && event.is_event() && event.type == EventType::node_deleted && event.path == lock_path;
  ok = ok && to.create(lock_path, "", 1).is_ok();
  ok = ok && from.exists(lock_path).is_ok() && from.call(OpCode::ping).is_ok();
  EXPECT_TRUE(ok) << "an answer to the victim is wrong or has not come";
  return ok;
}

void Victim::await_rounds(int count) {
  // The round that is under way has begun before the call.
  const std::int64_t enough = rounds_ + count + 1;
  for (std::int64_t now = rounds_; now < enough && !has_failed_; now = rounds_) rounds_.wait(now);
}

}  // namespace paddock::hard
