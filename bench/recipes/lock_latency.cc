// How long a lock takes to get, to give back, and to hand over. The same program in Java, with
// Curator's lock, is CuratorLatency.java; recipes.py runs both and prints the table.
//
//   lock_latency HOST:PORT alone ROUNDS          acquire and release without anyone else
//   lock_latency HOST:PORT handoff ROUNDS N      release to grant, N sessions always in the line

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "recipes/lock.h"

namespace {

using namespace paddock;
using client::Clock;
using std::chrono_literals::operator""s;

[[noreturn]] void fail(client::Error error) {
  std::fprintf(stderr, "lock_latency: %s\n", client::error_text(error).c_str());
  std::exit(1);
}

std::int64_t nanoseconds() {
  return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

void print(const char* what, std::vector<std::int64_t> taken) {
  std::sort(taken.begin(), taken.end());
  const auto microseconds = [&](double part) {
    return static_cast<double>(
               taken[static_cast<std::size_t>(part * static_cast<double>(taken.size() - 1))]) /
           1e3;
  };
  std::printf("{\"what\": \"%s\", \"count\": %zu, \"p50\": %.1f, \"p99\": %.1f}\n", what,
              taken.size(), microseconds(0.5), microseconds(0.99));
}

std::unique_ptr<client::Client> open(const char* server, std::shared_ptr<client::IoLoop> loop) {
  client::ClientOptions options;
  options.servers = server;
  options.io_loop = std::move(loop);
  auto opened = client::Client::open(options);
  if (!opened) fail(opened.error());
  const auto connected = (*opened)->await_connected(30s);
  if (!connected) fail(connected.error());
  return std::move(*opened);
}

void alone(const char* server, int rounds) {
  const auto client = open(server, nullptr);
  recipes::Lock lock(*client, "/bench-lock-alone");
  std::vector<std::int64_t> acquired, released;
  for (int round = -rounds / 10; round < rounds; ++round) {
    const std::int64_t begin = nanoseconds();
    auto hold = lock.lock(30s);
    if (!hold) fail(hold.error());
    const std::int64_t held = nanoseconds();
    const auto gone = hold->release().wait(30s);
    if (!gone) fail(gone.error());
    const std::int64_t end = nanoseconds();
    if (round < 0) continue;  // warm-up
    acquired.push_back(held - begin);
    released.push_back(end - held);
  }
  print("acquire", std::move(acquired));
  print("release", std::move(released));
}

void hand_over(const char* server, int rounds, int contenders) {
  auto loop = client::IoLoop::start();
  if (!loop) fail(loop.error());
  std::vector<std::unique_ptr<client::Client>> clients;
  for (int number = 0; number < contenders; ++number) clients.push_back(open(server, *loop));
  // Written by who holds the lock: nobody else looks.
  std::int64_t released_at = 0;
  std::vector<std::int64_t> taken;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (const auto& client : clients) {
    threads.emplace_back([&] {
      recipes::Lock lock(*client, "/bench-lock-handoff");
      while (!is_over.load()) {
        auto hold = lock.lock(60s);
        if (!hold) fail(hold.error());
        const std::int64_t now = nanoseconds();
        if (released_at != 0 && !is_over.load()) taken.push_back(now - released_at);
        if (static_cast<int>(taken.size()) >= rounds) is_over.store(true);
        released_at = nanoseconds();
        hold->release();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  taken.erase(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(taken.size() / 10));
  print("handoff", std::move(taken));
}

int number(const char* text) {
  int value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

}  // namespace

int main(int count, char** words) {
  const std::string what = count > 2 ? words[2] : "";
  if (what == "alone" && count == 4) {
    alone(words[1], number(words[3]));
  } else if (what == "handoff" && count == 5) {
    hand_over(words[1], number(words[3]), number(words[4]));
  } else {
    std::fprintf(stderr, "usage: %s HOST:PORT alone ROUNDS | handoff ROUNDS N\n", words[0]);
    return 2;
  }
  return 0;
}
