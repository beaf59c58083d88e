#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/state.h"
#include "net/mailbox.h"
#include "paddock/config/config.h"
#include "paddock/ordering/feed.h"
#include "paddock/ordering/ordering_core.h"
#include "paddock/reactor/connection_limits.h"
#include "paddock/reactor/core_message.h"

namespace paddock::reactor {

class Reactor;
class WordDesk;

/// What the reactors of one daemon share. Built before their threads start and taken apart after
/// they have ended.
///
/// Threads: immutable, but for what its members say of themselves.
struct Server {
  Server(const Config& with, core::State& of, ordering::Feed& from, ordering::OrderingCore& by)
      : config(with),
        state(of),
        feed(from),
        core(by),
        limits(with.client_connections_max, with.connections_max,
               static_cast<std::size_t>(with.reactors)) {}

  std::size_t reactor_count() const { return reactors.size(); }

  const Config& config;
  core::State& state;            ///< trie() for reads; all else is reactor 0's
  ordering::Feed& feed;          ///< reactor r is consumer r
  ordering::OrderingCore& core;  ///< reactor 0's
  ConnectionLimits limits;
  std::vector<std::unique_ptr<Reactor>> reactors;
  WordDesk* words = nullptr;  ///< reactor 0's
  /// From each reactor to the ordering core's: to_core[r], none for 0.
  std::vector<std::unique_ptr<net::Mailbox<CoreMessage>>> to_core;
};

}  // namespace paddock::reactor
