#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/proto/records.h"
#include "core/read.h"
#include "core/state.h"
#include "tests/unit/core/requests.h"

/// A State with a log in memory and a clock that stands still, for tests of core.
namespace paddock::core::test {

/// A transaction that owns its memory: what the log would have kept.
struct LoggedTxn {
  explicit LoggedTxn(const Txn& txn);
  LoggedTxn(const LoggedTxn&) = delete;
  LoggedTxn& operator=(const LoggedTxn&) = delete;

  Txn txn;

 private:
  std::vector<std::unique_ptr<std::string>> text_;
  std::vector<std::unique_ptr<std::vector<AclEntry>>> acls_;
  std::vector<Step> steps_;
};

/// One result of a multi, with its own memory.
struct SubResult {
  proto::OpCode op{};
  proto::ErrorCode err{};
  std::string path;
  proto::Stat stat;
};

class World {
 public:
  explicit World(const State::Options& options = {});

  State state;
  Prepared out;  ///< of the last write
  std::int64_t now_ms = 1'000'000;
  SessionId session{0x100};  ///< who asks; opened by the constructor
  IdentitySet identities{{"ip", "127.0.0.1"}};
  std::size_t step_budget = SIZE_MAX;
  bool commits = true;  ///< each transaction is sealed and committed at once
  std::vector<std::unique_ptr<LoggedTxn>> log;

  std::size_t slices = 0;  ///< that the last write took
  std::function<void()> between_slices;

  // --- Writes. Each runs to its end and returns the answer's code; `out` has the rest.
  proto::ErrorCode write(proto::OpCode op, std::string_view body);
  template <proto::Record T>
  proto::ErrorCode write(proto::OpCode op, const T& record) {
    return write(op, body_of(record));
  }
  proto::ErrorCode create(std::string_view path, Text data = "", std::int32_t flags = 0,
                          AclText acl = open_acl()) {
    return write(proto::OpCode::create, create_request(path, data, flags, std::move(acl)));
  }
  proto::ErrorCode remove(std::string_view path, std::int32_t version = -1) {
    return write(proto::OpCode::remove, proto::PathVersionRequest{path, version});
  }
  proto::ErrorCode set(std::string_view path, Text data, std::int32_t version = -1) {
    return write(proto::OpCode::set_data, proto::SetDataRequest{path, buffer_of(data), version});
  }
  proto::ErrorCode set_acl(std::string_view path, AclText acl, std::int32_t version = -1) {
    return write(proto::OpCode::set_acl,
                 proto::SetAclRequest{path, acl_vector(std::move(acl)), version});
  }
  proto::ErrorCode open_session(SessionId id, std::int32_t timeout_ms = 30000);
  proto::ErrorCode close_session(SessionId id);
  proto::ErrorCode remove_container(std::string_view path);
  proto::ErrorCode run(const WriteRequest& request);
  void commit_all();

  // --- Answers.
  std::string reply_path() const;  ///< of a create
  proto::Stat reply_stat() const;  ///< of setData and setACL
  std::vector<SubResult> multi_results() const;
  std::vector<std::string> events() const;  ///< "created /a", in order

  // --- Reads, by default at what is committed.
  std::optional<Zxid> read_at;
  proto::ErrorCode exists(std::string_view path);
  proto::ErrorCode get(std::string_view path);
  bool has(std::string_view path) { return exists(path) == proto::ErrorCode::ok; }
  proto::Stat stat(std::string_view path);                   ///< fails the test when there is none
  std::string data(std::string_view path);                   ///< "(null)" for null data
  std::vector<std::string> children(std::string_view path);  ///< sorted
  std::string acl(std::string_view path);                    ///< "world:anyone:31 …"
  /// Returns `run(view)`, called under a pin and inside an epoch; `body` is empty before.
  template <class Run>
  auto read(Run&& run) {
    body.clear();
    Epoch::Guard guard(state.trie().epoch(), 0);
    const Zxid pinned = state.trie().pins().pin(0);
    const ReadView view{state.trie(), read_at.value_or(pinned), identities, options_.skip_acl};
    auto result = run(view);
    state.trie().pins().unpin(0);
    return result;
  }
  ByteBuffer body;  ///< of the last read

  // --- Checks of the whole.
  /// A state made by replaying `log`.
  std::unique_ptr<State> replayed() const;

 private:
  State::Options options_;
};

/// All nodes of the newest state, by path, as text that shows every field.
std::map<std::string, std::string> dump(State& state);
/// The digest as docs/digest.md defines it, from nothing but the newest nodes and sessions.
std::uint64_t digest_from_scratch(State& state);

std::string_view name_of(proto::EventType type);
std::vector<SubResult> read_multi_results(Bytes body);

}  // namespace paddock::core::test
