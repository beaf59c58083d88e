#pragma once

namespace paddock {

/// Ours, as `paddock version` prints it.
constexpr const char* version = PADDOCK_VERSION;

/// What the four-letter words call "Zookeeper version": the release whose protocol is spoken, ours,
/// and a date. Tools take it apart by pattern: go-zk wants [A-Za-z0-9.-]+ and MM/DD/YYYY HH:MM TZ.
/// The date is the release's, not the build's, so that builds are reproducible.
constexpr const char* zookeeper_version =
    "3.9.5-paddock-" PADDOCK_VERSION ", built on 11/22/2026 12:00 UTC";

}  // namespace paddock
