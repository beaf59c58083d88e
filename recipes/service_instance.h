#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace paddock::recipes {

/// One place where a service is served, as Curator's ServiceInstance with its JSON:
///
///   {"name":"orders","id":"7f...","address":"10.0.0.7","port":8080,"sslPort":null,"payload":null,
///    "registrationTimeUTC":1700000000000,"serviceType":"DYNAMIC","uriSpec":null}
struct ServiceInstance {
  std::string name;     ///< of the service; a node name
  std::string id = {};  ///< of this instance, unique in the service; a node name
  std::string address = {};
  std::optional<std::uint16_t> port = {};
  std::optional<std::uint16_t> ssl_port = {};
  /// For the application: text, or of a foreign instance whatever else there is, as JSON.
  std::string payload = {};
  std::int64_t registered_ms = 0;  ///< Unix time, set when it is registered
  bool operator==(const ServiceInstance&) const = default;
};

std::string to_json(const ServiceInstance& instance);
/// nullopt for what is not such an object. Unknown members are ignored, missing ones empty.
std::optional<ServiceInstance> parse_service_instance(std::string_view json);

}  // namespace paddock::recipes
