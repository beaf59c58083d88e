#include "paddock/words/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <filesystem>

#include "core/base/bytes.h"
#include "core/base/check.h"
#include "paddock/log.h"
#include "paddock/version.h"

namespace paddock::words {
namespace {

bool answers_without_service(Word word) {
  return word == Word::ruok || word == Word::envi || word == Word::gtmk || word == Word::stmk ||
         word == Word::isro;
}

std::string isro(const ServerView& view) {
  if (!view.is_serving) return "null";
  return view.is_read_only ? "ro" : "rw";
}

std::string dirs(const ServerView& view) {
  return fmt::format("datadir_size: {}\nlogdir_size: {}\n", directory_bytes(view.config->data_dir),
                     directory_bytes(view.config->data_log_dir));
}

std::string wchs(const ServerView& view) {
  return fmt::format("{} connections watching {} paths\nTotal watches:{}\n",
                     view.watching_connections, view.watched_paths, view.watch_count);
}

std::string hash(const ServerView& view) {
  std::string text;
  if (!view.config->digest_enabled) return text;
  for (const DigestView& entry : view.digests)
    text += fmt::format("{:x}: {}\n", entry.zxid.value, entry.digest);
  return text;
}

}  // namespace

std::string not_whitelisted(std::string_view name) {
  return fmt::format("{} is not executed because it is not in the whitelist.\n", name);
}

std::string answer(Word word, const ServerView& view, std::int64_t trace_mask) {
  if (!view.is_serving && !answers_without_service(word))
    return "This ZooKeeper instance is not currently serving requests\n";
  switch (word) {
    case Word::conf:
      return conf(view);
    case Word::cons:
      return cons(view);
    case Word::crst:
      return "Connection stats reset.\n";
    case Word::dirs:
      return dirs(view);
    case Word::dump:
      return dump(view);
    case Word::envi:
      return envi();
    case Word::gtmk:
    case Word::stmk:
      return std::to_string(trace_mask);
    case Word::hash:
      return hash(view);
    case Word::isro:
      return isro(view);
    case Word::mntr:
      return mntr(view);
    case Word::ruok:
      return "imok";
    case Word::srst:
      return "Server stats reset.\n";
    case Word::srvr:
      return srvr(view);
    case Word::stat:
      return stat(view);
    case Word::wchc:
      return wchc(view);
    case Word::wchp:
      return wchp(view);
    case Word::wchs:
      return wchs(view);
  }
  UNREACHABLE();
}

std::int64_t trace_mask_of(std::string_view behind_word) {
  if (behind_word.size() < 8) return -1;
  return static_cast<std::int64_t>(load_be64(as_bytes(behind_word).data()));
}

std::string decimal(double value) {
  std::string text = fmt::format("{:.4f}", std::round(value * 10000) / 10000);
  while (text.ends_with('0') && !text.ends_with(".0")) text.pop_back();
  return text;
}

std::string_view mode(const ServerView& view) {
  return view.is_read_only ? "read-only" : "standalone";
}

std::string_view op_abbreviation(proto::OpCode op) {
  using proto::OpCode;
  switch (op) {
    case OpCode::create_session:
      return "SESS";
    case OpCode::close_session:
      return "CLOS";
    case OpCode::ping:
      return "PING";
    case OpCode::create:
    case OpCode::create2:
    case OpCode::create_container:
    case OpCode::create_ttl:
      return "CREA";
    case OpCode::remove:
    case OpCode::delete_container:
      return "DELE";
    case OpCode::exists:
      return "EXIS";
    case OpCode::get_data:
      return "GETD";
    case OpCode::set_data:
      return "SETD";
    case OpCode::get_acl:
      return "GETA";
    case OpCode::set_acl:
      return "SETA";
    case OpCode::get_children:
    case OpCode::get_children2:
      return "GETC";
    case OpCode::sync:
      return "SYNC";
    case OpCode::multi:
      return "MULT";
    case OpCode::multi_read:
      return "MLTR";
    case OpCode::check:
      return "CHEC";
    case OpCode::reconfig:
      return "RECO";
    case OpCode::set_watches:
      return "SETW";
    case OpCode::set_watches2:
      return "STW2";
    case OpCode::add_watch:
      return "ADDW";
    case OpCode::check_watches:
      return "CHKW";
    case OpCode::remove_watches:
      return "REMW";
    case OpCode::get_ephemerals:
      return "GETE";
    case OpCode::get_all_children_number:
      return "GETACN";
    case OpCode::who_am_i:
      return "HOMI";
    case OpCode::notification:
    case OpCode::auth:
    case OpCode::sasl:
    case OpCode::error:
      return "NA";
  }
  return "NA";  // a code that a client made up
}

std::string date(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm fields{};
  ::gmtime_r(&seconds, &fields);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%a %b %d %H:%M:%S UTC %Y", &fields);
  return {text, length};
}

std::int64_t directory_bytes(const std::string& dir) {
  namespace fs = std::filesystem;
  std::int64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code gone;  // segments and snapshots come and go meanwhile
    if (!entry->is_regular_file(gone)) continue;
    const std::uintmax_t size = entry->file_size(gone);
    if (!gone) bytes += static_cast<std::int64_t>(size);
  }
  return bytes;
}

std::int64_t total(const ServerView& view, Counter ReactorStats::*counter) {
  std::int64_t sum = 0;
  for (const ReactorStats* reactor : view.reactors) sum += (reactor->*counter).get();
  return sum;
}

}  // namespace paddock::words
