#include "paddock/config/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "core/base/check.h"
#include "paddock/config/keys.h"
#include "paddock/config/properties.h"
#include "paddock/words/whitelist.h"

namespace paddock::config {
namespace {

constexpr std::int64_t reactors_default_max = 8;

/// Merges step by step: last settings, then defaults, then the values that depend on others.
class Merge {
 public:
  Merge(const Defaults& defaults, std::span<const Setting> settings) : defaults_(defaults) {
    for (const Setting& setting : settings) keep_last(setting);
  }

  Result<Loaded, Errors> run() {
    for (const Setting* setting : last_) judge(*setting);
    for (const UsedKey& key : used_keys())
      if (!is_given(key)) set_default(key);
    if (errors_.empty()) derive();
    if (!errors_.empty()) return fail(std::move(errors_));
    return std::move(loaded_);
  }

 private:
  void keep_last(const Setting& setting) {
    const auto same = std::find_if(last_.begin(), last_.end(), [&](const Setting* other) {
      return without_prefix(other->key) == without_prefix(setting.key);
    });
    if (same == last_.end()) {
      last_.push_back(&setting);
      return;
    }
    const bool flag_over_file =
        !(*same)->source.starts_with("--") && setting.source.starts_with("--");
    if (!flag_over_file)
      note(Note::Level::warning, setting.source + ": " + setting.key + " is given again; " +
                                     (*same)->source + " has no effect");
    *same = &setting;
  }

  void judge(const Setting& setting) {
    const std::string where = setting.source + ": ";
    if (const UsedKey* key = find_used(setting.key)) {
      const std::string wrong = assign(*key, setting.value, loaded_.config);
      if (!wrong.empty()) errors_.push_back(where + wrong);
      loaded_.config.sources[std::string(key->name)] = setting.source;
      return;
    }
    const OtherKey* key = find_other(setting.key);
    if (key == nullptr) {
      note(Note::Level::warning, where + "unknown key " + setting.key + " is ignored");
    } else if (!key->refused || (!key->harmless.empty() && setting.value == key->harmless)) {
      const std::string reason(key->refused ? "it asks for nothing that is not so" : key->reason);
      note(Note::Level::info, where + setting.key + " has no effect: " + reason);
    } else {
      errors_.push_back(where + setting.key + " cannot be ignored, and " +
                        std::string(key->reason));
    }
  }

  bool is_given(const UsedKey& key) const {
    return loaded_.config.sources.find(key.name) != loaded_.config.sources.end();
  }

  void set_default(const UsedKey& key) {
    std::string_view text = key.default_text;
    if (defaults_.with_file && key.default_with_file) {
      text = *key.default_with_file;
      if (text.empty()) {
        errors_.push_back(std::string(key.name) + " is missing: it has no default with a file");
        return;
      }
    }
    if (key.check != nullptr || !text.empty()) {
      const std::string wrong = assign(key, text, loaded_.config);
      CHECK(wrong.empty());
    }
    loaded_.config.sources[std::string(key.name)] = "default";
  }

  /// Replaces the values that stand for "derive it", and checks relations between keys.
  void derive() {
    Config& config = loaded_.config;
    if (config.session_timeout_ms_min == -1) config.session_timeout_ms_min = 2 * config.tick_ms;
    if (config.session_timeout_ms_max == -1) config.session_timeout_ms_max = 20 * config.tick_ms;
    if (config.session_timeout_ms_min > config.session_timeout_ms_max)
      errors_.push_back("minSessionTimeout (" + std::to_string(config.session_timeout_ms_min) +
                        ", " + config.sources["minSessionTimeout"] +
                        ") must not exceed maxSessionTimeout (" +
                        std::to_string(config.session_timeout_ms_max) + ", " +
                        config.sources["maxSessionTimeout"] + ")");
    if (config.data_log_dir.empty()) config.data_log_dir = config.data_dir;
    if (config.reactors == 0)
      config.reactors = std::clamp<std::int64_t>(defaults_.usable_cores, 1, reactors_default_max);
    if (config.client_port == 0) config.sources["clientPort"] += ", the kernel picks";

    const Result<words::Whitelist, std::string> words =
        words::Whitelist::parse(config.four_letter_words);
    CHECK(words.has_value());  // assign() has checked it
    for (const std::string& word : words->unknown())
      note(Note::Level::warning,
           config.sources["4lw.commands.whitelist"] + ": there is no four-letter word " + word);
    if (!config.force_sync)
      note(Note::Level::warning, config.sources["forceSync"] +
                                     ": forceSync=no: acknowledged writes can be lost when the "
                                     "machine stops");
    if (config.skip_acl)
      note(Note::Level::warning,
           config.sources["skipACL"] + ": skipACL=yes: anybody may do anything");
  }

  void note(Note::Level level, std::string text) {
    loaded_.notes.push_back({level, std::move(text)});
  }

  Defaults defaults_;
  std::vector<const Setting*> last_;  // in the order in which the keys first came
  Loaded loaded_;
  Errors errors_;
};

}  // namespace

Result<std::vector<Setting>, Errors> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  // Reading a directory opens and fails at the first byte; an empty file fails to insert anything.
  if (file) text << file.rdbuf();
  if (!file.is_open() || file.bad() || (text.str().empty() && errno != 0)) {
    const std::string why = std::generic_category().message(errno != 0 ? errno : EIO);
    return fail(Errors{path + ": cannot be read: " + why});
  }
  const Result<std::vector<Property>, PropertiesError> properties = parse_properties(text.str());
  if (!properties) {
    const PropertiesError& error = properties.error();
    return fail(Errors{path + ":" + std::to_string(error.line) + ": " + error.reason});
  }
  std::vector<Setting> settings;
  for (const Property& property : *properties)
    settings.push_back({property.key, property.value, path + ":" + std::to_string(property.line)});
  return settings;
}

Result<Loaded, Errors> merge(const Defaults& defaults, std::span<const Setting> settings) {
  return Merge(defaults, settings).run();
}

}  // namespace paddock::config
