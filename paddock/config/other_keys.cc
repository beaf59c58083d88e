#include "paddock/config/keys.h"

namespace paddock::config {
namespace {

constexpr std::string_view one_server = "this server is not part of an ensemble";
constexpr std::string_view no_ensemble =
    "ensembles are not implemented: this server would serve on its own, with a tree of its own, "
    "while its clients expect one that all servers agree on";
constexpr std::string_view no_tls =
    "TLS is not implemented: clients that expect an encrypted port would find none, or a plain one";
constexpr std::string_view no_provider =
    "authentication providers cannot be loaded: identities that it proves, and the requests it "
    "forbids, would not be known";
constexpr std::string_view no_enforcement =
    "it is not implemented: clients that have not authenticated would be let in";
constexpr std::string_view java_only = "it tunes the original's threads, queues or caches";
constexpr std::string_view no_throttle =
    "throttling works by maxClientCnxns, maxCnxns, globalOutstandingLimit and inFlightBytesMax";
constexpr std::string_view no_admin = "there is no HTTP admin server; four-letter words answer";
constexpr std::string_view no_sasl = "SASL is not implemented: no client gets such an identity";
constexpr std::string_view own_batching = "writes are batched while the previous sync is under way";

constexpr OtherKey refused(std::string_view name, std::string_view reason,
                           std::string_view harmless = {}) {
  return {name, true, harmless, reason};
}
constexpr OtherKey ignored(std::string_view name, std::string_view reason) {
  return {name, false, {}, reason};
}

const OtherKey table[] = {
    // What must not be ignored.
    refused("server.*", no_ensemble),
    refused("dynamicConfigFile", no_ensemble),
    refused("quorum.*", no_ensemble),
    refused("sslQuorum", no_ensemble, "false"),
    refused("secureClientPort*", no_tls),
    refused("ssl.*", no_tls),
    refused("authProvider.*", no_provider),
    refused("enforce.auth.enabled", no_enforcement, "false"),
    refused("enforce.auth.*", no_enforcement),
    refused("sessionRequireClientSASLAuth", no_enforcement, "false"),

    // Ensembles.
    ignored("initLimit", one_server),
    ignored("syncLimit", one_server),
    ignored("connectToLearnerMasterLimit", one_server),
    ignored("electionAlg", one_server),
    ignored("electionPortBindRetry", one_server),
    ignored("peerType", one_server),
    ignored("group.*", one_server),
    ignored("weight.*", one_server),
    ignored("standaloneEnabled", one_server),
    ignored("syncEnabled", one_server),
    ignored("leaderServes", one_server),
    ignored("cnxTimeout", one_server),
    ignored("tcpKeepAlive", one_server),
    ignored("quorumListenOnAllIPs", one_server),
    ignored("portUnification", one_server),
    ignored("multiAddress.*", one_server),
    ignored("learner.*", one_server),
    ignored("leader.*", one_server),
    ignored("observer.*", one_server),
    ignored("observerMasterPort", one_server),
    ignored("commitLogCount", one_server),
    ignored("localSessionsEnabled", one_server),
    ignored("localSessionsUpgradingEnabled", one_server),
    ignored("readonlymode.enabled",
            "this server is read-only when its disk is full, and only then"),
    ignored("enableEagerACLCheck", one_server),
    ignored("configBackwardCompatibilityMode", one_server),
    ignored("lastCommitted", one_server),
    ignored("DigestAuthenticationProvider.enabledQuorum", one_server),

    // Identities that no client can have here.
    ignored("superUser", no_sasl),
    ignored("superUser.*", no_sasl),
    ignored("letAnySaslUserDoX", no_sasl),
    ignored("allowSaslFailedClients", no_sasl),
    ignored("kerberos.*", no_sasl),
    ignored("jaasLoginRenew", no_sasl),
    ignored("sasl.*", no_sasl),
    ignored("X509AuthenticationProvider.superUser", "TLS is not implemented"),
    ignored("client.portUnification", "TLS is not implemented"),
    ignored("client.*", "TLS is not implemented"),
    ignored("fips-mode", "TLS is not implemented"),

    // Admin, metrics, audit.
    ignored("admin.*", no_admin),
    ignored("metricsProvider.*",
            "there is no Prometheus exporter; the word mntr shows the metrics"),
    ignored("audit.*", "there is no audit log; sessions are in the log"),
    ignored("jvm.*", "there is no virtual machine"),
    ignored("jmx.*", "there is no virtual machine"),
    ignored("serverCnxnFactory", "there is one way to serve connections"),

    // Disk.
    ignored("txnLogSizeLimitInKb", "a log segment has the size that preAllocSize gives"),
    ignored("flushDelay", own_batching),
    ignored("maxWriteQueuePollTime", own_batching),
    ignored("maxBatchSize", own_batching),
    ignored("snapshot.compression.method", "snapshots are not compressed"),
    ignored("snapshot.trust.empty", "a log without its snapshot is never trusted"),
    ignored("datadir.autocreate", "the data directory is made if it is not there"),
    ignored("snapshot.*", "snapshots are written at a batch end, in the background"),
    ignored("restore.*", no_admin),
    ignored("jute.maxbuffer.extrasize", "what is in the log is not bounded by jute.maxbuffer"),
    ignored("emulate353TTLNodes", "TTL nodes of ZooKeeper 3.5.3 cannot be in this server's log"),
    ignored("skipTxnEnabled", java_only),
    ignored("serializeLastProcessedZxid.enabled", "snapshots always hold it"),
    ignored("digest.*", java_only),

    // Threads, queues, caches, throttles of the original.
    ignored("nio.*", java_only),
    ignored("netty.*", java_only),
    ignored("commitProcessor.*", java_only),
    ignored("readResponseCacheSize", java_only),
    ignored("maxResponseCacheSize", java_only),
    ignored("maxGetChildrenResponseCacheSize", java_only),
    ignored("watchManagerName", java_only),
    ignored("watcherCleanThreadsNum", java_only),
    ignored("watcherCleanThreshold", java_only),
    ignored("watcherCleanIntervalInSeconds", java_only),
    ignored("maxInProcessingDeadWatchers", java_only),
    ignored("bitHashCacheSize", java_only),
    ignored("intBufferStartingSizeBytes", java_only),
    ignored("messageTracker.*", java_only),
    ignored("closeSessionTxn.enabled", java_only),
    ignored("request_throttler.*", no_throttle),
    ignored("request_throttle_*", no_throttle),
    ignored("throttled_op_wait_time", no_throttle),
    ignored("throttledOpWaitTime", no_throttle),
    ignored("connection_throttle_*", no_throttle),
    ignored("largeRequestMaxBytes", no_throttle),
    ignored("largeRequestThreshold", no_throttle),
    ignored("request.timeout", java_only),
    ignored("4lw.*", "4lw.commands.whitelist decides"),
    ignored("traceMask", "there is one log level, logLevel"),
};

bool fits(const OtherKey& key, std::string_view name) {
  if (!key.name.ends_with('*')) return key.name == name;
  return name.starts_with(key.name.substr(0, key.name.size() - 1));
}

}  // namespace

std::span<const OtherKey> other_keys() { return table; }

const OtherKey* find_other(std::string_view name) {
  name = without_prefix(name);
  const OtherKey* best = nullptr;
  for (const OtherKey& key : table) {
    if (!fits(key, name)) continue;
    const bool exact = !key.name.ends_with('*');
    if (exact) return &key;
    if (best == nullptr || key.name.size() > best->name.size()) best = &key;
  }
  return best;
}

}  // namespace paddock::config
