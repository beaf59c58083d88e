#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/load/faults.h"
#include "core/base/bytes.h"
#include "core/proto/records.h"

namespace paddock::load {

/// What the body of a successful reply has to be. Versions of a znode are remembered per
/// connection: they never go back there, and a set makes a new one. Threads: loop-local.
class ReplyCheck {
 public:
  /// `data` outlives this; it is what every znode holds.
  ReplyCheck(Faults& faults, std::string_view data, std::size_t connections, std::size_t nodes);

  /// REQUIRES before data(), set() and exists(). Takes seconds with ten million znodes: not to be
  /// called while a load is measured.
  void remember_versions() { versions_.resize(connections_ * nodes_); }

  void nothing(Bytes body);
  void path(Bytes body, std::string_view wanted);
  /// `prefix` and a sequence number above the last one of this connection.
  void sequential(Bytes body, std::string_view prefix, std::uint32_t connection);
  void data(Bytes body, std::uint32_t connection, std::uint32_t node);
  void set(Bytes body, std::uint32_t connection, std::uint32_t node);
  void exists(Bytes body, std::uint32_t connection, std::uint32_t node);
  /// So many names, each as wide as numbered("n", ...).
  void children(Bytes body, std::size_t count);
  /// So many results of setData.
  void multi(Bytes body, std::size_t count);

 private:
  void stat(const proto::Stat& stat, std::uint32_t connection, std::uint32_t node,
            std::int32_t version_step);

  Faults& faults_;
  std::string_view data_;
  std::size_t nodes_;
  std::vector<std::int32_t> versions_;   ///< [connection * nodes + node]
  std::vector<std::int64_t> sequences_;  ///< by connection
  std::size_t connections_;
  proto::NamesReply names_;  ///< keeps its memory
};

}  // namespace paddock::load
