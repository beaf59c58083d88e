#include "paddock/tools/wal_tool.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <sstream>
#include <utility>

#include "core/base/check.h"
#include "paddock/disk/file_disk.h"
#include "paddock/startup/lock_file.h"
#include "paddock/startup/log_place.h"
#include "paddock/tools/wal_command.h"
#include "paddock/usage_error.h"
#include "wal/blocking.h"
#include "wal/names.h"
#include "wal/snapshot_dir.h"

namespace paddock {
namespace {

using namespace tools;
namespace fs = std::filesystem;

constexpr const char* description =
    "Show, verify or salvage the log and the snapshots of a daemon that does not run.\n"
    "Nothing in DIR is ever changed.";
constexpr const char* footer =
    "Exit status: 0 = clean, 1 = damage found or the work could not be done, 2 = wrong usage,\n"
    "3 = locked by a running daemon.";
constexpr const char* salvage_description =
    "Write what can be had into a new directory: the newest snapshot that can be loaded and all\n"
    "batches behind it up to the first that is lost. A daemon starts on the result. The exit\n"
    "status is 1 when there was damage, also when the salvage worked.";

/// Parses into `command`; a status when there is nothing more to do.
class Parser {
 public:
  explicit Parser(WalCommand& command) : command_(command) {
    app_.footer(footer);
    app_.failure_message(usage_error);
    app_.set_help_flag("-h,--help", "Print this help");
    app_.require_subcommand(1);
    add(WalCommand::Verb::show, "show", "List snapshots, segments and what is in them")
        ->add_flag("--txns", command.txns, "Show each transaction's steps as well");
    add(WalCommand::Verb::verify, "verify", "Check everything, as a start would and more");
    add(WalCommand::Verb::salvage, "salvage", salvage_description)
        ->add_option("--out", command.out, "Where to write; must be empty or not exist")
        ->type_name("NEWDIR")
        ->required();
  }

  std::optional<int> parse(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
    try {
      app_.parse(reversed);
    } catch (const CLI::ParseError& error) {
      std::ostringstream output;
      std::ostringstream errors;
      const int status = app_.exit(error, output, errors);
      std::fputs(output.str().c_str(), stdout);
      std::fputs(errors.str().c_str(), stderr);
      return status == 0 ? wal_clean : wal_usage;
    }
    for (std::string* path : {&command_.dirs.data, &command_.dirs.log, &command_.out})
      while (path->size() > 1 && path->back() == '/') path->pop_back();
    if (command_.dirs.log.empty()) command_.dirs.log = command_.dirs.data;
    return std::nullopt;
  }

 private:
  CLI::App* add(WalCommand::Verb verb, const char* name, const char* what) {
    CLI::App* sub = app_.add_subcommand(name, what);
    sub->footer(footer);
    sub->add_option("DIR", command_.dirs.data, "The data directory")->required();
    sub->add_option("--log-dir", command_.dirs.log, "Where the log is, if it has its own directory")
        ->type_name("DIR");
    sub->add_flag("--json", command_.json, "Print one JSON document");
    sub->callback([this, verb] { command_.verb = verb; });
    return sub;
  }

  CLI::App app_{description, "paddock wal"};
  WalCommand& command_;
};

/// A sentence about what forbids to begin, or nothing.
std::optional<std::string> why_not(wal::Disk& disk, const WalDirectories& dirs) {
  bool found = false;
  bool has_log = false;
  for (const std::string& dir : {dirs.data, dirs.log}) {
    std::error_code error;
    if (!fs::exists(dir, error)) return "there is no directory " + dir;
    if (!fs::is_directory(dir, error)) return dir + " is not a directory";
    std::vector<std::string> names;
    const std::int64_t result = wal::BlockingDisk(disk).list(dir, names);
    if (result < 0) return wal::disk_failure("cannot list", dir, result).message;
    for (const std::string& name : names) {
      has_log |= wal::segment_first(name).has_value();
      found |= has_log || wal::parse_snapshot_name(name).has_value();
    }
  }
  const auto elsewhere = startup::LogPlace::named_by(dirs.data);
  if (!has_log && dirs.log == dirs.data && elsewhere)
    return "the log of " + dirs.data + " is in a directory of its own: say --log-dir " + *elsewhere;
  if (found) return std::nullopt;
  return "there is no log and no snapshot of Paddock in " + dirs.data +
         (dirs.log == dirs.data ? "" : " and " + dirs.log);
}

WalAnswer run(const WalCommand& command) {
  FileDisk disk;
  if (auto reason = why_not(disk, command.dirs)) return refused(*std::move(reason));
  std::vector<startup::LockFile> locks;
  for (const std::string& dir : {command.dirs.data, command.dirs.log}) {
    auto lock = startup::LockFile::share(dir);
    if (!lock) {
      WalAnswer answer = failed(lock.error().message);
      if (lock.error().is_held) answer.status = wal_locked;
      return answer;
    }
    if (*lock) locks.push_back(std::move(**lock));
  }
  Progress progress;
  switch (command.verb) {
    case WalCommand::Verb::show:
      return show_wal(disk, command, progress);
    case WalCommand::Verb::verify:
      return verify_wal(disk, command, progress);
    case WalCommand::Verb::salvage:
      return salvage_wal(disk, command, progress);
  }
  UNREACHABLE();
}

const char* name_of(int status) {
  switch (status) {
    case wal_clean:
      return "clean";
    case wal_damaged:
      return "damaged";
    case wal_usage:
      return "usage";
    default:
      return "locked";
  }
}

int print(WalAnswer answer, bool as_json) {
  if (answer.json.contains("error"))
    fmt::print(stderr, "paddock: {}\n", answer.json["error"].get<std::string>());
  if (as_json) {
    const bool is_failure = answer.status == wal_damaged && answer.json.contains("error");
    answer.json["status"] = is_failure ? "failed" : name_of(answer.status);
    // A path in a log is any bytes.
    answer.text = answer.json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  }
  std::fputs(answer.text.c_str(), stdout);
  if (std::fflush(stdout) == 0) return answer.status;
  std::perror("paddock: standard output");
  return wal_damaged;
}

}  // namespace

int wal_tool(const std::vector<std::string>& arguments) {
  WalCommand command;
  Parser parser(command);
  if (const std::optional<int> status = parser.parse(arguments)) return *status;
  return print(run(command), command.json);
}

}  // namespace paddock
