#pragma once

#include "bench/load/faults.h"
#include "bench/load/measurement.h"
#include "bench/load/options.h"

namespace paddock::load {

/// A line for people, on standard error.
void print_summary(const Options& options, const Measurement& measurement, const Faults& faults);

/// Everything as one JSON object, into options.json. False if it could not be written.
bool write_json(const Options& options, const Measurement& measurement, const Faults& faults);

}  // namespace paddock::load
