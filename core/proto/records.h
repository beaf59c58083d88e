#pragma once

/// All records of the protocol.
#include "core/proto/connect_records.h"
#include "core/proto/multi.h"
#include "core/proto/reply_records.h"
#include "core/proto/request_records.h"
