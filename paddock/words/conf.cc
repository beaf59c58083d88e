// conf and envi: what the server was told, and where it runs.

#include <fmt/format.h>
#include <pwd.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <filesystem>

#include "paddock/version.h"
#include "paddock/words/answers.h"

namespace paddock::words {
namespace {

std::string absolute(const std::string& dir) {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(dir, error);
  return error ? dir : path.string();
}

std::string megabytes(std::uint64_t units, std::uint64_t unit_bytes) {
  return fmt::format("{}MB", units * unit_bytes / (1024 * 1024));
}

}  // namespace

std::string conf(const ServerView& view) {
  const Config& config = *view.config;
  // Unlike ZooKeeper's, the directories are where the files are: there is no version-2 below them.
  return fmt::format(
      "clientPort={}\n"
      "secureClientPort=-1\n"
      "dataDir={}\n"
      "dataDirSize={}\n"
      "dataLogDir={}\n"
      "dataLogSize={}\n"
      "tickTime={}\n"
      "maxClientCnxns={}\n"
      "minSessionTimeout={}\n"
      "maxSessionTimeout={}\n"
      "clientPortListenBacklog={}\n"
      "serverId=0\n",
      view.client_port, absolute(config.data_dir), directory_bytes(config.data_dir),
      absolute(config.data_log_dir), directory_bytes(config.data_log_dir), config.tick_ms,
      config.client_connections_max, config.session_timeout_ms_min, config.session_timeout_ms_max,
      config.listen_backlog);
}

std::string envi() {
  utsname system{};
  ::uname(&system);
  struct sysinfo memory {};
  ::sysinfo(&memory);
  char host[256] = "localhost";
  ::gethostname(host, sizeof host - 1);
  passwd entry{};
  passwd* user = nullptr;
  char buffer[4096];
  ::getpwuid_r(::geteuid(), &entry, buffer, sizeof buffer, &user);
  std::error_code error;
  const std::string dir = std::filesystem::current_path(error).string();

  // The Java keys stay, for those who read by line number, and say that there is no Java.
  return fmt::format(
      "Environment:\n"
      "zookeeper.version={}\n"
      "host.name={}\n"
      "java.version=none\n"
      "java.vendor=none\n"
      "java.home=none\n"
      "java.class.path=none\n"
      "java.library.path=none\n"
      "java.io.tmpdir=none\n"
      "java.compiler=none\n"
      "os.name={}\n"
      "os.arch={}\n"
      "os.version={}\n"
      "user.name={}\n"
      "user.home={}\n"
      "user.dir={}\n"
      "os.memory.free={}\n"
      "os.memory.max={}\n"
      "os.memory.total={}\n",
      zookeeper_version, host, system.sysname, system.machine, system.release,
      user != nullptr ? user->pw_name : "?", user != nullptr ? user->pw_dir : "?", dir,
      megabytes(memory.freeram, memory.mem_unit), megabytes(memory.totalram, memory.mem_unit),
      megabytes(memory.totalram, memory.mem_unit));
}

}  // namespace paddock::words
