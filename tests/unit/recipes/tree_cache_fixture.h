#pragma once

#include <gtest/gtest.h>

#include <future>
#include <map>
#include <mutex>
#include <thread>

#include "recipes/tree_cache.h"
#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {

using Contents = std::map<std::string, std::string>;

inline Contents contents_of(const TreeSnapshot& snapshot) {
  Contents contents;
  for (const auto& [path, node] : snapshot.nodes()) contents[path] = node->data;
  return contents;
}

/// What is there, asked node by node while nobody writes.
inline void read_tree(Client& client, const std::string& path, Contents& contents) {
  const auto node = client.get_data(path).wait(patience);
  if (!node) return;
  contents[path] = node->data;
  for (const std::string& name : children_of(client, path)) {
    read_tree(client, join_path(path, name), contents);
  }
}

/// Adds up what it is told. The daemon's order must make that the tree.
class Listener {
 public:
  std::function<void(const TreeUpdate&)> hook() {
    return [this](const TreeUpdate& update) {
      std::lock_guard lock(mutex_);
      for (const TreeChange& change : update.changes) {
        const bool was_there = sum_.contains(change.path);
        EXPECT_EQ(was_there, change.before != nullptr) << change.path;
        if (change.before) {
          EXPECT_EQ(sum_[change.path], change.before->data);
        }
        if (change.after) {
          sum_[change.path] = change.after->data;
        } else {
          sum_.erase(change.path);
        }
        const char* kinds[] = {"+", "=", "-"};
        log_.push_back(kinds[static_cast<int>(change.kind)] + change.path);
      }
      EXPECT_EQ(update.is_initial, updates_ == 0);
      EXPECT_GE(update.zxid, zxid_);
      zxid_ = update.zxid;
      ++updates_;
    };
  }
  Contents sum() const {
    std::lock_guard lock(mutex_);
    return sum_;
  }
  std::vector<std::string> take_log() {
    std::lock_guard lock(mutex_);
    return std::exchange(log_, {});
  }

 private:
  mutable std::mutex mutex_;
  Contents sum_;
  std::vector<std::string> log_;
  int updates_ = 0;
  Zxid zxid_{};
};

/// With the watch that servers have since 3.6, and without.
class TreeCacheTest : public ::testing::TestWithParam<bool> {
 protected:
  TreeCache::Options options(std::function<void(const TreeUpdate&)> listener = nullptr) const {
    return {.listener = std::move(listener), .one_shot_watches = GetParam()};
  }
  static std::string root() {
    std::string path = test_path();
    std::replace(path.begin() + 1, path.end(), '/', '.');
    return path;
  }
  void set(const std::string& path, const std::string& data) {
    const auto stat = client_->set_data(path, data).wait(patience);
    ASSERT_TRUE(stat) << error_text(stat.error());
  }
  void make(const std::string& path, const std::string& data = "") {
    const auto made = client_->create(path, data).wait(patience);
    ASSERT_TRUE(made) << error_text(made.error());
  }
  void remove(const std::string& path) { ASSERT_TRUE(client_->remove(path).wait(patience)); }

  std::unique_ptr<Client> client_ = connect();
};

}  // namespace paddock::recipes::test
