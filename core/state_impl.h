#pragma once

#include "core/clock_steps.h"
#include "core/prepare.h"
#include "core/removable_set.h"
#include "core/session_table.h"
#include "core/state.h"
#include "core/transaction.h"
#include "core/trie.h"

namespace paddock::core {

/// What State consists of. Members are destroyed bottom up: ACLs held further down go first.
struct State::Impl {
  explicit Impl(const Options& with)
      : options(with),
        trie({.reader_count_max = with.reader_count_max}),
        txn(trie, sessions, removable, totals),
        preparation({.extended_types_enabled = with.extended_types_enabled,
                     .digest_auth_enabled = with.digest_auth_enabled,
                     .skip_acl = with.skip_acl,
                     .enforce_quota = with.enforce_quota},
                    trie, sessions, totals, clock_steps, txn) {}

  const Options options;
  Trie trie;
  SessionTable sessions;
  RemovableSet removable;
  Totals totals;
  ClockSteps clock_steps;
  Transaction txn;
  Preparation preparation;
  std::uint32_t replayed_count = 0;  ///< since the last reclaim
};

}  // namespace paddock::core
