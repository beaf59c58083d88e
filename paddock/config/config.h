#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace paddock {

/// Every value that the daemon can be told, after defaults, file and flags have been merged and
/// checked: who reads it needs no range checks and no "unset" cases. The definitions (names,
/// ranges, defaults, flags) are the table in keys.cc; each field names its key. Threads: immutable.
struct Config {
  // --- Where clients connect.
  std::string client_address;    ///< clientPortAddress: host or address; empty = all, IPv4 and IPv6
  std::int64_t client_port = 0;  ///< clientPort: 0..65535; 0 = the kernel picks
  std::int64_t listen_backlog = 0;  ///< clientPortListenBacklog: -1 = the kernel's own limit
  bool tcp_keep_alive = false;      ///< clientTcpKeepAlive

  // --- Where data lives.
  std::string data_dir;      ///< dataDir: snapshots, lock file, client.port
  std::string data_log_dir;  ///< dataLogDir: log segments; equal to data_dir unless set

  // --- Threads.
  std::int64_t reactors = 1;          ///< reactors: 1..64
  std::int64_t busy_poll_us = 0;      ///< busyPollUs: how long each wait spins (net::BusyPoll)
  std::int64_t adaptive_poll_us = 0;  ///< adaptivePollUs: how long while waits are short; 0 = never

  // --- Sessions. All times in ms.
  std::int64_t tick_ms = 0;                 ///< tickTime
  std::int64_t session_timeout_ms_min = 0;  ///< minSessionTimeout: 2 ticks unless set
  std::int64_t session_timeout_ms_max = 0;  ///< maxSessionTimeout: 20 ticks unless set; >= min
  std::int64_t handshake_timeout_ms = 0;    ///< nio.sessionlessCnxnTimeout

  // --- Bounds on what clients may take.
  std::int64_t client_connections_max = 0;  ///< maxClientCnxns: per address; 0 = unlimited
  std::int64_t connections_max = 0;         ///< maxCnxns: in all; 0 = unlimited
  std::int64_t frame_bytes_max = 0;      ///< jute.maxbuffer: a longer frame closes the connection
  std::int64_t outstanding_max = 0;      ///< globalOutstandingLimit: requests; 0 = none
  std::int64_t in_flight_bytes_max = 0;  ///< inFlightBytesMax: request bytes of all connections
  std::int64_t output_bytes_max = 0;     ///< outputBytesMax: unsent bytes of one connection
  std::int64_t output_bytes_total_max = 0;  ///< outputBytesTotalMax: unsent bytes of all

  // --- Log and snapshots.
  bool force_sync = true;                 ///< forceSync: false acknowledges before the sync
  std::int64_t slow_sync_warning_ms = 0;  ///< fsync.warningthresholdms
  std::int64_t segment_kib = 0;           ///< preAllocSize: size of a log segment, KiB
  std::int64_t log_writes_in_flight = 0;  ///< logWritesInFlight: batches written at once, 1..8
  std::int64_t snap_count = 0;            ///< snapCount: a snapshot each n/2..n transactions
  std::int64_t snap_log_kib_max = 0;      ///< snapSizeLimitInKb: or after so much log; <= 0 = off
  std::int64_t snap_retain_count = 0;     ///< autopurge.snapRetainCount: >= 3
  std::int64_t purge_interval_hours = 0;  ///< autopurge.purgeInterval: 0 = nothing is ever removed

  // --- Behaviour of the tree.
  bool extended_types_enabled = true;            ///< extendedTypesEnabled: TTL nodes
  bool enforce_quota = false;                    ///< enforceQuota: hard quotas refuse
  bool skip_acl = false;                         ///< skipACL: yes = every permission check passes
  bool digest_enabled = true;                    ///< digest.enabled: what the word hash shows
  bool reconfig_enabled = false;                 ///< reconfigEnabled: which error reconfig answers
  std::int64_t container_check_interval_ms = 0;  ///< znode.container.checkIntervalMs
  std::int64_t container_per_minute_max = 0;     ///< znode.container.maxPerMinute
  std::int64_t container_never_used_ms_max =
      0;  ///< znode.container.maxNeverUsedIntervalMs; 0 = off

  // --- Identities.
  std::string super_digest;  ///< DigestAuthenticationProvider.superDigest: "super:hash" or empty
  std::string
      digest_algorithm;  ///< DigestAuthenticationProvider.digestAlg: as OpenSSL and Java name it
  bool digest_auth_enabled = true;  ///< DigestAuthenticationProvider.enabled: scheme digest exists

  // --- Operators.
  std::string four_letter_words;  ///< 4lw.commands.whitelist: list, see words/whitelist.h
  std::string log_level;          ///< logLevel: trace, debug, info, warn, error

  /// Where each value came from, by the key's name: "default", "zoo.cfg:12", "--client-port".
  std::map<std::string, std::string, std::less<>> sources;
  std::string config_file;  ///< as given with --config; empty without
};

}  // namespace paddock
