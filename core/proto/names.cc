#include "core/proto/names.h"

#include <algorithm>
#include <array>

namespace paddock::proto {
namespace {

struct OpNames {
  OpCode op;
  std::string_view name;
  std::string_view word;
  bool known = true;
};

constexpr std::array op_table = {
    OpNames{OpCode::notification, "notification", "NA", false},
    OpNames{OpCode::create, "create", "CREA"},
    OpNames{OpCode::remove, "delete", "DELE"},
    OpNames{OpCode::exists, "exists", "EXIS"},
    OpNames{OpCode::get_data, "getData", "GETD"},
    OpNames{OpCode::set_data, "setData", "SETD"},
    OpNames{OpCode::get_acl, "getACL", "GETA"},
    OpNames{OpCode::set_acl, "setACL", "SETA"},
    OpNames{OpCode::get_children, "getChildren", "GETC"},
    OpNames{OpCode::sync, "sync", "SYNC"},
    OpNames{OpCode::ping, "ping", "PING"},
    OpNames{OpCode::get_children2, "getChildren2", "GETC"},
    OpNames{OpCode::check, "check", "CHEC"},
    OpNames{OpCode::multi, "multi", "MULT"},
    OpNames{OpCode::create2, "create2", "CREA"},
    OpNames{OpCode::reconfig, "reconfig", "RECO"},
    OpNames{OpCode::check_watches, "checkWatches", "CHKW"},
    OpNames{OpCode::remove_watches, "removeWatches", "REMW"},
    OpNames{OpCode::create_container, "createContainer", "CREA"},
    OpNames{OpCode::delete_container, "deleteContainer", "DELE"},
    OpNames{OpCode::create_ttl, "createTTL", "CREA"},
    OpNames{OpCode::multi_read, "multiRead", "MLTR"},
    OpNames{OpCode::auth, "auth", "NA"},
    OpNames{OpCode::set_watches, "setWatches", "SETW"},
    OpNames{OpCode::sasl, "sasl", "NA"},
    OpNames{OpCode::get_ephemerals, "getEphemerals", "GETE"},
    OpNames{OpCode::get_all_children_number, "getAllChildrenNumber", "GETACN"},
    OpNames{OpCode::set_watches2, "setWatches2", "STW2"},
    OpNames{OpCode::add_watch, "addWatch", "ADDW"},
    OpNames{OpCode::who_am_i, "whoAmI", "HOMI"},
    OpNames{OpCode::create_session, "createSession", "SESS"},
    OpNames{OpCode::close_session, "closeSession", "CLOS"},
    OpNames{OpCode::error, "error", "NA", false},
};

const OpNames* find_op(OpCode op) {
  const auto* at = std::ranges::find(op_table, op, &OpNames::op);
  return at == op_table.end() ? nullptr : at;
}

struct ErrorName {
  std::int32_t code;
  std::string_view name;
};

constexpr std::array error_table = {
    ErrorName{0, "Ok"},
    ErrorName{-1, "SystemError"},
    ErrorName{-2, "RuntimeInconsistency"},
    ErrorName{-3, "DataInconsistency"},
    ErrorName{-4, "ConnectionLoss"},
    ErrorName{-5, "MarshallingError"},
    ErrorName{-6, "Unimplemented"},
    ErrorName{-7, "OperationTimeout"},
    ErrorName{-8, "BadArguments"},
    ErrorName{-12, "UnknownSession"},
    ErrorName{-13, "NewConfigNoQuorum"},
    ErrorName{-14, "ReconfigInProgress"},
    ErrorName{-100, "APIError"},
    ErrorName{-101, "NoNode"},
    ErrorName{-102, "NoAuth"},
    ErrorName{-103, "BadVersion"},
    ErrorName{-108, "NoChildrenForEphemerals"},
    ErrorName{-110, "NodeExists"},
    ErrorName{-111, "NotEmpty"},
    ErrorName{-112, "SessionExpired"},
    ErrorName{-113, "InvalidCallback"},
    ErrorName{-114, "InvalidACL"},
    ErrorName{-115, "AuthFailed"},
    ErrorName{-118, "SessionMoved"},
    ErrorName{-119, "NotReadOnly"},
    ErrorName{-120, "EphemeralOnLocalSession"},
    ErrorName{-121, "NoWatcher"},
    ErrorName{-122, "RequestTimeout"},
    ErrorName{-123, "ReconfigDisabled"},
    ErrorName{-124, "SessionClosedRequireSaslAuth"},
    ErrorName{-125, "QuotaExceeded"},
    ErrorName{-127, "ThrottledOp"},
};

}  // namespace

std::string_view op_name(OpCode op) {
  const OpNames* at = find_op(op);
  return at ? at->name : "unknown";
}

std::string_view op_word(OpCode op) {
  const OpNames* at = find_op(op);
  return at ? at->word : "NA";
}

bool is_known(OpCode op) {
  const OpNames* at = find_op(op);
  return at && at->known;
}

std::string_view error_name(ErrorCode err) {
  const auto* at = std::ranges::find(error_table, static_cast<std::int32_t>(err), &ErrorName::code);
  return at == error_table.end() ? "unknown" : at->name;
}

}  // namespace paddock::proto
