#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

#include "paddock/config/keys.h"
#include "paddock/config/load.h"
#include "paddock/config/print.h"
#include "paddock/words/whitelist.h"

namespace paddock::config {
namespace {

constexpr Defaults plain{.with_file = false, .usable_cores = 2};
constexpr Defaults with_file{.with_file = true, .usable_cores = 2};

Setting file_line(std::string key, std::string value, int line = 1) {
  return {std::move(key), std::move(value), "zoo.cfg:" + std::to_string(line)};
}

Loaded merged(const Defaults& defaults, std::vector<Setting> settings) {
  if (defaults.with_file) settings.insert(settings.begin(), file_line("dataDir", "/d"));
  Result<Loaded, Errors> loaded = merge(defaults, settings);
  if (!loaded) {
    for (const std::string& error : loaded.error()) ADD_FAILURE() << error;
    return {};
  }
  return *std::move(loaded);
}

Errors refused(std::vector<Setting> settings) {
  settings.insert(settings.begin(), file_line("dataDir", "/d"));
  Result<Loaded, Errors> loaded = merge(with_file, settings);
  if (!loaded) return loaded.error();
  ADD_FAILURE() << "was accepted";
  return {};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

// --- Defaults.

TEST(Config, WithoutAFileItIsReadyForTryingThingsOut) {
  const Config config = merged(plain, {}).config;
  EXPECT_EQ(config.client_address, "127.0.0.1");
  EXPECT_EQ(config.client_port, 2181);
  EXPECT_EQ(config.data_dir, "./data");
  EXPECT_EQ(config.data_log_dir, "./data");
  EXPECT_EQ(config.tick_ms, 2000);
  EXPECT_EQ(config.session_timeout_ms_min, 4000);
  EXPECT_EQ(config.session_timeout_ms_max, 40000);
  EXPECT_EQ(config.client_connections_max, 60);
  EXPECT_EQ(config.connections_max, 0);
  EXPECT_EQ(config.frame_bytes_max, 1048575);
  EXPECT_EQ(config.reactors, 2);
  EXPECT_TRUE(config.force_sync);
  EXPECT_TRUE(config.extended_types_enabled);
  EXPECT_FALSE(config.skip_acl);
  EXPECT_FALSE(config.enforce_quota);
  EXPECT_EQ(config.handshake_timeout_ms, 10000);
  EXPECT_EQ(config.snap_count, 100000);
  EXPECT_EQ(config.segment_kib, 65536);
  EXPECT_EQ(config.snap_retain_count, 3);
  EXPECT_EQ(config.container_check_interval_ms, 60000);
  EXPECT_EQ(config.container_per_minute_max, 10000);
  EXPECT_EQ(config.digest_algorithm, "SHA1");
  EXPECT_EQ(config.four_letter_words, words::default_whitelist);
}

TEST(Config, WithAFileTheDefaultsAreZooKeepers) {
  const Config config = merged(with_file, {}).config;
  EXPECT_EQ(config.client_address, "");  // all
  EXPECT_EQ(config.client_port, 2181);
  EXPECT_EQ(config.data_dir, "/d");
  EXPECT_EQ(config.tick_ms, 3000);
  EXPECT_EQ(config.session_timeout_ms_min, 6000);
  EXPECT_EQ(config.session_timeout_ms_max, 60000);
}

TEST(Config, AFileMustNameTheDataDirectory) {
  const Result<Loaded, Errors> loaded = merge(with_file, {});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_TRUE(contains(loaded.error().at(0), "dataDir"));
}

TEST(Config, ReactorsAreTheUsableCoresUpToEightUnlessGiven) {
  for (const auto& [cores, expected] : {std::pair{1, 1}, {8, 8}, {9, 8}, {64, 8}, {0, 1}})
    EXPECT_EQ(merge({.usable_cores = cores}, {})->config.reactors, expected);
  EXPECT_EQ(merged(plain, {file_line("reactors", "16")}).config.reactors, 16);
}

TEST(Config, SessionTimeoutsFollowTheTickUnlessGiven) {
  const Config config =
      merged(with_file, {file_line("tickTime", "500"), file_line("maxSessionTimeout", "70000")})
          .config;
  EXPECT_EQ(config.session_timeout_ms_min, 1000);
  EXPECT_EQ(config.session_timeout_ms_max, 70000);
}

TEST(Config, TheLogDirectoryIsTheDataDirectoryUnlessGiven) {
  EXPECT_EQ(merged(with_file, {}).config.data_log_dir, "/d");
  EXPECT_EQ(merged(with_file, {file_line("dataLogDir", "/l")}).config.data_log_dir, "/l");
}

// --- Names, sources, order.

TEST(Config, EveryUsedKeyIsAcceptedWithAndWithoutThePrefix) {
  for (const UsedKey& key : used_keys()) {
    Config base = merged(plain, {}).config;
    std::string value = text_of(key, base);
    if (value.empty()) value = key.secret ? "super:hash" : "text";
    for (const std::string prefix : {"", "zookeeper."}) {
      const Loaded loaded = merged(plain, {file_line(prefix + std::string(key.name), value, 7)});
      EXPECT_EQ(text_of(key, loaded.config), value) << key.name;
      EXPECT_EQ(loaded.config.sources.find(key.name)->second, "zoo.cfg:7") << key.name;
    }
  }
}

TEST(Config, EveryKeyHasASourceAndItIsDefaultWhenNobodyGaveIt) {
  const Config config = merged(plain, {}).config;
  for (const UsedKey& key : used_keys()) {
    ASSERT_NE(config.sources.find(key.name), config.sources.end()) << key.name;
    EXPECT_EQ(config.sources.find(key.name)->second, "default");
  }
}

TEST(Config, NamesAndFlagsAreUnique) {
  std::set<std::string_view> names;
  std::set<std::string_view> flags;
  std::set<std::string_view> others;
  for (const UsedKey& key : used_keys()) {
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
    EXPECT_TRUE(flags.insert(key.flag).second) << key.flag;
    EXPECT_FALSE(key.help.empty()) << key.name;
    EXPECT_EQ(find_flag(key.flag), &key);
    const OtherKey* other = find_other(key.name);
    EXPECT_TRUE(other == nullptr || other->name.ends_with('*')) << key.name;
  }
  for (const OtherKey& key : other_keys()) {
    EXPECT_TRUE(others.insert(key.name).second) << key.name;
    EXPECT_FALSE(key.reason.empty()) << key.name;
  }
}

TEST(Config, NamesAreCaseSensitive) {
  const Loaded loaded = merged(plain, {file_line("ticktime", "1")});
  EXPECT_EQ(loaded.config.tick_ms, 2000);
  ASSERT_EQ(loaded.notes.size(), 1u);
}

TEST(Config, OfTheSameKeyTheLastLineWinsAndTheOtherIsNamed) {
  const Loaded loaded =
      merged(plain, {file_line("tickTime", "100", 1), file_line("zookeeper.tickTime", "200", 5)});
  EXPECT_EQ(loaded.config.tick_ms, 200);
  ASSERT_EQ(loaded.notes.size(), 1u);
  EXPECT_EQ(loaded.notes[0].level, Note::Level::warning);
  EXPECT_TRUE(contains(loaded.notes[0].text, "zoo.cfg:5"));
  EXPECT_TRUE(contains(loaded.notes[0].text, "zoo.cfg:1"));
}

TEST(Config, AFlagBeatsTheFileInSilence) {
  const Loaded loaded =
      merged(with_file, {file_line("clientPort", "1"), {"clientPort", "2", "--client-port"}});
  EXPECT_EQ(loaded.config.client_port, 2);
  EXPECT_EQ(loaded.config.sources.at("clientPort"), "--client-port");
  EXPECT_TRUE(loaded.notes.empty());
}

TEST(Config, AValueThatAFlagReplacesNeedNotBePossible) {
  EXPECT_EQ(merged(with_file, {file_line("tickTime", "x"), {"tickTime", "9", "--tick-time"}})
                .config.tick_ms,
            9);
}

// --- Values.

/// A value below and above the range of each integer, and what is no number, is refused with key,
/// place and range; the ends of the range and the special value are accepted.
TEST(Config, EveryIntegerKeyHasAWorkingRange) {
  for (const UsedKey& key : used_keys()) {
    if (!std::holds_alternative<std::int64_t Config::*>(key.field)) continue;
    EXPECT_LT(key.min, key.max) << key.name;
    std::vector<std::string> good = {std::to_string(key.min), std::to_string(key.max)};
    if (key.special) good.push_back(std::to_string(*key.special));
    Config config;
    for (const std::string& value : good) EXPECT_EQ(assign(key, value, config), "") << key.name;

    std::vector<std::string> bad = {"", "x", "1.5", "1 2", "0x", "--1", "99999999999999999999"};
    if (key.max != INT64_MAX) bad.push_back(std::to_string(key.max + 1));
    const std::int64_t below = key.min - 1 == key.special ? key.min - 2 : key.min - 1;
    bad.push_back(std::to_string(below));
    for (const std::string& value : bad) {
      const std::string wrong = assign(key, value, config);
      EXPECT_TRUE(contains(wrong, key.name)) << key.name << "=" << value << ": " << wrong;
      EXPECT_TRUE(contains(wrong, range_of(key))) << wrong;
    }
  }
}

TEST(Config, ARefusedValueIsToldWithFileLineAndRange) {
  const Errors errors = refused({file_line("clientPort", "65536", 12)});
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0], "zoo.cfg:12: clientPort=65536: out of range; allowed: 0..65535");
}

TEST(Config, ANumberThatIsLongerThan64BitsIsOutOfRangeToo) {
  for (const char* value : {"99999999999999999999", "-99999999999999999999", "0xfffffffffffffffff"})
    EXPECT_EQ(refused({file_line("clientPort", value, 12)}).at(0),
              std::string("zoo.cfg:12: clientPort=") + value + ": out of range; allowed: 0..65535");
  EXPECT_TRUE(contains(refused({file_line("clientPort", "99999999999999999999x")}).at(0),
                       "this is not a number"));
}

TEST(Config, AllErrorsAreToldAtOnce) {
  EXPECT_EQ(
      refused({file_line("clientPort", "-1"), file_line("tickTime", "0"), file_line("ssl.x", "y")})
          .size(),
      3u);
}

TEST(Config, IntegersMayBeHexadecimalAndSurroundedByBlanks) {
  EXPECT_EQ(merged(plain, {file_line("jute.maxbuffer", "0xfffff ")}).config.frame_bytes_max,
            0xfffff);
  EXPECT_EQ(merged(plain, {file_line("tickTime", " 2000\t")}).config.tick_ms, 2000);
}

TEST(Config, BooleansAreTrueOrFalseInAnyCaseAndNothingElse) {
  EXPECT_TRUE(merged(plain, {file_line("enforceQuota", "TRUE")}).config.enforce_quota);
  EXPECT_FALSE(
      merged(plain, {file_line("extendedTypesEnabled", "False ")}).config.extended_types_enabled);
  for (const char* value : {"yes", "1", "on", "", "truee"})
    EXPECT_TRUE(contains(refused({file_line("enforceQuota", value)}).at(0), "true or false"))
        << value;
}

TEST(Config, ForceSyncAndSkipAclAreYesOrNoAndWarnWhenTheyAreDangerous) {
  const Loaded loaded = merged(plain, {file_line("forceSync", "no"), file_line("skipACL", "yes")});
  EXPECT_FALSE(loaded.config.force_sync);
  EXPECT_TRUE(loaded.config.skip_acl);
  ASSERT_EQ(loaded.notes.size(), 2u);
  EXPECT_EQ(loaded.notes[0].level, Note::Level::warning);
  // ZooKeeper takes anything but "yes" for "no": with skipACL=true it checks, without a word.
  for (const char* key : {"forceSync", "skipACL"})
    for (const char* value : {"true", "false", "maybe", ""})
      EXPECT_TRUE(contains(refused({file_line(key, value)}).at(0), "yes or no")) << key << value;
}

TEST(Config, MinSessionTimeoutAboveTheMaximumIsRefusedWhereverTheyComeFrom) {
  EXPECT_TRUE(contains(refused({file_line("minSessionTimeout", "5000", 2),
                                file_line("maxSessionTimeout", "4000", 3)})
                           .at(0),
                       "zoo.cfg:3"));
  EXPECT_FALSE(refused({file_line("minSessionTimeout", "60001")}).empty());
  EXPECT_EQ(
      merged(with_file, {file_line("minSessionTimeout", "60000")}).config.session_timeout_ms_min,
      60000);
}

TEST(Config, ASuperDigestWithoutUserOrHashIsRefusedAndNeverShown) {
  for (const char* value : {"super", ":hash", "super:"}) {
    const Errors errors = refused({file_line("DigestAuthenticationProvider.superDigest", value)});
    ASSERT_EQ(errors.size(), 1u);
    EXPECT_FALSE(contains(errors[0], std::string("superDigest=") + value));
  }
  const Config config =
      merged(plain, {file_line("DigestAuthenticationProvider.superDigest", "super:abc123=")})
          .config;
  EXPECT_EQ(config.super_digest, "super:abc123=");
  EXPECT_FALSE(contains(to_table(config), "abc123"));
}

TEST(Config, DigestAlgorithmsAreThoseThatExist) {
  for (const char* name : {"SHA1", "SHA-1", "SHA-256", "SHA256", "SHA-512", "SHA3-256", "MD5"})
    EXPECT_EQ(merged(plain, {file_line("DigestAuthenticationProvider.digestAlg", name)})
                  .config.digest_algorithm,
              name);
  EXPECT_FALSE(refused({file_line("DigestAuthenticationProvider.digestAlg", "SHA-7")}).empty());
}

TEST(Config, AnUnknownFourLetterWordInTheWhitelistIsAWarning) {
  const Loaded loaded = merged(plain, {file_line("4lw.commands.whitelist", "stat, lead")});
  ASSERT_EQ(loaded.notes.size(), 1u);
  EXPECT_TRUE(contains(loaded.notes[0].text, "lead"));
  EXPECT_FALSE(refused({file_line("4lw.commands.whitelist", "stat ruok")}).empty());
}

TEST(Config, EmptyDirectoriesAndAddressesAreRefused) {
  EXPECT_FALSE(refused({file_line("clientPortAddress", "")}).empty());
  EXPECT_FALSE(refused({file_line("dataDir", "  ")}).empty());
}

// --- Keys that change nothing, and keys that must not be ignored.

TEST(Config, EveryKnownKeyWithoutMeaningIsOneInfoLine) {
  for (const OtherKey& key : other_keys()) {
    if (key.refused) continue;
    std::string name(key.name);
    if (name.ends_with('*')) name.replace(name.size() - 1, 1, "zzz");
    for (const std::string prefix : {"", "zookeeper."}) {
      const Loaded loaded = merged(plain, {file_line(prefix + name, "17", 4)});
      ASSERT_EQ(loaded.notes.size(), 1u) << name;
      EXPECT_EQ(loaded.notes[0].level, Note::Level::info) << name;
      EXPECT_TRUE(contains(loaded.notes[0].text, "zoo.cfg:4: ")) << name;
      EXPECT_TRUE(contains(loaded.notes[0].text, name)) << name;
    }
  }
}

TEST(Config, EveryKeyWhoseNeglectIsUnsafeRefusesWithKeyLineAndReason) {
  for (const OtherKey& key : other_keys()) {
    if (!key.refused) continue;
    std::string name(key.name);
    if (name.ends_with('*')) name.replace(name.size() - 1, 1, "1");
    for (const std::string prefix : {"", "zookeeper."}) {
      const Errors errors = refused({file_line(prefix + name, "something", 9)});
      ASSERT_EQ(errors.size(), 1u) << name;
      EXPECT_TRUE(contains(errors[0], "zoo.cfg:9: ")) << errors[0];
      EXPECT_TRUE(contains(errors[0], name)) << errors[0];
      EXPECT_TRUE(contains(errors[0], key.reason)) << errors[0];
    }
  }
}

TEST(Config, TheUnsafeKeysOfAnEnsembleOrASecuredServerAreAllRefused) {
  for (const char* key :
       {"server.1", "server.42", "dynamicConfigFile", "secureClientPort", "secureClientPortAddress",
        "ssl.keyStore.location", "ssl.quorum.trustStore.password", "ssl.clientAuth",
        "ssl.authProvider", "authProvider.1", "authProvider.sasl", "enforce.auth.enabled",
        "enforce.auth.schemes", "sessionRequireClientSASLAuth", "quorum.auth.enableSasl",
        "quorum.cnxn.threads.size", "sslQuorum"})
    EXPECT_EQ(refused({file_line(key, "true")}).size(), 1u) << key;
}

TEST(Config, AnUnsafeKeyThatAsksForNothingIsAccepted) {
  for (const char* key : {"enforce.auth.enabled", "sessionRequireClientSASLAuth", "sslQuorum"}) {
    const Loaded loaded = merged(plain, {file_line(key, "false")});
    ASSERT_EQ(loaded.notes.size(), 1u) << key;
    EXPECT_EQ(loaded.notes[0].level, Note::Level::info);
  }
}

TEST(Config, KeysThatAreNumberedOrHaveTwoNamesAreKnown) {
  for (const char* key : {"superUser.1", "throttledOpWaitTime", "throttled_op_wait_time"}) {
    const Loaded loaded = merged(plain, {file_line(key, "1")});
    ASSERT_EQ(loaded.notes.size(), 1u) << key;
    EXPECT_EQ(loaded.notes[0].level, Note::Level::info) << loaded.notes[0].text;
  }
}

TEST(Config, AnUnknownKeyIsAWarning) {
  const Loaded loaded = merged(plain, {file_line("tickTimee", "1", 3), file_line("", "x", 4)});
  ASSERT_EQ(loaded.notes.size(), 2u);
  EXPECT_EQ(loaded.notes[0].level, Note::Level::warning);
  EXPECT_TRUE(contains(loaded.notes[0].text, "zoo.cfg:3: unknown key tickTimee"));
}

TEST(Config, ZooKeepersSampleFileIsAcceptedWithoutWarnings) {
  const std::string path = testing::TempDir() + "paddock_sample_" + std::to_string(::getpid());
  std::ofstream(path) << "# The number of milliseconds of each tick\ntickTime=2000\n"
                         "initLimit=10\nsyncLimit=5\ndataDir=/tmp/zookeeper\nclientPort=2181\n"
                         "#maxClientCnxns=60\n#autopurge.snapRetainCount=3\n";
  const Result<std::vector<Setting>, Errors> settings = read_file(path);
  ASSERT_TRUE(settings.has_value());
  const Result<Loaded, Errors> loaded = merge(with_file, *settings);
  ASSERT_TRUE(loaded.has_value());
  EXPECT_EQ(loaded->config.data_dir, "/tmp/zookeeper");
  EXPECT_EQ(loaded->config.sources.at("tickTime"), path + ":2");
  for (const Note& note : loaded->notes) EXPECT_EQ(note.level, Note::Level::info) << note.text;
  std::filesystem::remove(path);
}

TEST(Config, AFileThatCannotBeReadIsAnErrorWithItsName) {
  for (const std::string path : {"/nonexistent/zoo.cfg", "/"}) {
    const Result<std::vector<Setting>, Errors> settings = read_file(path);
    ASSERT_FALSE(settings.has_value()) << path;
    EXPECT_TRUE(contains(settings.error().at(0), path));
  }
}

TEST(Config, AnEmptyFileIsReadable) {
  const std::string path = testing::TempDir() + "paddock_empty_" + std::to_string(::getpid());
  std::ofstream(path).close();
  const Result<std::vector<Setting>, Errors> settings = read_file(path);
  ASSERT_TRUE(settings.has_value());
  EXPECT_TRUE(settings->empty());
  std::filesystem::remove(path);
}

// --- Printing.

TEST(Config, TheTableShowsValueUnitRangeAndSourceOfEveryKey) {
  const Config config = merged(with_file, {file_line("tickTime", "1234", 8)}).config;
  const std::string table = to_table(config);
  for (const UsedKey& key : used_keys()) {
    EXPECT_TRUE(contains(table, key.name)) << key.name;
    EXPECT_TRUE(contains(table, range_of(key))) << key.name;
  }
  const std::size_t at = table.find("tickTime ");
  ASSERT_NE(at, table.npos);
  const std::string line = table.substr(at, table.find('\n', at) - at);
  EXPECT_TRUE(contains(line, "1234")) << line;
  EXPECT_TRUE(contains(line, " ms ")) << line;
  EXPECT_TRUE(contains(line, "1..107374182")) << line;
  EXPECT_TRUE(contains(line, "zoo.cfg:8")) << line;
}

}  // namespace
}  // namespace paddock::config
