#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace paddock::wal {

// What recovery does at each record, as data. Three observations select exactly one row (asserted
// below); a row has a name, which tests, log lines and damage reports use, and the crash that makes
// it.

/// What stands where the next record is expected.
enum class Here : std::uint8_t {
  batch,     ///< valid: magic, CRCs, chain and first zxid are what they must be
  mark,      ///< a valid record "continued"
  end,       ///< a valid record of a clean stop
  blank,     ///< the header's place is zero
  torn,      ///< the header or the payload is not what was written
  stranger,  ///< valid in itself, but chain or first zxid belong elsewhere
  foreign,   ///< valid in itself, but of another log or a newer version
  full,      ///< the file ends here
};
/// What stands behind it, in this segment and the later ones. Looked at for end, blank, torn,
/// stranger and full only; `nothing` for the others.
enum class Later : std::uint8_t {
  nothing,  ///< only zeros
  remains,  ///< other bytes, which do not prove that anything here was durable
  proof,    ///< a header that knows the first missing zxid durable, or one in a successor of just
            ///< that name, which is written to only when the mark before it is durable
};
/// The next segment by name.
enum class Successor : std::uint8_t {
  none,
  next,     ///< named by the zxid that is expected next
  beyond,   ///< named by a later one
  overlap,  ///< named by one that this segment has already had
};

enum class Decision : std::uint8_t {
  take,    ///< hand the batch on, go to the next record
  follow,  ///< go on in the successor
  finish,  ///< the log ends here; an empty successor is discarded
  cut,     ///< the log ends here; the rest is zeroed, what is in successors discarded
  stop,    ///< damage: the start is refused
};

struct RecoveryCase {
  const char* name;
  std::uint8_t here, later, successor;  ///< sets: bit i = enumerator i
  Decision decision;
  const char* cause;  ///< the crash, or else, that leaves a log like this
};

namespace recovery_detail {
template <class... E>
constexpr std::uint8_t any_of(E... values) {
  return static_cast<std::uint8_t>((0u | ... | (1u << static_cast<unsigned>(values))));
}
constexpr std::uint8_t anything = 0xff;
constexpr std::uint8_t not_overlap = any_of(Successor::none, Successor::next, Successor::beyond);
constexpr std::uint8_t no_proof = any_of(Later::nothing, Later::remains);
}  // namespace recovery_detail

inline constexpr auto recovery_cases = [] {
  using namespace recovery_detail;
  return std::to_array<RecoveryCase>({
      {"batch", any_of(Here::batch), anything, not_overlap, Decision::take,
       "none: a batch as it was written"},
      {"roll", any_of(Here::mark), anything, any_of(Successor::next), Decision::follow,
       "none: the segment was full"},
      {"clean_stop", any_of(Here::end), any_of(Later::nothing), any_of(Successor::none),
       Decision::finish, "none: the daemon was stopped and wrote its end record"},
      {"roll_behind_clean_stop", any_of(Here::end), any_of(Later::nothing),
       any_of(Successor::next, Successor::beyond), Decision::finish,
       "a start after a clean stop named a successor, and the crash came before the mark or the "
       "batch that goes over the end record had reached the disk"},
      {"torn_behind_clean_stop", any_of(Here::end), any_of(Later::remains), not_overlap,
       Decision::cut,
       "the first batch after a clean stop was in flight: its header, which goes over the end "
       "record, did not reach the disk, and bytes behind it did"},
      {"end_of_log", any_of(Here::blank), any_of(Later::nothing), any_of(Successor::none),
       Decision::finish,
       "a crash while nothing was in flight, or nothing of it had reached the disk"},
      {"roll_begun", any_of(Here::blank), any_of(Later::nothing), any_of(Successor::next),
       Decision::finish, "the successor had its name and the mark was not yet written"},
      {"roll_begun_batch_lost", any_of(Here::blank), any_of(Later::nothing),
       any_of(Successor::beyond), Decision::finish,
       "the successor was named while the last batch before it was in flight, and that batch did "
       "not reach the disk"},
      {"lost_start", any_of(Here::blank), any_of(Later::remains), not_overlap, Decision::cut,
       "a batch was in flight whose first sector did not reach the disk, or of two in flight only "
       "the second did"},
      {"torn_batch", any_of(Here::torn), no_proof, not_overlap, Decision::cut,
       "a batch was in flight and only some of its sectors reached the disk"},
      {"stranger", any_of(Here::stranger), no_proof, not_overlap, Decision::cut,
       "no crash: a record from elsewhere was copied here; nothing says that one is missing"},
      {"file_cut_short", any_of(Here::full), no_proof, not_overlap, Decision::cut,
       "no crash: something made the file shorter; nothing says that a batch is missing"},
      {"damage", any_of(Here::end, Here::blank, Here::torn, Here::stranger, Here::full),
       any_of(Later::proof), not_overlap, Decision::stop,
       "no crash: a batch or mark that was durable can no longer be read"},
      {"continued_without_successor", any_of(Here::mark), anything, any_of(Successor::none),
       Decision::stop,
       "no crash: the mark is set when the successor's name is durable, so a file was "
       "taken away"},
      {"gap_behind_mark", any_of(Here::mark), anything, any_of(Successor::beyond), Decision::stop,
       "no crash: a segment in between was taken away"},
      {"foreign", any_of(Here::foreign), anything, not_overlap, Decision::stop,
       "no crash: files of two logs in one directory, or a log written by a newer version"},
      {"overlapping_segments", anything, anything, any_of(Successor::overlap), Decision::stop,
       "no crash: a successor behind the end is discarded before its zxids are given again, so a "
       "file was put here"},
  });
}();

/// By number: g++ compares no pointers in constant expressions with UBSan (GCC bug 71962). -1:
/// none.
constexpr int find_case_number(Here here, Later later, Successor successor) {
  int found = -1;
  for (std::size_t i = 0; i < recovery_cases.size(); ++i) {
    const RecoveryCase& row = recovery_cases[i];
    if ((row.here >> static_cast<unsigned>(here) & 1) == 0) continue;
    if ((row.later >> static_cast<unsigned>(later) & 1) == 0) continue;
    if ((row.successor >> static_cast<unsigned>(successor) & 1) == 0) continue;
    if (found >= 0) return -1;  // two rows claim it
    found = static_cast<int>(i);
  }
  return found;
}

constexpr const RecoveryCase* find_case(Here here, Later later, Successor successor) {
  const int number = find_case_number(here, later, successor);
  return number < 0 ? nullptr : &recovery_cases[static_cast<std::size_t>(number)];
}

static_assert(
    [] {
      for (unsigned here = 0; here <= static_cast<unsigned>(Here::full); ++here)
        for (unsigned later = 0; later <= static_cast<unsigned>(Later::proof); ++later)
          for (unsigned next = 0; next <= static_cast<unsigned>(Successor::overlap); ++next)
            if (find_case_number(Here(here), Later(later), Successor(next)) < 0) return false;
      return true;
    }(),
    "each combination has exactly one row");

/// What is judged once, around the records: the segments as a set, and the log against the
/// snapshot.
enum class Boundary : std::uint8_t {
  fresh_log,
  no_segment_beside_snapshot,
  log_begins_behind_snapshot,
  log_ends_before_snapshot,
  batch_straddles_snapshot,
};

struct BoundaryCase {
  const char* name;
  Boundary boundary;
  Decision decision;
  const char* cause;
};

inline constexpr auto boundary_cases = std::to_array<BoundaryCase>({
    {"fresh_log", Boundary::fresh_log, Decision::finish,
     "no segment and no snapshot: the first start, or a crash before its first segment had a name"},
    {"no_segment_beside_snapshot", Boundary::no_segment_beside_snapshot, Decision::stop,
     "no crash: a log always keeps its newest segment, so files were taken away"},
    {"log_begins_behind_snapshot", Boundary::log_begins_behind_snapshot, Decision::stop,
     "no crash: segments are removed only when wholly below the oldest kept snapshot, so a segment "
     "or that snapshot was taken away"},
    {"log_ends_before_snapshot", Boundary::log_ends_before_snapshot, Decision::stop,
     "no crash: a snapshot holds durable batches only, so the log has lost some"},
    {"batch_straddles_snapshot", Boundary::batch_straddles_snapshot, Decision::stop,
     "no crash: snapshots are exact at a batch end, so log and snapshot do not belong together"},
});

constexpr const BoundaryCase& find_case(Boundary boundary) {
  return boundary_cases[static_cast<std::size_t>(boundary)];
}
static_assert(
    [] {
      for (std::size_t i = 0; i < boundary_cases.size(); ++i)
        if (boundary_cases[i].boundary != Boundary(i)) return false;
      return boundary_cases.size() ==
             static_cast<std::size_t>(Boundary::batch_straddles_snapshot) + 1;
    }(),
    "the cases stand in the order of the enumeration");

}  // namespace paddock::wal
