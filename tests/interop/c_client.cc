// ZooKeeper's own C client (libzookeeper_mt) against the daemon whose address is the argument:
// operations by calls that wait and by callbacks, watches, multi, ACLs, and a session that moves to
// another handle by its id and password. Prints TAP.

#include <zookeeper/zookeeper.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>
#include <utility>

namespace {

/// What the watcher, which runs in the client's thread, has seen.
class Events {
 public:
  static void watch(zhandle_t*, int type, int state, const char* path, void* context) {
    static_cast<Events*>(context)->add(type, type == ZOO_SESSION_EVENT ? state : 0, path);
  }

  /// The next event of this type, waiting for it; its path, or the state for session events.
  bool wait_for(int type, int state, const std::string& path) {
    std::unique_lock lock(mutex_);
    const auto found = [&] {
      while (!events_.empty()) {
        const Event event = std::move(events_.front());
        events_.pop_front();
        if (event.type == type && event.state == state && event.path == path) return true;
      }
      return false;
    };
    return arrived_.wait_for(lock, std::chrono::seconds(30), found);
  }

 private:
  struct Event {
    int type;
    int state;
    std::string path;
  };

  void add(int type, int state, const char* path) {
    const std::lock_guard lock(mutex_);
    events_.push_back({type, state, path == nullptr ? "" : path});
    arrived_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Event> events_;
};

int cases = 0;
int failed = 0;

void expect(bool passed, const char* name) {
  std::printf("%sok %d - c_client.%s\n", passed ? "" : "not ", ++cases, name);
  std::fflush(stdout);
  if (!passed) ++failed;
}

zhandle_t* connect(const char* address, Events& events) {
  zhandle_t* client = zookeeper_init(address, &Events::watch, 10000, nullptr, &events, 0);
  if (client != nullptr) events.wait_for(ZOO_SESSION_EVENT, ZOO_CONNECTED_STATE, "");
  return client;
}

void check_data(zhandle_t* client) {
  char path[256];
  char data[64];
  int size = sizeof data;
  Stat stat{};
  expect(zoo_create(client, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path) == ZOK &&
             std::strcmp(path, "/c") == 0,
         "create");
  expect(
      zoo_create(client, "/c", "one", 3, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path) == ZNODEEXISTS,
      "create_of_what_exists");
  expect(zoo_create2(client, "/c/s-", nullptr, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, path,
                     sizeof path, &stat) == ZOK &&
             std::strcmp(path, "/c/s-0000000000") == 0 && stat.version == 0,
         "create2_sequential");
  expect(zoo_get(client, "/c", 0, data, &size, &stat) == ZOK && size == 3 &&
             std::memcmp(data, "one", 3) == 0 && stat.numChildren == 1,
         "get");
  expect(zoo_set2(client, "/c", "two!", 4, 0, &stat) == ZOK && stat.version == 1, "set");
  expect(zoo_set(client, "/c", "x", 1, 7) == ZBADVERSION, "set_with_a_wrong_version");
  expect(zoo_exists(client, "/c", 0, &stat) == ZOK && stat.dataLength == 4, "exists");
  expect(zoo_exists(client, "/no", 0, &stat) == ZNONODE, "exists_of_nothing");
  String_vector names{};
  expect(zoo_get_children2(client, "/c", 0, &names, &stat) == ZOK && names.count == 1 &&
             std::strcmp(names.data[0], "s-0000000000") == 0,
         "get_children2");
  deallocate_String_vector(&names);
  expect(zoo_delete(client, "/c", -1) == ZNOTEMPTY, "delete_with_children");
  expect(zoo_delete(client, "/c/s-0000000000", 0) == ZOK, "delete");
}

/// Counts callbacks, which come from the client's thread, and keeps their results in order.
class Completions {
 public:
  void add(int result) {
    const std::lock_guard lock(mutex_);
    results_.push_back(result);
    arrived_.notify_all();
  }
  /// Whether so many came, all of them with this result; forgets them.
  bool all(std::size_t count, int result) {
    std::unique_lock lock(mutex_);
    if (!arrived_.wait_for(lock, std::chrono::seconds(30),
                           [&] { return results_.size() >= count; }))
      return false;
    const bool right = results_ == std::deque<int>(count, result);
    results_.clear();
    return right;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<int> results_;
};

void completed(int result, const void* to) {
  static_cast<Completions*>(const_cast<void*>(to))->add(result);
}
void named(int result, const char*, const void* to) { completed(result, to); }
void stated(int result, const Stat*, const void* to) { completed(result, to); }
void got(int result, const char*, int, const Stat*, const void* to) { completed(result, to); }
void listed(int result, const String_vector*, const Stat*, const void* to) {
  completed(result, to);
}

void check_callbacks(zhandle_t* client) {
  constexpr std::size_t count = 1000;
  Completions done;
  const auto path_of = [](std::size_t i) { return "/async" + std::to_string(i); };
  for (std::size_t i = 0; i < count; ++i)
    zoo_acreate(client, path_of(i).c_str(), "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, named, &done);
  expect(done.all(count, ZOK), "1000_creates_in_flight");
  for (std::size_t i = 0; i < count; ++i) {
    zoo_aset(client, path_of(i).c_str(), "y", 1, 0, stated, &done);
    zoo_aget(client, path_of(i).c_str(), 0, got, &done);
    zoo_aexists(client, path_of(i).c_str(), 0, stated, &done);
    zoo_aget_children2(client, path_of(i).c_str(), 0, listed, &done);
  }
  expect(done.all(4 * count, ZOK), "4000_writes_and_reads_in_flight");
  zoo_aset(client, "/async0", "z", 1, 0, stated, &done);
  expect(done.all(1, ZBADVERSION), "callback_with_an_error");
  zoo_async(client, "/", named, &done);
  expect(done.all(1, ZOK), "sync");
  for (std::size_t i = 0; i < count; ++i)
    zoo_adelete(client, path_of(i).c_str(), 1, completed, &done);
  expect(done.all(count, ZOK), "1000_deletes_in_flight");
}

void check_multi(zhandle_t* client) {
  char path[64];
  Stat stat{};
  zoo_op_t ops[3];
  zoo_op_result_t results[3];
  zoo_create_op_init(&ops[0], "/multi", "a", 1, &ZOO_OPEN_ACL_UNSAFE, 0, path, sizeof path);
  zoo_set_op_init(&ops[1], "/multi", "b", 1, 0, &stat);
  zoo_check_op_init(&ops[2], "/multi", 1);
  expect(zoo_multi(client, 3, ops, results) == ZOK && std::strcmp(path, "/multi") == 0 &&
             stat.version == 1,
         "multi");
  zoo_delete_op_init(&ops[0], "/multi", 1);
  zoo_check_op_init(&ops[1], "/multi", 1);
  expect(zoo_multi(client, 3, ops, results) == ZNONODE && results[0].err == ZOK &&
             results[1].err == ZNONODE && results[2].err == ZRUNTIMEINCONSISTENCY,
         "failed_multi");
  expect(zoo_delete(client, "/multi", 1) == ZOK, "failed_multi_changes_nothing");
}

void check_acls(zhandle_t* client, zhandle_t* other) {
  Completions done;
  zoo_add_auth(client, "digest", "bob:pw", 6, completed, &done);
  expect(done.all(1, ZOK), "auth");
  zoo_create(client, "/acl", "x", 1, &ZOO_CREATOR_ALL_ACL, 0, nullptr, 0);
  char data[8];
  int size = sizeof data;
  Stat stat{};
  expect(zoo_get(other, "/acl", 0, data, &size, &stat) == ZNOAUTH, "no_auth");
  ACL_vector acl{};
  expect(zoo_get_acl(client, "/acl", &acl, &stat) == ZOK && acl.count == 1 &&
             std::strcmp(acl.data[0].id.id, "bob:ikIaKsbtGweaHnb/jKn7OHqbunM=") == 0,
         "get_acl");
  deallocate_ACL_vector(&acl);
  expect(zoo_set_acl(client, "/acl", 0, &ZOO_OPEN_ACL_UNSAFE) == ZOK, "set_acl");
  expect(zoo_async(other, "/acl", named, &done) == ZOK && done.all(1, ZOK) &&
             zoo_get(other, "/acl", 0, data, &size, &stat) == ZOK,
         "open_acl");
  zoo_delete(client, "/acl", -1);
}

void check_watches(zhandle_t* client, zhandle_t* other, Events& events) {
  char data[64];
  int size = sizeof data;
  Stat stat{};
  zoo_get(client, "/c", 1, data, &size, &stat);
  zoo_set(other, "/c", "3", 1, -1);
  expect(events.wait_for(ZOO_CHANGED_EVENT, 0, "/c"), "data_watch");
  String_vector names{};
  zoo_get_children(client, "/c", 1, &names);
  deallocate_String_vector(&names);
  zoo_create(other, "/c/e", "", 0, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, nullptr, 0);
  expect(events.wait_for(ZOO_CHILD_EVENT, 0, "/c"), "child_watch");
  zoo_exists(client, "/c/e", 1, &stat);
  expect(zookeeper_close(other) == ZOK, "close");
  expect(events.wait_for(ZOO_DELETED_EVENT, 0, "/c/e"), "close_deletes_ephemerals");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
  Events events;
  Events other_events;
  zhandle_t* client = connect(argv[1], events);
  zhandle_t* other = connect(argv[1], other_events);
  expect(client != nullptr && zoo_state(client) == ZOO_CONNECTED_STATE, "connect");
  check_data(client);
  check_callbacks(client);
  check_multi(client);
  check_acls(client, other);
  check_watches(client, other, events);

  expect(zoo_delete(client, "/c", -1) == ZOK, "delete_of_the_rest");

  Events moved_events;
  zhandle_t* moved =
      zookeeper_init(argv[1], &Events::watch, 10000, zoo_client_id(client), &moved_events, 0);
  expect(moved != nullptr && moved_events.wait_for(ZOO_SESSION_EVENT, ZOO_CONNECTED_STATE, "") &&
             zoo_client_id(moved)->client_id == zoo_client_id(client)->client_id,
         "session_taken_over");
  // Both handles want the session now and take it from each other: nothing more is certain.
  zookeeper_close(moved);
  zookeeper_close(client);
  std::printf("1..%d\n", cases);
  return failed == 0 ? 0 : 1;
}
