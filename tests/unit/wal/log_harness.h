#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_disk.h"
#include "wal/log.h"
#include "wal/recovery.h"

namespace paddock::wal {

/// A log on a simulated disk, with the verbs that tests of it speak: open, append, crash. Payloads
/// are texts. What was appended and what was acknowledged is remembered over crashes.
class LogHarness : public Log::Owner {
 public:
  static constexpr std::uint64_t log_id = 0x1122334455667788;
  static constexpr const char* dir = "log";

  explicit LogHarness(const sim::SimDisk::Options& disk_options = {}) : disk(disk_options) {
    options.dir = dir;
    options.segment_bytes = 64 << 10;
    options.new_log_id = log_id;
    disk.put(std::string(dir) + "/unrelated", {});
  }
  ~LogHarness() { log.reset(); }

  struct Batch {
    Zxid first{}, last{};
    std::uint32_t count = 0;
    std::string payload;
    bool operator==(const Batch&) const = default;
  };

  // --- Verbs
  /// Recovers into `found`, without starting.
  Result<Recovered, Damage> recover_only(Zxid above = Zxid{0}) {
    found.clear();
    end = LogEnd{};
    return recover(
        disk, dir, above,
        [&](const RecoveredBatch& b) -> Result<void, std::string> {
          if (!visitor_error.empty()) return fail(visitor_error);
          found.push_back({b.first, b.last, b.count, std::string(as_text(b.payload))});
          return {};
        },
        end);
  }
  /// Recovers and starts; false when either was refused (then `damage` or `failure` says why).
  bool open(Zxid above = Zxid{0}) {
    failure.clear();
    auto result = recover_only(above);
    if (!result) {
      damage = result.error();
      return false;
    }
    recovered = *result;
    next = next_zxid(recovered.last);
    log = Log::start(disk, options, end, *this);
    return failure.empty();
  }
  bool can_append(std::size_t bytes = 1) const {
    return failure.empty() && log->can_append() && log->space_for(bytes) == Log::Space::ready;
  }
  /// REQUIRES: can_append(payload.size()).
  void append(const std::string& payload, std::uint32_t count = 1) {
    const Zxid first = next;
    Zxid last = first;
    for (std::uint32_t i = 1; i < count; ++i) last = next_zxid(last);
    next = next_zxid(last);
    appended.push_back({first, last, count, payload});
    log->append({first, last, count}, as_bytes(payload));
  }
  /// Runs the disk until it has nothing to do.
  void drain() {
    while (disk.in_flight() > 0) disk.poll();
  }
  /// Runs it until a batch of this size can be appended; false when that does not come.
  bool wait_for_room(std::size_t bytes = 1) {
    while (failure.empty() && !can_append(bytes) && disk.in_flight() > 0) disk.poll();
    return can_append(bytes);
  }
  /// Appends and waits until it is durable.
  void put(const std::string& payload, std::uint32_t count = 1) {
    ASSERT_TRUE(wait_for_room(payload.size()));
    append(payload, count);
    drain();
  }
  void stop() {
    bool closed = false;
    log->close([&] { closed = true; });
    drain();
    EXPECT_TRUE(closed);
    log.reset();
  }
  void crash(sim::SimDisk::Survive how, std::uint64_t seed = 0) {
    disk.power_off();
    log.reset();
    drain();
    disk.power_on(how, seed);
  }

  // --- Looking
  static std::string path(Zxid first);
  std::vector<std::string> segments() const;
  std::vector<std::string> payloads() const {
    std::vector<std::string> texts;
    for (const Batch& batch : found) texts.push_back(batch.payload);
    return texts;
  }

  // --- Log::Owner
  void durable_advanced(Zxid durable) override {
    EXPECT_GT(durable, acknowledged);
    acknowledged = durable;
    if (on_durable) on_durable(durable);
  }
  void failed(const std::string& reason) override { failure = reason; }
  void space_changed() override { ++space_changes; }

  sim::SimDisk disk;
  Log::Options options;
  std::unique_ptr<Log> log;

  std::vector<Batch> appended;  // ever
  std::vector<Batch> found;     // by the last recovery
  Zxid next{1};
  Zxid acknowledged{};
  std::string failure;
  Damage damage;
  Recovered recovered;
  LogEnd end;
  int space_changes = 0;
  std::function<void(Zxid)> on_durable;
  std::string visitor_error;
};

}  // namespace paddock::wal
