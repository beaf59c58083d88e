#include "paddock/words/responder.h"

#include <utility>

#include "core/base/check.h"
#include "paddock/words/answers.h"

namespace paddock::words {
namespace {

Whitelist checked(std::string_view text) {
  Result<Whitelist, std::string> parsed = Whitelist::parse(text);
  CHECK(parsed.has_value());  // the configuration was refused otherwise
  return *std::move(parsed);
}

}  // namespace

Responder::Responder(const Config& config, Hooks hooks)
    : whitelist_(checked(config.four_letter_words)), hooks_(std::move(hooks)) {}

std::optional<std::string> Responder::respond(std::string_view name, std::string_view behind,
                                              std::string_view peer_address) {
  const std::optional<Word> word = find_word(name);
  if (!word) return std::nullopt;
  if (!whitelist_.allows(*word, is_loopback(peer_address))) return not_whitelisted(name);
  const ServerView view = hooks_.view(needs(*word));
  if (word == Word::stmk) trace_mask_ = trace_mask_of(behind);
  if (word == Word::srst && view.is_serving) hooks_.reset_server_stats();
  if (word == Word::crst && view.is_serving) hooks_.reset_connection_stats();
  return answer(*word, view, trace_mask_);
}

bool is_loopback(std::string_view address) {
  return address == "::1" || address.starts_with("127.");
}

}  // namespace paddock::words
