// ZooKeeper's own C client (libzookeeper_mt) against the daemon whose address is the argument:
// every operation once, watches, and a session taken over by its id and password. Prints TAP.

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
  check_watches(client, other, events);

  expect(zoo_delete(client, "/c", -1) == ZOK, "delete_of_the_rest");
  expect(zookeeper_close(client) == ZOK, "close_of_the_last");
  std::printf("1..%d\n", cases);
  return failed == 0 ? 0 : 1;
}
