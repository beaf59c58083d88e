#include "tests/hard/daemon.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/check.h"
#include "tests/hard/client.h"

namespace paddock::hard {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

bool is_sanitized() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return true;
#else
  return false;
#endif
}

Daemon::Daemon(const Options& options) {
  std::string name = (std::filesystem::temp_directory_path() / "paddock-hard-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  dir_ = name;
  start(options);
  const Deadline deadline;
  while (port_ == 0) {
    if (deadline.has_passed() || !is_running()) {
      std::fprintf(stderr, "the daemon does not start:\n%s", log().c_str());
      std::abort();
    }
    ::poll(nullptr, 0, 5);  // a file cannot be waited for
    std::istringstream(text_of(dir_ + "/data/client.port")) >> port_;
  }
}

void Daemon::start(const Options& options) {
  const char* program = std::getenv("PADDOCK");
  CHECK(program != nullptr);
  std::vector<std::string> arguments{program,
                                     "serve",
                                     "--data-dir",
                                     dir_ + "/data",
                                     "--client-port",
                                     "0",
                                     "--reactors",
                                     std::to_string(options.reactors),
                                     "--max-client-cnxns",
                                     "0"};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> environment = options.environment;
  for (char** own = environ; *own != nullptr; ++own) environment.emplace_back(*own);
  auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (std::string& text : texts) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  };
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const std::string log_path = dir_ + "/log";
  pid_ = ::fork();
  CHECK(pid_ >= 0);
  if (pid_ != 0) return;
  const int log = ::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(log, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

bool Daemon::is_running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  ADD_FAILURE() << "the daemon has ended with status " << status;
  pid_ = -1;
  return false;
}

Daemon::~Daemon() {
  if (is_running()) {
    send_signal(SIGTERM);
    int status = 0;
    const Deadline deadline;
    while (::waitpid(pid_, &status, WNOHANG) != pid_) {
      if (deadline.has_passed()) {
        ADD_FAILURE() << "the daemon does not end";
        send_signal(SIGKILL);
      }
      ::poll(nullptr, 0, 5);
    }
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
  if (::testing::Test::HasFailure()) {
    const std::string text = log();
    std::fprintf(stderr, "the daemon's log ends with:\n%s",
                 text.substr(text.size() - std::min<std::size_t>(text.size(), 8000)).c_str());
  }
  std::error_code error;
  std::filesystem::remove_all(dir_, error);
}

void Daemon::send_signal(int signal) const { CHECK(::kill(pid_, signal) == 0); }

std::string Daemon::word(const std::string& name) const {
  Client client(port_);
  client.send(name);
  return client.receive_all();
}

std::map<std::string, std::int64_t> Daemon::mntr() const {
  std::map<std::string, std::int64_t> numbers;
  std::istringstream text(word("mntr"));
  for (std::string key, value; text >> key && std::getline(text, value);)
    numbers[key.substr(3)] = std::strtoll(value.c_str(), nullptr, 10);
  return numbers;
}

std::int64_t Daemon::mntr(const std::string& key) const { return mntr().at(key); }

void Daemon::await(const std::string& key, std::int64_t value) const {
  const Deadline deadline;
  std::int64_t now = mntr(key);
  for (; now != value && !deadline.has_passed(); now = mntr(key)) ::poll(nullptr, 0, 2);
  EXPECT_EQ(now, value) << key;
}

void Daemon::await_above(const std::string& key, std::int64_t value) const {
  const Deadline deadline;
  std::int64_t now = mntr(key);
  for (; now <= value && !deadline.has_passed(); now = mntr(key)) ::poll(nullptr, 0, 2);
  EXPECT_GT(now, value) << key;
}

void Daemon::await_quiet() const {
  await("in_flight_bytes", 0);
  await("output_bytes", 0);
  await("outstanding_requests", 0);
}

std::int64_t Daemon::rss_bytes() const {
  std::istringstream text(text_of("/proc/" + std::to_string(pid_) + "/statm"));
  std::int64_t pages = 0;
  text >> pages >> pages;
  return pages * ::sysconf(_SC_PAGESIZE);
}

std::string Daemon::log() const { return text_of(dir_ + "/log"); }

}  // namespace paddock::hard
