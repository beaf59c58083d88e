#pragma once

#include <string>
#include <string_view>

#include "paddock/words/server_view.h"
#include "paddock/words/whitelist.h"
#include "paddock/words/word.h"

/// The texts that answer four-letter words, laid out as ZooKeeper 3.9 does, since scripts,
/// exporters and dashboards take them apart. All pure functions of the view. Threads: any.
namespace paddock::words {

/// `name` is a word, but not on the whitelist.
std::string not_whitelisted(std::string_view name);

/// The whole answer. Of a server that is not serving, most words only say so. crst and srst only
/// confirm, stmk only prints: the caller resets (ReactorStats::reset_wanted) or keeps the mask.
/// `trace_mask`: what gtmk and stmk print, a number that means nothing here.
std::string answer(Word word, const ServerView& view, std::int64_t trace_mask = 306);

/// The trace mask behind the word stmk: the eight bytes that follow it, big endian; -1 if they have
/// not all come.
std::int64_t trace_mask_of(std::string_view behind_word);

// The longer ones, each in a file of its own.
std::string srvr(const ServerView& view);
std::string stat(const ServerView& view);
std::string cons(const ServerView& view);
std::string dump(const ServerView& view);
std::string conf(const ServerView& view);
std::string envi();
std::string mntr(const ServerView& view);
std::string wchc(const ServerView& view);
std::string wchp(const ServerView& view);

// Shared by them.
/// As Java prints a double rounded to four decimals: "0.0", "2.5", "2.3333".
std::string decimal(double value);
/// "standalone" or "read-only".
std::string_view mode(const ServerView& view);
/// As ZooKeeper abbreviates operations in cons: "GETD"; "NA" when there was none.
std::string_view op_abbreviation(proto::OpCode op);
/// As java.util.Date prints it, in UTC: "Sun Nov 22 08:30:51 UTC 2026".
std::string date(std::int64_t ms);
/// Bytes of the files in a directory, not of its subdirectories; 0 if it cannot be read.
std::int64_t directory_bytes(const std::string& dir);
/// The sum over all reactors.
std::int64_t total(const ServerView& view, Counter ReactorStats::*counter);

}  // namespace paddock::words
