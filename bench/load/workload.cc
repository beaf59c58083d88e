#include "bench/load/workload.h"

#include <array>

#include "core/proto/names.h"

namespace paddock::load {

namespace {

constexpr std::array names = {
    WorkloadName{"ping", "ping: a round trip that touches nothing", run_requests},
    WorkloadName{"get", "getData of --nodes znodes", run_requests},
    WorkloadName{"set", "setData of --nodes znodes", run_requests},
    WorkloadName{"create", "create, each connection below a parent of its own", run_requests},
    WorkloadName{"create-sequential", "the same with sequence numbers", run_requests},
    WorkloadName{"delete", "delete of --nodes znodes made before; ends with them", run_requests},
    WorkloadName{"exists", "exists of --nodes znodes", run_requests},
    WorkloadName{"children", "getChildren of a znode with --nodes children", run_requests},
    WorkloadName{"multi", "multi of --operations setData", run_requests},
    WorkloadName{"mix-95-5", "95 % getData, 5 % setData", run_requests},
    WorkloadName{"mix-50-50", "half getData, half setData", run_requests},
    WorkloadName{"lock", "one lock, all connections contend: standard recipe", run_lock},
    WorkloadName{"lock-uncontended", "a lock of its own for each connection", run_lock},
    WorkloadName{"fanout-same", "all connections watch the same --nodes znodes", run_fanout},
    WorkloadName{"fanout-own", "each connection watches --nodes znodes of its own", run_fanout},
    WorkloadName{"fanout-recursive", "one persistent recursive watch each", run_fanout},
    WorkloadName{"sessions", "idle sessions that ping", run_sessions},
    WorkloadName{"expiry", "--connections sessions with ephemerals die at once", run_expiry},
    WorkloadName{"tree", "creates --nodes znodes; memory of each", run_tree},
};

}  // namespace

std::span<const WorkloadName> workload_names() { return names; }

bool create_node(Run& run, const std::string& path, std::string_view data) {
  proto::CreateRequest request = Fleet::open_create();
  request.path = path;
  request.data = as_bytes(data);
  const Fleet::Answer answer = run.fleet.call(proto::OpCode::create, request);
  if (answer.err == proto::ErrorCode::ok) return true;
  run.faults.add("create of " + path + ": " + std::string(proto::error_name(answer.err)));
  return false;
}

}  // namespace paddock::load
