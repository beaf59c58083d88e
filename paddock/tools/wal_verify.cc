#include <fmt/format.h>

#include <utility>

#include "paddock/tools/txn_text.h"
#include "paddock/tools/wal_command.h"

namespace paddock::tools {
namespace {

using nlohmann::json;

std::string hex64(std::uint64_t number) { return fmt::format("{:016x}", number); }

std::string log_text(const CheckedLog& log) {
  const wal::Recovered& found = log.recovered;
  return fmt::format("log: {} batches with {} transactions above {}, to {}; digest {}; {}\n",
                     log.batch_count, log.txn_count, hex(log.base), hex(found.last),
                     hex64(log.digest),
                     found.clean_stop ? "ends with a clean stop"
                                      : "no clean stop, durable to " + hex(found.durable));
}

json log_json(const CheckedLog& log) {
  const wal::Recovered& found = log.recovered;
  return {{"replayed_above", hex(log.base)}, {"batches", log.batch_count},
          {"transactions", log.txn_count},   {"last", hex(found.last)},
          {"durable", hex(found.durable)},   {"clean_stop", found.clean_stop},
          {"torn_bytes", found.torn_bytes},  {"digest", hex64(log.digest)}};
}

}  // namespace

std::string text_of(const wal::Damage& damage) {
  return fmt::format("{} at offset {}: {}\n", damage.file, damage.offset, damage.reason);
}

json json_of(const wal::Damage& damage) {
  return {{"file", damage.file}, {"offset", damage.offset}, {"reason", damage.reason}};
}

std::string text_of(const WalCheck& check) {
  std::string text;
  for (const CheckedSnapshot& snapshot : check.snapshots) {
    text += "snapshot " + snapshot.file.path + ": ";
    text += snapshot.damage
                ? "damaged\n"
                : fmt::format("{} nodes, {} sessions, digest {}\n", snapshot.footer.node_count,
                              snapshot.footer.session_count, hex64(snapshot.footer.digest));
  }
  if (check.log) text += log_text(*check.log);
  for (const std::string& note : check.notes) text += "note: " + note + "\n";
  for (const wal::Damage& damage : check.damage) text += "damage: " + text_of(damage);
  return text;
}

json json_of(const WalCheck& check) {
  json snapshots = json::array();
  for (const CheckedSnapshot& snapshot : check.snapshots) {
    json one{{"file", snapshot.file.path},
             {"zxid", hex(snapshot.file.zxid)},
             {"damaged", snapshot.damage.has_value()}};
    if (!snapshot.damage) {
      one["nodes"] = snapshot.footer.node_count;
      one["sessions"] = snapshot.footer.session_count;
      one["bytes"] = snapshot.footer.file_bytes;
      one["digest"] = hex64(snapshot.footer.digest);
    }
    snapshots.push_back(std::move(one));
  }
  json damage = json::array();
  for (const wal::Damage& one : check.damage) damage.push_back(json_of(one));
  return {{"snapshots", std::move(snapshots)},
          {"log", check.log ? log_json(*check.log) : json()},
          {"notes", check.notes},
          {"damage", std::move(damage)},
          {"starts", check.starts}};
}

WalAnswer failed(std::string reason) {
  return {.status = wal_damaged, .text = {}, .json = {{"error", std::move(reason)}}};
}

WalAnswer refused(std::string reason) {
  return {.status = wal_usage, .text = {}, .json = {{"error", std::move(reason)}}};
}

WalAnswer verify_wal(wal::Disk& disk, const WalCommand& command, Progress& progress) {
  const auto check = check_wal(disk, command.dirs, progress);
  if (!check) return failed(check.error());
  WalAnswer answer{.status = check->is_clean() ? wal_clean : wal_damaged,
                   .text = text_of(*check),
                   .json = json_of(*check)};
  if (check->is_clean())
    answer.text += "clean\n";
  else if (check->starts)
    answer.text += "damaged; a daemon would still start on what is left\n";
  else
    answer.text += "damaged; a daemon would not start\n";
  return answer;
}

}  // namespace paddock::tools
