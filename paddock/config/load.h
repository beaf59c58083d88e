#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "paddock/config/config.h"

namespace paddock::config {

/// One value that somebody gave: in the file or with a flag.
struct Setting {
  std::string key;  ///< as in zoo.cfg
  std::string value;
  std::string source;  ///< "zoo.cfg:12" or "--client-port"
};

/// Something about the configuration that is worth a log line and does not prevent the start.
struct Note {
  enum class Level { info, warning };
  Level level = Level::info;
  std::string text;
};

struct Loaded {
  Config config;
  std::vector<Note> notes;  ///< in the order of the file
};

/// What was wrong: one sentence each, beginning with where ("zoo.cfg:3: "). All of it, so that an
/// operator corrects a file once.
using Errors = std::vector<std::string>;

/// The settings of a zoo.cfg. Errors: it cannot be read, or a malformed escape.
Result<std::vector<Setting>, Errors> read_file(const std::string& path);

struct Defaults {
  bool with_file = false;  ///< ZooKeeper's defaults instead of those for trying things out
  int usable_cores = 1;    ///< see startup/cores.h
};

/// Merges defaults and settings (of the same key the last one wins, so flags come last) and checks
/// every rule of the tables in keys.h. Pure. Threads: any.
Result<Loaded, Errors> merge(const Defaults& defaults, std::span<const Setting> settings);

}  // namespace paddock::config
