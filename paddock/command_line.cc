#include "paddock/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <sstream>

#include "paddock/config/keys.h"
#include "paddock/config/print.h"
#include "paddock/usage_error.h"
#include "paddock/version.h"

namespace paddock {
namespace {

constexpr const char* description =
    "Paddock, a coordination daemon that speaks Apache ZooKeeper's client protocol.";
constexpr const char* footer =
    "Exit status: 0 = ended as asked, 1 = could not start or go on, 2 = wrong usage or "
    "configuration.";

Invocation finish(int status, std::string output, std::string errors) {
  Invocation invocation;
  invocation.status = status;
  invocation.output = std::move(output);
  invocation.errors = std::move(errors);
  return invocation;
}

/// "key tickTime, 1..107374182 ms, default 2000 (3000 with a file)".
std::string facts_of(const config::UsedKey& key) {
  std::string facts = "  [" + std::string(key.name) + ": " + config::range_of(key);
  if (!key.unit.empty()) facts.append(" ").append(key.unit);
  if (!key.default_text.empty()) facts.append("; default ").append(key.default_text);
  if (key.default_with_file) {
    const std::string_view text = *key.default_with_file;
    facts.append(text.empty() ? ", none" : ", ").append(text).append(" with a file");
  }
  return facts + "]";
}

/// The CLI11 application and the memory its options write to.
class Parser {
 public:
  Parser() : app_(description, "paddock") {
    app_.footer(footer);
    app_.failure_message(usage_error);
    app_.set_help_flag("-h,--help", "Print this help");
    app_.get_formatter()->column_width(34);
    app_.add_flag("--version", wants_version_, "Print the version");
    version_ = app_.add_subcommand("version", "Print the version");
    serve_ = app_.add_subcommand("serve", "Run the daemon in the foreground (serve --help)");
    serve_->add_option("--config", config_file_, "Read a zoo.cfg; a flag beats what it says")
        ->type_name("FILE");
    serve_->add_flag("--print-config", print_config_,
                     "Print each value with its unit, range and source, and end");
    for (const config::UsedKey& key : config::used_keys()) {
      serve_
          ->add_option("--" + std::string(key.flag), values_[key.flag],
                       std::string(key.help) + facts_of(key))
          ->type_name(std::holds_alternative<std::int64_t Config::*>(key.field) ? "N" : "VALUE")
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
    // Only listed here: their arguments are their own.
    app_.add_subcommand("wal", "Show, verify or salvage log files (wal --help)");
    app_.add_subcommand("shell", "Look at and change what a server holds (shell --help)");
    app_.require_subcommand(0, 1);
  }

  Invocation parse(std::span<const std::string> arguments, int usable_cores) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants it
    try {
      app_.parse(reversed);
    } catch (const CLI::ParseError& error) {
      std::ostringstream output;
      std::ostringstream errors;
      const int status = app_.exit(error, output, errors);
      return finish(status == 0 ? exit_ok : exit_usage, output.str(), errors.str());
    }
    if (wants_version_ || version_->parsed())
      return finish(exit_ok, std::string("paddock ") + version + "\n", "");
    if (!serve_->parsed()) return finish(exit_usage, "", app_.help());
    return load(usable_cores);
  }

 private:
  Invocation load(int usable_cores) {
    std::vector<config::Setting> settings;
    const bool with_file = serve_->count("--config") > 0;
    if (with_file) {
      Result<std::vector<config::Setting>, config::Errors> read = config::read_file(config_file_);
      if (!read) return refused(read.error());
      settings = *std::move(read);
    }
    for (const config::UsedKey& key : config::used_keys()) {
      const std::string flag = "--" + std::string(key.flag);
      if (serve_->count(flag) > 0)
        settings.push_back({std::string(key.name), values_[key.flag], flag});
    }
    Result<config::Loaded, config::Errors> merged =
        config::merge({.with_file = with_file, .usable_cores = usable_cores}, settings);
    if (!merged) return refused(merged.error());
    merged->config.config_file = config_file_;
    if (print_config_) return finish(exit_ok, config::to_table(merged->config), notes(*merged));
    Invocation invocation;
    invocation.action = Invocation::Action::serve;
    invocation.loaded = *std::move(merged);
    return invocation;
  }

  static Invocation refused(const config::Errors& errors) {
    std::string text;
    for (const std::string& error : errors) text += "paddock: " + error + "\n";
    return finish(exit_usage, "", text);
  }

  static std::string notes(const config::Loaded& loaded) {
    std::string text;
    for (const config::Note& note : loaded.notes) {
      const bool is_warning = note.level == config::Note::Level::warning;
      text += std::string("paddock: ") + (is_warning ? "warning: " : "") + note.text + "\n";
    }
    return text;
  }

  CLI::App app_;
  CLI::App* serve_ = nullptr;
  CLI::App* version_ = nullptr;
  bool wants_version_ = false;
  bool print_config_ = false;
  std::string config_file_;
  std::map<std::string_view, std::string> values_;  // by flag; CLI11 keeps references
};

}  // namespace

Invocation parse_command_line(std::span<const std::string> arguments, int usable_cores) {
  for (const auto& [word, action] : {std::pair("wal", Invocation::Action::wal_tool),
                                     std::pair("shell", Invocation::Action::shell)}) {
    if (arguments.empty() || arguments.front() != word) continue;
    Invocation invocation;
    invocation.action = action;
    invocation.arguments.assign(arguments.begin() + 1, arguments.end());
    return invocation;
  }
  Parser parser;
  return parser.parse(arguments, usable_cores);
}

}  // namespace paddock
