#include "paddock/shell/words.h"

namespace paddock::shell {
namespace {

constexpr std::string_view spaces = " \t\n\v\f\r";

bool is_quote(char c) { return c == '"' || c == '\''; }

/// The word at the start of `text`, which does not begin with white space.
struct Piece {
  std::string_view word;
  std::size_t length = 0;  ///< with its quotes
  bool is_closed = true;
};

Piece first_piece(std::string_view text) {
  if (!is_quote(text.front())) {
    const std::string_view word = text.substr(0, text.find_first_of(spaces));
    return {word, word.size(), true};
  }
  const std::size_t end = text.find(text.front(), 1);
  if (end == std::string_view::npos) return {text.substr(1), text.size(), false};
  return {text.substr(1, end - 1), end + 1, true};
}

}  // namespace

Result<std::vector<std::string>, std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (std::size_t at = line.find_first_not_of(spaces); at != std::string_view::npos;
       at = line.find_first_not_of(spaces, at)) {
    const Piece piece = first_piece(line.substr(at));
    if (!piece.is_closed) return tl::unexpected(std::string("a quote is not closed"));
    words.emplace_back(piece.word);
    at += piece.length;
  }
  return words;
}

LastWord last_word(std::string_view line) {
  LastWord last{.start = line.size()};
  for (std::size_t at = line.find_first_not_of(spaces); at != std::string_view::npos;
       at = line.find_first_not_of(spaces, at)) {
    const Piece piece = first_piece(line.substr(at));
    const bool is_quoted = is_quote(line[at]);
    const bool is_last = at + piece.length == line.size() && (!is_quoted || !piece.is_closed);
    if (is_last) {
      last.start = at + (is_quoted ? 1 : 0);
      last.quote = is_quoted ? line[at] : '\0';
      break;
    }
    if (last.index++ == 0) last.first = piece.word;
    at += piece.length;
  }
  return last;
}

}  // namespace paddock::shell
