// What the words answer.

#include <stdlib.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "paddock/version.h"
#include "tests/unit/paddock/words_fixture.h"

namespace paddock::words {
namespace {

constexpr std::int64_t ms = 1'000'000;  // in ns

const std::string figures =
    "Latency min/avg/max: 0/4.3/10\n"
    "Received: 11\n"
    "Sent: 3\n"
    "Connections: 4\n"
    "Outstanding: 2\n"
    "Zxid: 0x4\n"
    "Mode: standalone\n"
    "Node count: 7\n";

TEST_F(Words, SrvrIsLaidOutAsZooKeepers) {
  EXPECT_EQ(answer(Word::srvr, view_),
            std::string("Zookeeper version: ") + zookeeper_version + "\n" + figures);
}

TEST_F(Words, SrvrOfAServerThatHasAnsweredNothingShowsZeros) {
  const ReactorStats fresh;
  view_.reactors = {&fresh};
  EXPECT_NE(answer(Word::srvr, view_).find("Latency min/avg/max: 0/0.0/0\n"), std::string::npos);
}

TEST_F(Words, TheVersionFitsThePatternsOfTools) {
  // go-zk's FLWSrvr: [A-Za-z0-9.-]+, built on MM/DD/YYYY HH:MM and a time zone.
  const std::string_view text = zookeeper_version;
  const std::size_t comma = text.find(", built on ");
  ASSERT_NE(comma, text.npos);
  for (const char c : text.substr(0, comma))
    EXPECT_TRUE(std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-') << c;
  std::string date(text.substr(comma + std::string_view(", built on ").size()));
  for (char& c : date)
    if (c >= '0' && c <= '9') c = '9';
  EXPECT_EQ(date, "99/99/9999 99:99 UTC");
}

TEST_F(Words, StatShowsTheClientsBetweenVersionAndFigures) {
  view_.connections = {{.peer = "127.0.0.1:52956", .interest = 1, .received = 6, .sent = 6},
                       {.peer = "[::1]:53018", .interest = 0, .received = 1}};
  EXPECT_EQ(answer(Word::stat, view_), std::string("Zookeeper version: ") + zookeeper_version +
                                           "\nClients:\n"
                                           " /127.0.0.1:52956[1](queued=0,recved=6,sent=6)\n"
                                           " /[::1]:53018[0](queued=0,recved=1,sent=0)\n"
                                           "\n" +
                                           figures);
}

TEST_F(Words, ConsShowsSessionsInFullAndOthersBriefly) {
  ConnectionView session{.peer = "127.0.0.1:52956", .received = 6, .sent = 6};
  session.session = SessionId{0x10000121cae0000};
  session.last_op = proto::OpCode::get_data;
  session.established_ms = 1795336240353;
  session.timeout_ms = 30000;
  session.last_xid = 5;
  session.last_zxid = Zxid{3};
  session.last_response_ms = 1188448;
  session.last_latency_ns = 900'000;
  session.total_latency_ns = 12 * ms;
  session.max_latency_ns = 10 * ms;
  session.latency_count = 4;
  ConnectionView fresh = session;
  fresh.last_xid = -1;
  fresh.last_op.reset();
  fresh.last_zxid = Zxid{-1};
  view_.connections = {session, fresh, {.peer = "127.0.0.1:53032", .interest = 0, .received = 1}};
  EXPECT_EQ(
      answer(Word::cons, view_),
      " /127.0.0.1:52956[1](queued=0,recved=6,sent=6,sid=0x10000121cae0000,lop=GETD,"
      "est=1795336240353,to=30000,lcxid=0x5,lzxid=0x3,lresp=1188448,llat=0,minlat=0,avglat=3,"
      "maxlat=10)\n"
      " /127.0.0.1:52956[1](queued=0,recved=6,sent=6,sid=0x10000121cae0000,lop=NA,"
      "est=1795336240353,to=30000,lzxid=0xffffffffffffffff,lresp=1188448,llat=0,minlat=0,avglat=3,"
      "maxlat=10)\n"
      " /127.0.0.1:53032[0](queued=0,recved=1,sent=0)\n"
      "\n");
}

TEST_F(Words, ConsWithoutConnectionsIsAnEmptyLine) { EXPECT_EQ(answer(Word::cons, view_), "\n"); }

TEST_F(Words, DumpGroupsSessionsAndConnectionsByTheirDeadlines) {
  const std::int64_t early = 1795336231000;
  const std::int64_t late = 1795336251000;
  const SessionId one{0x10000121cae0000};
  const SessionId two{0x10000121cae0001};
  view_.expiries = {{late, one}, {early, two}};
  view_.ephemerals = {{one, {"/fl/e"}}};
  view_.connections = {{.peer = "127.0.0.1:52964", .session = two, .expires_ms = early},
                       {.peer = "127.0.0.1:52966", .expires_ms = early}};
  EXPECT_EQ(answer(Word::dump, view_),
            "SessionTracker dump:\n"
            "Session Sets (2)/(2):\n"
            "1 expire at Sun Nov 22 08:30:31 UTC 2026:\n"
            "\t0x10000121cae0001\n"
            "1 expire at Sun Nov 22 08:30:51 UTC 2026:\n"
            "\t0x10000121cae0000\n"
            "ephemeral nodes dump:\n"
            "Sessions with Ephemerals (1):\n"
            "0x10000121cae0000:\n"
            "\t/fl/e\n"
            "Connections dump:\n"
            "Connections Sets (1)/(2):\n"
            "2 expire at Sun Nov 22 08:30:31 UTC 2026:\n"
            "\tip: /127.0.0.1:52964 sessionId: 0x10000121cae0001\n"
            "\tip: /127.0.0.1:52966 sessionId: 0x0\n");
}

TEST_F(Words, WatchesAreListedBySessionAndByPath) {
  view_.watches = {{SessionId{2}, "/b"}, {SessionId{1}, "/a"}, {SessionId{2}, "/a"}};
  EXPECT_EQ(answer(Word::wchc, view_), "0x1\n\t/a\n0x2\n\t/b\n\t/a\n\n");
  EXPECT_EQ(answer(Word::wchp, view_), "/a\n\t0x1\n\t0x2\n/b\n\t0x2\n\n");
  view_.watches.clear();
  EXPECT_EQ(answer(Word::wchc, view_), "\n");
}

TEST_F(Words, WchsCountsConnectionsPathsAndWatches) {
  view_.watching_connections = 2;
  view_.watched_paths = 3;
  view_.watch_count = 5;
  EXPECT_EQ(answer(Word::wchs, view_), "2 connections watching 3 paths\nTotal watches:5\n");
}

TEST_F(Words, ConfHasZooKeepersKeysInItsOrder) {
  EXPECT_EQ(answer(Word::conf, view_),
            "clientPort=2181\nsecureClientPort=-1\ndataDir=/nonexistent/data\ndataDirSize=0\n"
            "dataLogDir=/nonexistent/log\ndataLogSize=0\ntickTime=2000\nmaxClientCnxns=60\n"
            "minSessionTimeout=4000\nmaxSessionTimeout=40000\nclientPortListenBacklog=-1\n"
            "serverId=0\n");
}

TEST_F(Words, DirsAddsUpTheFilesOfEachDirectory) {
  namespace fs = std::filesystem;
  std::string dir = testing::TempDir() + "paddock_words_XXXXXX";
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  std::ofstream(dir + "/a") << "12345";
  std::ofstream(dir + "/b") << "678";
  fs::create_directory(dir + "/sub");
  std::ofstream(dir + "/sub/c") << "not counted";
  config_.data_dir = dir;
  EXPECT_EQ(answer(Word::dirs, view_), "datadir_size: 8\nlogdir_size: 0\n");
  fs::remove_all(dir);
}

TEST_F(Words, EnviHasZooKeepersKeysInItsOrder) {
  std::istringstream lines(answer(Word::envi, view_));
  std::string keys;
  for (std::string line; std::getline(lines, line);) {
    keys += line.substr(0, line.find('=')) + " ";
    EXPECT_FALSE(line.ends_with('=')) << line;
  }
  EXPECT_EQ(
      keys,
      "Environment: zookeeper.version host.name java.version java.vendor java.home "
      "java.class.path java.library.path java.io.tmpdir java.compiler os.name os.arch "
      "os.version user.name user.home user.dir os.memory.free os.memory.max os.memory.total ");
}

TEST_F(Words, ShortAnswersAreExact) {
  EXPECT_EQ(answer(Word::ruok, view_), "imok");
  EXPECT_EQ(answer(Word::isro, view_), "rw");
  EXPECT_EQ(answer(Word::gtmk, view_), "306");
  EXPECT_EQ(answer(Word::stmk, view_, 7), "7");
  EXPECT_EQ(answer(Word::crst, view_), "Connection stats reset.\n");
  EXPECT_EQ(answer(Word::srst, view_), "Server stats reset.\n");
  EXPECT_EQ(not_whitelisted("wchp"), "wchp is not executed because it is not in the whitelist.\n");
}

TEST_F(Words, TheTraceMaskIsTheBigEndianLongBehindStmk) {
  EXPECT_EQ(trace_mask_of(std::string_view("\0\0\0\0\0\0\1\2more", 12)), 258);
  EXPECT_EQ(trace_mask_of(std::string_view("\0\0\0\0\0\0\1", 7)), -1);
  EXPECT_EQ(trace_mask_of(""), -1);
}

TEST_F(Words, HashListsDigestsUnlessTheyAreSwitchedOff) {
  view_.digests = {{Zxid{0x80}, 12345678901234567890u}, {Zxid{0x100000080}, 0}};
  EXPECT_EQ(answer(Word::hash, view_), "80: 12345678901234567890\n100000080: 0\n");
  config_.digest_enabled = false;
  EXPECT_EQ(answer(Word::hash, view_), "");
}

TEST_F(Words, AReadOnlyServerSaysSo) {
  view_.is_read_only = true;
  EXPECT_EQ(answer(Word::isro, view_), "ro");
  EXPECT_NE(answer(Word::srvr, view_).find("Mode: read-only\n"), std::string::npos);
  EXPECT_EQ(metrics().at("zk_server_state"), "read-only");
}

TEST_F(Words, AServerThatIsNotServingAnswersOnlyTheWordsAboutItself) {
  view_.is_serving = false;
  for (const Word word :
       {Word::conf, Word::cons, Word::crst, Word::dirs, Word::dump, Word::hash, Word::mntr,
        Word::srst, Word::srvr, Word::stat, Word::wchc, Word::wchp, Word::wchs})
    EXPECT_EQ(answer(word, view_), "This ZooKeeper instance is not currently serving requests\n");
  EXPECT_EQ(answer(Word::ruok, view_), "imok");
  EXPECT_EQ(answer(Word::isro, view_), "null");
  EXPECT_EQ(answer(Word::gtmk, view_), "306");
  EXPECT_EQ(answer(Word::envi, view_).substr(0, 13), "Environment:\n");
}

TEST_F(Words, MntrBeginsWithVersionAndStateAndEveryLineIsAKeyAndAValue) {
  const std::string text = answer(Word::mntr, view_);
  EXPECT_EQ(text.find(std::string("zk_version\t") + zookeeper_version +
                      "\nzk_server_state\tstandalone\nzk_avg_latency\t4.3\n"),
            0u);
  for (const auto& [key, value] : metrics()) {
    EXPECT_EQ(key.substr(0, 3), "zk_");
    EXPECT_FALSE(value.empty()) << key;
    EXPECT_EQ(key.find(' '), key.npos) << key;
  }
}

TEST_F(Words, MntrHasTheKeysThatDashboardsUse) {
  view_.data_bytes = 44;
  view_.ephemeral_count = 9;
  view_.session_count = 2;
  view_.uptime_ms = 12345;
  first_.data_watches.add(3);
  second_.child_watches.add(4);
  second_.persistent_watches.add(5);
  const auto values = metrics();
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"avg_latency", "4.3"},
      {"max_latency", "10"},
      {"min_latency", "0"},
      {"packets_received", "11"},
      {"packets_sent", "3"},
      {"num_alive_connections", "4"},
      {"outstanding_requests", "2"},
      {"uptime", "12345"},
      {"znode_count", "7"},
      {"watch_count", "12"},
      {"ephemerals_count", "9"},
      {"approximate_data_size", "44"},
      {"global_sessions", "2"},
      {"local_sessions", "0"},
      {"max_client_response_size", "120"},
      {"min_client_response_size", "20"},
      {"cnt_readlatency", "2"},
      {"cnt_updatelatency", "1"},
      {"max_readlatency", "10"},
      {"sum_updatelatency", "2"}};
  for (const auto& [key, value] : expected) EXPECT_EQ(values.at("zk_" + key), value) << key;
  EXPECT_GT(std::stoi(values.at("zk_open_file_descriptor_count")), 2);
  EXPECT_GT(std::stoll(values.at("zk_max_file_descriptor_count")), 2);
}

TEST_F(Words, MntrHasNoResponseSizesBeforeTheFirstResponse) {
  const ReactorStats fresh;
  view_.reactors = {&fresh};
  for (const char* key : {"last", "max", "min"})
    EXPECT_EQ(metrics().at(std::string("zk_") + key + "_client_response_size"), "-1");
}

TEST_F(Words, MntrHasOurOwnFigures) {
  view_.log = {.syncs = 4,
               .batches = 4,
               .txns = 10,
               .last_batch_txns = 1,
               .max_batch_txns = 7,
               .payload_bytes = 1000,
               .written_bytes = 16384,
               .last_sync_ns = 250'000,
               .max_sync_ns = 3 * ms,
               .total_sync_ns = 4 * ms};
  first_.turn_ns.record(50'000);
  second_.turn_ns.record(7 * ms);
  const auto values = metrics();
  EXPECT_EQ(values.at("zk_syncs"), "4");
  EXPECT_EQ(values.at("zk_sync_us_avg"), "1000.0");
  EXPECT_EQ(values.at("zk_max_fsynctime"), "3");
  EXPECT_EQ(values.at("zk_batch_size_avg"), "2.5");
  EXPECT_EQ(values.at("zk_batch_size_max"), "7");
  EXPECT_EQ(values.at("zk_log_bytes"), "16384");
  EXPECT_EQ(values.at("zk_loop_turn_us_max"), "7000");
  EXPECT_EQ(values.at("zk_latency_get_data_count"), "2");
  EXPECT_EQ(values.at("zk_latency_get_data_us_max"), "10000");
  EXPECT_EQ(values.at("zk_latency_set_data_us_p99"), "2000");
  EXPECT_EQ(values.count("zk_latency_create_count"), 0u);
}

TEST_F(Words, AveragesArePrintedAsJavaPrintsThem) {
  EXPECT_EQ(decimal(0), "0.0");
  EXPECT_EQ(decimal(2.5), "2.5");
  EXPECT_EQ(decimal(7.0 / 3), "2.3333");
  EXPECT_EQ(decimal(1.00004), "1.0");
  EXPECT_EQ(decimal(10), "10.0");
  EXPECT_EQ(decimal(0.12345), "0.1235");
}

// --- Names.

TEST(WordNames, EveryWordIsFoundByItsNameAndNoOtherTextIs) {
  for (int i = 0; i < word_count; ++i) {
    const Word word = static_cast<Word>(i);
    EXPECT_EQ(find_word(name_of(word)), word);
    EXPECT_EQ(name_of(word).size(), 4u);
  }
  for (const char* text : {"", "rouk", "RUOK", "ruo", "ruok ", "kill"})
    EXPECT_EQ(find_word(text), std::nullopt) << text;
}

TEST(WordNames, EveryOperationHasAnAbbreviationAndAKindOfItsOwn) {
  EXPECT_EQ(op_abbreviation(proto::OpCode::remove), "DELE");
  EXPECT_EQ(op_abbreviation(proto::OpCode::get_all_children_number), "GETACN");
  EXPECT_EQ(op_abbreviation(static_cast<proto::OpCode>(4711)), "NA");
  for (std::size_t kind = 0; kind < op_kind_count; ++kind)
    EXPECT_EQ(op_kind(op_of_kind(kind)), kind);
  EXPECT_EQ(op_kind(static_cast<proto::OpCode>(4711)), op_kind_count - 1);
  EXPECT_EQ(op_kind(static_cast<proto::OpCode>(-4711)), op_kind_count - 1);
  EXPECT_EQ(op_kind(static_cast<proto::OpCode>(50)), op_kind_count - 1);
}

}  // namespace
}  // namespace paddock::words
