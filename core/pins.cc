#include "core/pins.h"

#include <algorithm>

#include "core/base/check.h"

namespace paddock::core {

Pins::Pins(std::uint32_t reader_count_max)
    : reader_count_max_(reader_count_max), places_(new Place[2 * reader_count_max]) {
  scan_.pins.reserve(2 * reader_count_max);
}

Zxid Pins::pin(std::uint32_t reader) {
  CHECK(reader < reader_count_max_);
  Place& place = turn(reader);
  std::int64_t wanted = committed_.load(std::memory_order_seq_cst);
  while (true) {
    place.zxid.store(wanted, std::memory_order_seq_cst);                  // [P1]
    const std::int64_t now = committed_.load(std::memory_order_seq_cst);  // [P1]
    if (now == wanted) return Zxid{wanted};
    wanted = now;
  }
}

void Pins::unpin(std::uint32_t reader) {
  CHECK(reader < reader_count_max_);
  // release; pairs with [P2] in scan(): the reads come before what the writer does then.
  turn(reader).zxid.store(none, std::memory_order_release);
}

void Pins::hold(std::uint32_t reader) {
  CHECK(reader < reader_count_max_);
  // relaxed: the reader's own places.
  const std::int64_t pinned = turn(reader).zxid.load(std::memory_order_relaxed);
  CHECK(pinned != none);
  CHECK(held(reader).zxid.load(std::memory_order_relaxed) == none);
  // seq_cst: ordered before the pin's next store. A scan that finds the pin moved on finds the
  // hold, because it reads a reader's pin first and its hold second [P2].
  held(reader).zxid.store(pinned, std::memory_order_seq_cst);
}

void Pins::drop(std::uint32_t reader) {
  CHECK(reader < reader_count_max_);
  // relaxed: the reader's own place.
  CHECK(held(reader).zxid.load(std::memory_order_relaxed) != none);
  // release; pairs with [P2] in scan().
  held(reader).zxid.store(none, std::memory_order_release);
}

void Pins::commit(Zxid zxid) {
  // relaxed: only the writer stores.
  CHECK(zxid.value >= committed_.load(std::memory_order_relaxed));
  committed_.store(zxid.value, std::memory_order_seq_cst);  // [P2]
}

const Pins::Scan& Pins::scan() {
  scan_.committed = committed_.load(std::memory_order_seq_cst);  // [P2], before the places
  scan_.lowest = none;
  scan_.pins.clear();
  for (std::uint32_t place = 0; place < place_count(); ++place) {
    const std::int64_t zxid = places_[place].zxid.load(std::memory_order_seq_cst);  // [P2]
    if (zxid == none) continue;
    scan_.pins.push_back({zxid, place});
    scan_.lowest = std::min(scan_.lowest, zxid);
  }
  return scan_;
}

bool Pins::Scan::any_in(std::int64_t from, std::int64_t to) const {
  if (to <= lowest) return false;
  for (const Pinned& pin : pins)
    if (pin.zxid >= from && pin.zxid < to) return true;
  return false;
}

}  // namespace paddock::core
