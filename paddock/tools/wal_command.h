#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "paddock/tools/progress.h"
#include "paddock/tools/wal_check.h"
#include "wal/disk.h"

namespace paddock::tools {

/// Exit statuses of `paddock wal`.
enum WalStatus : int {
  wal_clean = 0,
  wal_damaged = 1,  ///< damage was found, or the work could not be done
  wal_usage = 2,
  wal_locked = 3,
};

/// What the command line asks for.
struct WalCommand {
  enum class Verb { show, verify, salvage };
  Verb verb{};
  WalDirectories dirs;
  std::string out;    ///< salvage: the new directory
  bool json = false;  ///< one JSON document on standard output instead of text
  bool txns = false;  ///< show: each transaction's steps as well
};

/// The answer of a verb, both ways; the command line says which is printed.
struct WalAnswer {
  int status = wal_clean;
  std::string text;
  nlohmann::json json;
};

WalAnswer show_wal(wal::Disk& disk, const WalCommand& command, Progress& progress);
WalAnswer verify_wal(wal::Disk& disk, const WalCommand& command, Progress& progress);
WalAnswer salvage_wal(wal::Disk& disk, const WalCommand& command, Progress& progress);

// --- Shared by the verbs.

/// "FILE at offset N: reason\n".
std::string text_of(const wal::Damage& damage);
nlohmann::json json_of(const wal::Damage& damage);
/// What a check found, without its verdict.
std::string text_of(const WalCheck& check);
nlohmann::json json_of(const WalCheck& check);
/// The work could not be done.
WalAnswer failed(std::string reason);
WalAnswer refused(std::string reason);  ///< the same for wal_usage

}  // namespace paddock::tools
