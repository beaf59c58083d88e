#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "paddock/words/word.h"

namespace paddock::words {

/// The harmless words for everybody, those that show clients' names and addresses from this
/// machine.
constexpr std::string_view default_whitelist =
    "ruok,isro,srvr,stat,mntr,conf,wchs,dump@loopback,cons@loopback";

/// Which words are answered, from 4lw.commands.whitelist: a comma list of words, or `*` for all.
/// `WORD@loopback` allows a word from loopback addresses only. A word that is named twice is
/// allowed as widely as any of its entries says.
/// Threads: immutable.
class Whitelist {
 public:
  /// Fails on an entry that is not of the form WORD, WORD@loopback, * or *@loopback. A word that
  /// does not exist is kept in unknown() and allows nothing, as in ZooKeeper.
  static Result<Whitelist, std::string> parse(std::string_view text);

  bool allows(Word word, bool from_loopback) const {
    const std::size_t bit = static_cast<std::size_t>(word);
    return everywhere_[bit] || (from_loopback && from_loopback_[bit]);
  }

  const std::vector<std::string>& unknown() const { return unknown_; }

 private:
  std::bitset<word_count> everywhere_;
  std::bitset<word_count> from_loopback_;
  std::vector<std::string> unknown_;
};

}  // namespace paddock::words
