#include "paddock/serve.h"

#include <cstdio>

#include "paddock/command_line.h"
#include "paddock/daemon.h"
#include "paddock/log.h"
#include "paddock/startup/data_dir.h"
#include "paddock/startup/process.h"
#include "paddock/version.h"

namespace paddock {
namespace {

int refuse(const std::string& reason) {
  log::error("{}", reason);
  log::stop();
  return exit_failed;
}

void log_notes(const std::vector<config::Note>& notes) {
  for (const config::Note& note : notes) {
    const bool is_warning = note.level == config::Note::Level::warning;
    log::write(is_warning ? log::Level::warn : log::Level::info, "{}", note.text);
  }
}

}  // namespace

int serve(const config::Loaded& loaded) {
  const Config& config = loaded.config;
  // Before any thread, so that all inherit the blocked signals.
  Result<startup::Signals, std::string> signals = startup::Signals::open();
  log::start(log::parse_level(config.log_level).value_or(log::Level::info));
  if (!signals) return refuse(signals.error());
  log_notes(loaded.notes);
  const std::uint64_t descriptors = startup::raise_descriptor_limit();
  auto data_dir = startup::DataDir::open(config.data_dir, config.data_log_dir);
  if (!data_dir) return refuse(data_dir.error());
  auto opened = Daemon::open(config, *std::move(data_dir));
  if (!opened) return refuse(opened.error());
  {
    const std::unique_ptr<Daemon> daemon = *std::move(opened);
    const std::string wrong = daemon->data_dir().write_client_port(daemon->acceptor().port());
    if (!wrong.empty()) return refuse(wrong);
    log::info("paddock {} is ready: listening on {}, data in {}, {} reactors, {} descriptors",
              version, daemon->acceptor().name(), config.data_dir, config.reactors, descriptors);
    startup::notify_service_manager("READY=1");
    daemon->run(*signals);
  }
  log::info("ended in order");
  log::stop();
  return exit_ok;
}

}  // namespace paddock
