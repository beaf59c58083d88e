#pragma once

#include <optional>
#include <string>

#include "core/base/result.h"

namespace paddock::startup {

/// Ties a data directory to the directory of its log when that is another one. A start with the
/// wrong log directory, because dataLogDir was forgotten or its disk is not mounted, would find no
/// log and begin with an empty tree wherever no snapshot contradicts it. So two small files say
/// what belongs together:
///
///     dataDir/paddock.log-dir     ID, and on a second line the log directory's path, for people
///     dataLogDir/paddock.log-id   the same ID
///
/// The id decides, not the path, so that both directories may be moved. Directories of earlier
/// versions have neither file: they are taken as they are and get both.
///
/// Threads: any; blocking calls.
class LogPlace {
 public:
  static constexpr const char* dir_file_name = "paddock.log-dir";
  static constexpr const char* id_file_name = "paddock.log-id";

  /// Whether `log_dir` holds the log of `data_dir`, as far as the two files tell; changes nothing.
  /// The error is a sentence for the operator with both directories and what to do.
  static Result<void, std::string> check(const std::string& data_dir, const std::string& log_dir);
  /// Writes what is missing of the two files, durably and in an order in which a crash leaves
  /// nothing that check() refuses; nothing while the log is in `data_dir` itself. REQUIRES: check()
  /// passes. Returns what went wrong, or "".
  static std::string remember(const std::string& data_dir, const std::string& log_dir);
  /// The path that `data_dir` names, of the last run; nothing when it names none.
  static std::optional<std::string> named_by(const std::string& data_dir);
};

}  // namespace paddock::startup
