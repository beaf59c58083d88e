#include "core/prepare.h"

namespace paddock::core {

/// Whether the quota that counts for `path` has room for so much more: the answer of a create or
/// setData that passes otherwise. Compared with the statistics as they were before the transaction;
/// a quota that it has made itself begins behind it.
proto::ErrorCode Preparation::check_quota(std::string_view path, std::int64_t count,
                                          std::int64_t bytes) {
  if (totals_.quota_count == 0) [[likely]]
    return ErrorCode::ok;
  const Znode* folder = find_quota(trie_, path);
  if (folder == nullptr) return ErrorCode::ok;
  const Znode* stats = trie_.find_child(*folder, quota_stats_name);
  const Version* used = stats != nullptr ? Trie::newest(*stats) : nullptr;
  const Version* allowed = Trie::newest(*trie_.find_child(*folder, quota_limits_name));
  const bool is_own = txn_.is_open() && allowed->czxid == txn_.zxid().value;
  if (used == nullptr || is_own) return ErrorCode::ok;
  const QuotaNumbers limits = parse_quota(as_text(allowed->data().value_or(Bytes{})));
  const QuotaNumbers before = parse_quota(as_text(used->data().value_or(Bytes{})));
  ErrorCode err = ErrorCode::ok;
  if (count != 0)
    err = judge_quota({.what = "count", .value = bounded_sum(before.count, count)}, path,
                      limits.count, limits.count_hard);
  if (bytes != 0 && err == ErrorCode::ok)
    err = judge_quota({.what = "bytes", .value = bounded_sum(before.bytes, bytes)}, path,
                      limits.bytes, limits.bytes_hard);
  return err;
}

/// A hard limit takes the place of a soft one, which is only told of.
proto::ErrorCode Preparation::judge_quota(QuotaExcess excess, std::string_view path,
                                          std::int64_t soft_limit, std::int64_t hard_limit) {
  excess.is_hard = hard_limit > -1;
  excess.limit = excess.is_hard ? hard_limit : soft_limit;
  if (excess.limit < 0 || excess.value <= excess.limit) return ErrorCode::ok;
  excess.path = out_->text.keep(path);
  out_->quota_excess = excess;
  return excess.is_hard && options_.enforce_quota ? ErrorCode::quota_exceeded : ErrorCode::ok;
}

/// Behind the last change: what it did to the statistics, as steps of the same transaction.
void Preparation::write_quota_stats(std::size_t& budget) {
  const bool done = quota_changes_.run(
      txn_, budget, [&](Znode& stats, std::string_view path, std::string_view data) {
        Step step;
        step.kind = StepKind::set_quota_stats;
        step.path = out_->text.keep(path);
        step.data = as_bytes(out_->text.keep(data));
        apply(step, {.node = &stats});
      });
  if (done) end_steps();
}

}  // namespace paddock::core
