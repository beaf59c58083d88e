#include "paddock/shell/child.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "paddock/shell/signals.h"

namespace paddock::shell {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
  list.push_back(nullptr);
  return list;
}

std::vector<std::string> merged(const std::vector<std::string>& environment) {
  std::vector<std::string> all = environment;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text(*entry);
    const std::string name = text.substr(0, text.find('=') + 1);
    const auto is_same = [&](const std::string& own) { return own.starts_with(name); };
    if (std::none_of(environment.begin(), environment.end(), is_same)) all.push_back(text);
  }
  return all;
}

/// Between fork and exec, where only system calls are allowed: other threads may hold any lock.
[[noreturn]] void become(char* const* words, char* const* environment, int error_fd, pid_t parent,
                         bool takes_terminal) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setpgid(0, 0);
  // All signals are blocked here, SIGTTOU of a background process at its terminal among them.
  if (takes_terminal) ::tcsetpgrp(STDIN_FILENO, ::getpid());
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  // It may have died before the kernel was told to watch it.
  if (::getppid() == parent) ::execvpe(words[0], words, environment);
  const int error = errno;
  [[maybe_unused]] const ssize_t written = ::write(error_fd, &error, sizeof(error));
  ::_exit(127);
}

}  // namespace

Result<Child, int> Child::start(const std::vector<std::string>& words,
                                const std::vector<std::string>& environment) {
  const std::vector<std::string> variables = merged(environment);
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> variable_pointers = pointers(variables);
  const bool takes_terminal = ::isatty(STDIN_FILENO) && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp();
  int error_pipe[2];
  if (::pipe2(error_pipe, O_CLOEXEC) != 0) return tl::unexpected(errno);
  const pid_t parent = ::getpid();
  const BlockedSignals blocked = BlockedSignals::all();
  const pid_t pid = ::fork();
  if (pid == 0)
    become(arguments.data(), variable_pointers.data(), error_pipe[1], parent, takes_terminal);
  const int fork_error = errno;
  ::close(error_pipe[1]);
  if (pid < 0) {
    ::close(error_pipe[0]);
    return tl::unexpected(fork_error);
  }
  Child child(pid, takes_terminal);
  ::setpgid(pid, pid);  // whoever is first
  int error = 0;
  ssize_t got = 0;
  // Closed by the exec, without a word, if it succeeds.
  while ((got = ::read(error_pipe[0], &error, sizeof(error))) < 0 && errno == EINTR) {
  }
  ::close(error_pipe[0]);
  if (got == 0) return child;
  return tl::unexpected(error);
}

Child::~Child() {
  if (pid_ == 0) return;
  signal(SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  take_terminal_back();
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      has_terminal_(other.has_terminal_),
      is_ending_(other.is_ending_) {}

void Child::signal(int number) const {
  if (pid_ != 0) ::kill(-pid_, number);
}

void Child::end(int number) {
  is_ending_ = true;
  signal(number);
}

std::optional<int> Child::exit_status() {
  if (pid_ == 0) return std::nullopt;
  const auto id = static_cast<id_t>(pid_);
  siginfo_t info{};
  if (::waitid(P_PID, id, &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == pid_ &&
      info.si_status == SIGTSTP)
    signal(SIGCONT);
  info = {};
  if (::waitid(P_PID, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid_)
    return std::nullopt;
  // Until it has been waited for, the group's id is nobody else's.
  if (is_ending_) signal(SIGKILL);
  ::waitid(P_PID, id, &info, WEXITED);
  pid_ = 0;
  take_terminal_back();
  return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void Child::take_terminal_back() {
  if (!has_terminal_) return;
  const BlockedSignals blocked = BlockedSignals::all();  // SIGTTOU: we are in the background
  ::tcsetpgrp(STDIN_FILENO, ::getpgrp());
}

}  // namespace paddock::shell
