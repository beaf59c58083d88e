#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "core/base/bytes.h"
#include "core/base/types.h"
#include "core/txn.h"

// Transactions for people and for programs. Passwords of sessions are never shown.
namespace paddock::tools {

/// "0x100000001".
std::string hex(Zxid zxid);
std::string hex(SessionId session);

/// One line for the transaction and one a step, indented by `indent` spaces and ending in '\n'.
/// Data is shown as text with \xNN escapes, cut behind 64 bytes.
std::string text_of(const core::Txn& txn, int indent);

/// All of it; "data" is hex, null for null data.
nlohmann::json json_of(const core::Txn& txn);

}  // namespace paddock::tools
