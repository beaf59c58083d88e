#pragma once

#include <deque>
#include <string>
#include <vector>

#include "core/txn.h"

namespace paddock::property {

/// A transaction with its own memory: what the log keeps of it.
class LoggedTxn {
 public:
  explicit LoggedTxn(const core::Txn& from) : steps_(from.steps.begin(), from.steps.end()) {
    for (core::Step& step : steps_) {
      step.path = keep(step.path);
      if (step.data) step.data = as_bytes(keep(as_text(*step.data)));
      step.password = as_bytes(keep(as_text(step.password)));
      auto& acl = acls_.emplace_back(step.acl.begin(), step.acl.end());
      for (core::AclEntry& entry : acl) {
        entry.scheme = keep(entry.scheme);
        entry.id = keep(entry.id);
      }
      step.acl = acl;
    }
    txn_ = from;
    txn_.steps = steps_;
  }
  LoggedTxn(const LoggedTxn&) = delete;
  LoggedTxn& operator=(const LoggedTxn&) = delete;

  const core::Txn& txn() const { return txn_; }

 private:
  std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }

  std::vector<core::Step> steps_;
  std::deque<std::string> texts_;
  std::deque<std::vector<core::AclEntry>> acls_;
  core::Txn txn_;
};

}  // namespace paddock::property
