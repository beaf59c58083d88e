#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/scripts/script.h"
#include "tests/unit/core/world.h"

namespace paddock::scripts {

/// One case's world: a core::State with session 0x100 open (zxid 1), in which every write is
/// committed at once unless a batch is held open.
///
/// Writes              create PATH [DATA|null] [stat] [container] [ephemeral] [seq] [ttl=MS]
///                     [flags=N] [acl=LIST]; delete PATH [v=N]; set PATH DATA [v=N];
///                     setacl PATH acl=LIST [v=N]; remove-container PATH;
///                     multi, its operations indented below it, check PATH [v=N] among them
/// Sessions            open-session ID [timeout=MS]; close-session ID; sessions [at=N];
///                     ephemerals ID
/// Who, when, how      as ID; who SCHEME:ID ...; time MS; budget N (steps a slice)
/// Options             skip-acl; no-extended-types; no-digest; enforce-quota: before the first
/// write Reads               get, stat, ls, acl, count PATH [at=N] Batches and pins    hold-batch,
/// seal, commit ZXID, pin N, unpin N, reclaim Insides             log (steps of the last
/// transaction), chain PATH (zxids of its versions),
///                     versions, digest, replay, due [never=MS]
///
/// LIST is entries scheme:id:perms separated by commas. "" is empty data.
class CoreWorld {
 public:
  /// What the commands gave.
  std::string run(const std::vector<std::string>& commands);

 private:
  friend struct CoreVerbs;
  core::test::World& world();
  void say(const std::string& line) { trace_ += line + "\n"; }
  void say_write(proto::ErrorCode err, bool has_stat, bool has_path);

  core::State::Options options_;
  std::unique_ptr<core::test::World> world_;
  std::map<std::string, Zxid> pins_;
  std::string trace_;
  std::vector<std::string> sub_ops_;  ///< below a multi
};

}  // namespace paddock::scripts
