#include "tests/unit/recipes/world.h"

#include <poll.h>

#include <future>

#include "recipes/client/retry.h"

namespace paddock::recipes::test {
namespace {

std::string server_address;

}  // namespace

const std::string& servers() { return server_address; }

std::unique_ptr<Client> connect(ClientOptions options) {
  options.servers = servers();
  auto client = Client::open(std::move(options));
  EXPECT_TRUE(client) << error_text(client.error());
  const auto connected = (*client)->await_connected(patience);
  EXPECT_TRUE(connected) << error_text(connected.error());
  return std::move(*client);
}

std::string test_path() {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return std::string("/") + test->test_suite_name() + "." + test->name();
}

std::vector<std::string> children_of(Client& client, const std::string& path) {
  // Again over connections that the test breaks.
  auto names =
      retry(client, patience, {}, [&] { return client.get_child_names(path).wait(patience); });
  if (names) return *names;
  EXPECT_EQ(names.error(), Error::no_node);
  return {};
}

void await_children(Client& client, const std::string& path, std::size_t count) {
  const Deadline deadline = patience;
  for (;;) {
    const auto changed = std::make_shared<std::promise<void>>();
    const auto set = std::make_shared<std::atomic<bool>>(false);
    const Watcher watcher = make_watcher([changed, set](const WatchedEvent&) {
      if (!set->exchange(true)) changed->set_value();
    });
    const auto names = client.get_child_names(path, watcher).wait(deadline);
    if (!names && names.error() == Error::no_node) {
      if (count == 0) return;
      const auto stat = client.exists(path, watcher).wait(deadline);
      ASSERT_TRUE(stat);
      if (*stat) continue;
    } else {
      ASSERT_TRUE(names) << error_text(names.error());
      if (names->size() == count) {
        client.remove_watches(path, WatcherType::children, watcher);
        return;
      }
    }
    ASSERT_EQ(changed->get_future().wait_until(deadline.at()), std::future_status::ready)
        << path << " has not come to " << count << " children";
  }
}

void create_node(Client& client, const std::string& path, CreateMode mode) {
  const auto created = client.create(path, "", {.mode = mode}).wait(patience);
  ASSERT_TRUE(created) << error_text(created.error());
}

TestLoop::TestLoop()
    : loop_(*IoLoop::embed({.now = [this] { return Clock::now() + Milliseconds(ahead_ms_); }})) {}

void TestLoop::start() {
  is_stopping_ = false;
  thread_ = std::thread([this] {
    while (!is_stopping_) step();
  });
}

void TestLoop::stop() {
  if (!thread_.joinable()) return;
  is_stopping_ = true;
  loop_->post([] {});
  thread_.join();
}

void TestLoop::step() {
  pollfd ready{.fd = loop_->fd(), .events = POLLIN, .revents = 0};
  ::poll(&ready, 1, 20);
  loop_->run_ready();
}

void TestLoop::step_until(const std::function<bool()>& is_done) {
  const Deadline deadline = patience;
  while (!is_done()) {
    ASSERT_FALSE(deadline.has_passed());
    step();
  }
}

}  // namespace paddock::recipes::test

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (argc < 2) {
    std::fputs("usage: recipes_test [GTEST OPTIONS] HOST:PORT (see tests/harness/with_daemon.py)\n",
               stderr);
    return 2;
  }
  paddock::recipes::test::server_address = argv[argc - 1];
  return RUN_ALL_TESTS();
}
