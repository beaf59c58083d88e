#include "paddock/reactor/word_desk.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <utility>
#include <vector>

#include "paddock/reactor/reactor.h"

namespace paddock::reactor {

struct WordDesk::Question {
  std::uint16_t reactor = 0;
  ordering::ConnectionId asker{};
  std::string word;
  std::string behind;
  std::string peer_address;
  words::Part parts{};
  std::vector<Reactor::ViewPart> by_reactor;  ///< each filled on its reactor's thread
  std::atomic<std::size_t> missing{0};        ///< parts still being filled [Q1]
};

namespace {

template <class T>
void move_into(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

WordDesk::WordDesk(Server& server, FillCoreView fill)
    : server_(server),
      fill_(std::move(fill)),
      responder_(server.config,
                 {.view = [this](words::Part) { return std::exchange(view_, {}); },
                  .reset_server_stats =
                      [this] {
                        for (const auto& reactor : server_.reactors)
                          // relaxed: as ReactorStats says.
                          reactor->stats().reset_wanted.store(true, std::memory_order_relaxed);
                      },
                  .reset_connection_stats =
                      [this] {
                        for (const auto& reactor : server_.reactors)
                          reactor->post([r = reactor.get()] { r->reset_connection_counts(); });
                      }}) {}

void WordDesk::ask(std::uint16_t reactor, ordering::ConnectionId asker, std::string word,
                   std::string behind, std::string peer_address) {
  auto question = std::make_shared<Question>();
  question->reactor = reactor;
  question->asker = asker;
  question->word = std::move(word);
  question->behind = std::move(behind);
  question->peer_address = std::move(peer_address);
  server_.reactors[0]->post([this, question] { collect(question); });
}

void WordDesk::collect(std::shared_ptr<Question> question) {
  const std::optional<words::Word> word = words::find_word(question->word);
  question->parts = word ? words::needs(*word) : words::Part::none;
  constexpr words::Part of_reactors = words::Part::connections | words::Part::watches |
                                      words::Part::sessions | words::Part::watch_counts;
  const bool needs_reactors =
      (static_cast<int>(question->parts) & static_cast<int>(of_reactors)) != 0;
  if (!needs_reactors) return answer(*question);
  const std::size_t count = server_.reactor_count();
  question->by_reactor.resize(count);
  question->missing.store(count, std::memory_order_relaxed);  // published by the posts
  for (std::size_t r = 0; r < count; ++r) {
    Reactor& reactor = *server_.reactors[r];
    reactor.post([this, question, &reactor, r] {
      const ordering::ConnectionId nobody{UINT32_MAX, 0};
      reactor.fill_part(question->by_reactor[r], question->parts,
                        r == question->reactor ? question->asker : nobody);
      // acq_rel: the last one sees what the others have filled in [Q1].
      if (question->missing.fetch_sub(1, std::memory_order_acq_rel) == 1)
        server_.reactors[0]->post([this, question] { answer(*question); });
    });
  }
}

void WordDesk::answer(Question& question) {
  view_ = {};
  view_.config = &server_.config;
  for (const auto& reactor : server_.reactors) view_.reactors.push_back(&reactor->stats());
  fill_(view_, question.parts);
  std::vector<std::uint64_t> paths;
  for (Reactor::ViewPart& part : question.by_reactor) {
    move_into(view_.connections, part.view.connections);
    move_into(view_.watches, part.view.watches);
    move_into(view_.expiries, part.view.expiries);
    view_.watching_connections += part.view.watching_connections;
    view_.watch_count += static_cast<std::int64_t>(part.watched_paths.size());
    move_into(paths, part.watched_paths);
  }
  std::sort(paths.begin(), paths.end());
  view_.watched_paths = std::unique(paths.begin(), paths.end()) - paths.begin();
  std::optional<std::string> text =
      responder_.respond(question.word, question.behind, question.peer_address);
  Reactor& asker = *server_.reactors[question.reactor];
  asker.post(
      [&asker, id = question.asker, text = std::move(text)] { asker.answer_word(id, text); });
}

}  // namespace paddock::reactor
