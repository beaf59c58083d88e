#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace paddock::shell {

/// The contents of a zookeeper_limits or zookeeper_stats node; -1 = no limit.
struct Quota {
  std::int64_t count = -1;
  std::int64_t bytes = -1;
  std::int64_t count_hard = -1;
  std::int64_t bytes_hard = -1;
  bool operator==(const Quota&) const = default;
};

/// Reads what ZooKeeper wrote, of any version; what makes no sense is -1.
Quota parse_quota(std::string_view text);
/// "count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=-1": the odd `=` is what lets older servers
/// read the first two.
std::string quota_text(const Quota& quota);

}  // namespace paddock::shell
