#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "paddock/words/server_view.h"
#include "paddock/words/whitelist.h"

namespace paddock::words {

/// Decides what a connection that begins with four letters is told: nothing (they are no word),
/// that the word is not on the whitelist, or the word's answer. Threads: loop-local.
class Responder {
 public:
  struct Hooks {
    /// Fills a view: always the plain values, and the named parts.
    std::function<ServerView(Part)> view;
    /// srst: sets ReactorStats::reset_wanted of every reactor.
    std::function<void()> reset_server_stats;
    /// crst: the per-connection counts of every connection start again.
    std::function<void()> reset_connection_stats;
  };

  /// `config` outlives this; its whitelist has been checked.
  Responder(const Config& config, Hooks hooks);

  /// `word`: the first four bytes of the connection. `behind`: what has come behind them, of which
  /// only stmk reads anything. `peer_address` as net::Connection gives it. nullopt: close without a
  /// word, or go on if the bytes are something else.
  std::optional<std::string> respond(std::string_view word, std::string_view behind,
                                     std::string_view peer_address);

 private:
  Whitelist whitelist_;
  Hooks hooks_;
  std::int64_t trace_mask_ = 306;  // ZooKeeper's default; kept because gtmk shows what stmk set
};

/// "127.0.0.1" and the rest of 127/8, "::1".
bool is_loopback(std::string_view address);

}  // namespace paddock::words
