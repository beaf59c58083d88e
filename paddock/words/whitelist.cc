#include "paddock/words/whitelist.h"

#include <array>
#include <cctype>

namespace paddock::words {
namespace {

constexpr std::array<std::string_view, word_count> names = {
    "conf", "cons", "crst", "dirs", "dump", "envi", "gtmk", "hash", "isro",
    "mntr", "ruok", "srst", "srvr", "stat", "stmk", "wchc", "wchp", "wchs",
};
static_assert(names[static_cast<std::size_t>(Word::wchs)] == "wchs");
static_assert(names[static_cast<std::size_t>(Word::mntr)] == "mntr");

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_word_like(std::string_view entry) {
  for (const char c : entry)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) return false;
  return !entry.empty();
}

}  // namespace

std::optional<Word> find_word(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return static_cast<Word>(i);
  return std::nullopt;
}

std::string_view name_of(Word word) { return names[static_cast<std::size_t>(word)]; }

Result<Whitelist, std::string> Whitelist::parse(std::string_view text) {
  Whitelist list;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view entry = trim(text.substr(0, comma));
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
    if (entry.empty()) continue;

    const std::size_t at = entry.find('@');
    const std::string_view scope = at == entry.npos ? std::string_view() : entry.substr(at + 1);
    const std::string_view name = entry.substr(0, at);
    if ((at != entry.npos && scope != "loopback") || (name != "*" && !is_word_like(name)))
      return fail(std::string(entry) + " is neither a word, * nor one with @loopback");

    std::bitset<word_count>& bits = at == entry.npos ? list.everywhere_ : list.from_loopback_;
    if (name == "*") {
      bits.set();
    } else if (const std::optional<Word> word = find_word(name)) {
      bits.set(static_cast<std::size_t>(*word));
    } else {
      list.unknown_.emplace_back(name);
    }
  }
  return list;
}

}  // namespace paddock::words
