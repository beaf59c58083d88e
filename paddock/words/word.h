#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace paddock::words {

/// ZooKeeper's four-letter words: four ASCII bytes as the first ones of a connection, answered with
/// plain text and a close.
enum class Word : std::uint8_t {
  conf,
  cons,
  crst,
  dirs,
  dump,
  envi,
  gtmk,
  hash,
  isro,
  mntr,
  ruok,
  srst,
  srvr,
  stat,
  stmk,
  wchc,
  wchp,
  wchs,
};
constexpr int word_count = 18;

/// The word that `name` (exactly four bytes, case matters) is, if it is one.
std::optional<Word> find_word(std::string_view name);
std::string_view name_of(Word word);

}  // namespace paddock::words
