#pragma once

#include <cstdint>
#include <string>

namespace paddock::load {

/// What the command line asks for. Threads: immutable.
struct Options {
  std::string workload;
  std::string host = "127.0.0.1";
  std::uint16_t port = 2181;
  std::uint32_t connections = 1;
  std::uint32_t depth = 1;         ///< requests in flight per connection at most
  double seconds = 5;              ///< length of what is measured
  double warmup_seconds = 1;       ///< the same load before it, not measured
  double rate = 0;                 ///< requests/s of an open loop; 0 = closed loop
  std::uint32_t data_bytes = 100;  ///< of every znode
  std::uint32_t nodes = 1000;      ///< znodes that the workload uses; each workload says for what
  std::uint32_t operations = 10;   ///< setData in one multi
  std::uint32_t rounds = 5;        ///< of a watch fan-out
  std::uint32_t workers = 4;       ///< connections that go on working during an expiry storm
  std::int32_t session_timeout_ms = 30'000;
  bool has_bystander = false;   ///< one more connection reads while watches fan out
  std::int32_t server_pid = 0;  ///< whose memory and processor time to report; 0 = nobody's
  std::string json;             ///< file for the result; empty = none, "-" = standard output
};

/// Ends the program with a message if the arguments make no sense, or help was asked for.
Options parse_options(int argc, char** argv);

}  // namespace paddock::load
