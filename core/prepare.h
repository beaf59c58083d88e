#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock_steps.h"
#include "core/proto/paths.h"
#include "core/proto/records.h"
#include "core/quota.h"
#include "core/session_table.h"
#include "core/transaction.h"
#include "core/trie.h"
#include "core/write.h"

namespace paddock::core {

/// How a request becomes a transaction: validate against the newest state, resolve (names,
/// versions, owners) into a Step, apply the step. One file per operation holds the first two; the
/// order of the checks in each is ZooKeeper's, since the first that fails is what the client sees.
///
/// A request with many steps (multi, closeSession) is worked off in slices: run() goes on where its
/// budget ended, and nothing but commit and reclaim happens to the state in between (R22).
///
/// Threads: loop-local.
class Preparation {
 public:
  struct Options {
    bool extended_types_enabled = true;
    bool digest_auth_enabled = true;
    bool skip_acl = false;
    bool enforce_quota = false;
  };

  Preparation(const Options& options, Trie& trie, SessionTable& sessions, const Totals& totals,
              const ClockSteps& clock_steps, Transaction& txn)
      : options_(options),
        trie_(trie),
        sessions_(sessions),
        totals_(totals),
        clock_steps_(clock_steps),
        txn_(txn),
        quota_changes_(trie) {}
  ~Preparation();
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  /// REQUIRES: the last one is done. `request` and `out` stay until run() returns true.
  void start(const WriteRequest& request, Prepared& out);
  /// True when `out` holds the answer.
  bool run(std::size_t budget);
  bool is_done() const { return phase_ == Phase::done; }

 private:
  using ErrorCode = proto::ErrorCode;
  using OpCode = proto::OpCode;

  enum class Phase : std::uint8_t {
    done,
    single,       ///< an operation that is one step
    count_multi,  ///< the whole request must be well-formed before its first operation is looked at
    run_multi,
    close_session,
    quotas,  ///< all is done but the statistics of quotas
    settle,
  };

  /// Any of the four creates.
  struct Create {
    OpCode op{};
    proto::Ustring path;
    proto::Buffer data;
    const proto::Vector<proto::Acl>* acl = nullptr;
    std::int32_t flags = 0;
    std::int64_t ttl_ms = 0;  ///< createTTL only
  };

  // Each does its operation or finds the error that the client gets; then nothing has changed.
  ErrorCode create(const Create& create, std::string_view& path, Znode*& node);
  ErrorCode remove(const proto::PathVersionRequest& request);
  ErrorCode remove_container(const proto::PathRequest& request);
  ErrorCode set_data(const proto::SetDataRequest& request, Znode*& node);
  ErrorCode set_acl(const proto::SetAclRequest& request, Znode*& node);
  ErrorCode check(const proto::PathVersionRequest& request);
  ErrorCode open_session();

  // An operation that is a request of its own: body, operation, reply.
  ErrorCode single();
  ErrorCode single_create(proto::Reader& in);
  ErrorCode single_create_ttl(proto::Reader& in);
  ErrorCode reply_to_create(const Create& create);
  ErrorCode reply_stat(ErrorCode err, const Znode* node);

  // Sliced ones. They return when the phase has changed or the budget is used up.
  void count_multi(std::size_t& budget);
  void run_multi(std::size_t& budget);
  ErrorCode run_multi_op(OpCode op);
  ErrorCode run_multi_create(const Create& create);
  void fail_multi(ErrorCode err);
  void start_close_session();
  void close_session(std::size_t& budget);
  void write_quota_stats(std::size_t& budget);
  void settle(std::size_t& budget);

  // What the operations share.
  bool is_session_open() const { return session_open_; }
  bool permits(const Version& version, std::int32_t needed) const {
    return options_.skip_acl || version.acl->permits(needed, identities());
  }
  const IdentitySet& identities() const;
  ErrorCode resolve_acl(const proto::Vector<proto::Acl>& asked);  ///< into acl_
  ErrorCode owner_of_create(const Create& create, std::int64_t& owner) const;
  /// The answer of setData, setACL, check to a path, and the node that is there.
  ErrorCode find_node(const proto::Ustring& path, Znode*& node) const;
  ErrorCode check_quota(std::string_view path, std::int64_t count, std::int64_t bytes);
  ErrorCode judge_quota(QuotaExcess excess, std::string_view path, std::int64_t soft_limit,
                        std::int64_t hard_limit);
  const Acl* keep_acl(std::span<const AclEntry> entries);
  void hold_acl(const Acl* acl);
  std::string_view keep_with_counter(std::string_view path, std::int32_t counter);
  void delete_node(Znode& node, std::string_view path);
  /// Adds the step to the transaction, opened by the first.
  Znode* apply(const Step& step, const Target& target);
  static std::string_view parent_path(std::string_view path);
  /// Versions wrap as ZooKeeper's do.
  static std::int32_t version_after(std::int32_t version) {
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(version) + 1);
  }
  void add_event(proto::EventType type, std::string_view path, const Znode& node);
  void begin();
  void finish(ErrorCode err);
  void end_steps();
  void answer_without_txn(ErrorCode err);

  const Options options_;
  Trie& trie_;
  SessionTable& sessions_;
  const Totals& totals_;
  const ClockSteps& clock_steps_;
  Transaction& txn_;

  Phase phase_ = Phase::done;
  const WriteRequest* request_ = nullptr;
  Prepared* out_ = nullptr;
  bool session_open_ = false;
  bool made_quota_node_ = false;  ///< a create below /zookeeper/quota

  // Where a multi or a closeSession stands.
  std::optional<proto::Reader> reader_;
  std::size_t op_count_ = 0;
  std::size_t op_index_ = 0;

  // Kept for their memory.
  QuotaChanges quota_changes_;
  proto::TextArena arena_;
  proto::CreateRequest create_;
  proto::CreateTtlRequest create_ttl_;
  proto::SetAclRequest set_acl_;
  proto::MultiOp multi_op_;
  std::vector<AclEntry> acl_;
  std::string path_;
  const Acl* last_acl_ = nullptr;  ///< the last interned list, retained: most are equal to it
};

}  // namespace paddock::core
