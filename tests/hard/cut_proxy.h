#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace paddock::hard {

/// Stands between clients and a server on the loopback and loses what it is told to lose. Threads:
/// any; its own thread moves the bytes.
class CutProxy {
 public:
  explicit CutProxy(std::uint16_t server_port);
  ~CutProxy();
  CutProxy(const CutProxy&) = delete;
  CutProxy& operator=(const CutProxy&) = delete;

  std::uint16_t port() const { return port_; }
  /// The next bytes from the server, on whichever connection, are lost and that connection is cut:
  /// the request has happened and its client does not know.
  void lose_next_reply() { lose_next_reply_ = true; }
  /// Whether new connections are let through; refusing also cuts those that there are.
  void refuse(bool refused) { refuses_ = refused; }
  int cuts() const { return cuts_; }

 private:
  struct Pair {
    int client;
    int server;
  };

  void run();
  void accept_one();
  /// False when it is over.
  bool move(int from, int to, bool is_reply);

  const std::uint16_t server_port_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::vector<Pair> pairs_;  ///< the thread's
  std::atomic<bool> lose_next_reply_{false};
  std::atomic<bool> refuses_{false};
  std::atomic<bool> stop_{false};
  std::atomic<int> cuts_{0};
  std::thread thread_;
};

}  // namespace paddock::hard
