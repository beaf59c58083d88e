#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "paddock/ordering/feed.h"
#include "paddock/reactor/server.h"
#include "paddock/words/responder.h"
#include "paddock/words/server_view.h"

namespace paddock::reactor {

/// Answers the four-letter words of all reactors, on reactor 0, which knows the core's side. A word
/// that shows connections or watches first collects each reactor's part, on that reactor's thread,
/// so nobody looks into another's tables.
///
/// Threads: loop-local (reactor 0's), ask() excepted.
class WordDesk {
 public:
  /// Fills the plain values and the parts that the core's side knows (sessions without a
  /// connection, ephemerals, digests). Called on reactor 0.
  using FillCoreView = std::function<void(words::ServerView&, words::Part)>;

  WordDesk(Server& server, FillCoreView fill);

  /// Threads: any. The asker's reactor is told the answer with Reactor::answer_word().
  void ask(std::uint16_t reactor, ordering::ConnectionId asker, std::string word,
           std::string behind, std::string peer_address);

 private:
  struct Question;

  void collect(std::shared_ptr<Question> question);
  void answer(Question& question);

  Server& server_;
  const FillCoreView fill_;
  words::ServerView view_;  ///< of the word being answered
  words::Responder responder_;
};

}  // namespace paddock::reactor
