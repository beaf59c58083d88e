#include "paddock/startup/log_place.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "core/base/check.h"
#include "paddock/startup/small_file.h"

namespace paddock::startup {
namespace {

namespace fs = std::filesystem;

struct Marker {
  std::string id;
  std::string path;  ///< empty in the log directory's
};

/// Nothing when there is no such file; an empty id when it cannot be read or holds none.
std::optional<Marker> read_marker(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error) && !error) return std::nullopt;
  Marker marker;
  std::ifstream file(path);
  std::getline(file, marker.id);
  std::getline(file, marker.path);
  return marker;
}

std::optional<Marker> of_data_dir(const std::string& data_dir) {
  return read_marker(data_dir + "/" + LogPlace::dir_file_name);
}
std::optional<Marker> of_log_dir(const std::string& log_dir) {
  return read_marker(log_dir + "/" + LogPlace::id_file_name);
}

std::string new_id() {
  std::array<std::uint64_t, 2> bits{};
  CHECK(::getrandom(bits.data(), sizeof bits, 0) == sizeof bits);
  return fmt::format("{:016x}{:016x}", bits[0], bits[1]);
}

std::string absolute(const std::string& dir) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(dir, error);
  return error ? dir : path.string();
}

}  // namespace

Result<void, std::string> LogPlace::check(const std::string& data_dir, const std::string& log_dir) {
  const std::optional<Marker> wanted = of_data_dir(data_dir);
  if (!wanted) return {};
  const std::optional<Marker> found = of_log_dir(log_dir);
  if (found && !found->id.empty() && found->id == wanted->id) return {};
  return fail(fmt::format(
      "the log of the data directory {0} is in {1}, says {0}/{2}, and this start would take it "
      "from {3}, which {4}. Without its log acknowledged writes would be missing. Start with "
      "--data-log-dir {1} (dataLogDir in the configuration), and see that this directory is "
      "mounted; if the log has been moved to {3}, move {5} there with it. Only if it is gone for "
      "good, remove {0}/{2}",
      data_dir, wanted->path.empty() ? "another directory" : wanted->path, dir_file_name, log_dir,
      found ? "has the log of another data directory" : "has no " + std::string(id_file_name),
      id_file_name));
}

std::string LogPlace::remember(const std::string& data_dir, const std::string& log_dir) {
  std::error_code error;
  std::optional<Marker> marker = of_data_dir(data_dir);
  if (!marker && fs::equivalent(data_dir, log_dir, error)) return "";
  const std::string path = absolute(log_dir);
  if (marker && marker->path == path) return "";
  // The log directory's first: a crash in between leaves an id that nobody asks for yet.
  const std::optional<Marker> known = of_log_dir(log_dir);
  const bool has_id = known && !known->id.empty();
  const std::string id = has_id ? known->id : new_id();
  std::string failed;
  if (!has_id) failed = replace_file(log_dir + "/" + id_file_name, id + "\n", Durably::yes);
  if (failed.empty())
    failed = replace_file(data_dir + "/" + dir_file_name, id + "\n" + path + "\n", Durably::yes);
  return failed;
}

std::optional<std::string> LogPlace::named_by(const std::string& data_dir) {
  const std::optional<Marker> marker = of_data_dir(data_dir);
  if (!marker) return std::nullopt;
  return marker->path;
}

}  // namespace paddock::startup
