#include "recipes/service_instance.h"

#include <nlohmann/json.hpp>

namespace paddock::recipes {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(std::optional<std::uint16_t> number) {
  return number ? Json(*number) : Json(nullptr);
}

std::string text_of(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_string()) return {};
  return value->get<std::string>();
}

std::optional<std::uint16_t> port_of(const Json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_number_integer()) return std::nullopt;
  const auto number = value->get<std::int64_t>();
  if (number < 0 || number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

}  // namespace

std::string to_json(const ServiceInstance& instance) {
  const Json object = {
      {"name", instance.name},
      {"id", instance.id},
      {"address", instance.address.empty() ? Json(nullptr) : Json(instance.address)},
      {"port", number_or_null(instance.port)},
      {"sslPort", number_or_null(instance.ssl_port)},
      {"payload", instance.payload.empty() ? Json(nullptr) : Json(instance.payload)},
      {"registrationTimeUTC", instance.registered_ms},
      {"serviceType", "DYNAMIC"},
      {"uriSpec", nullptr},
  };
  // Bytes that are not UTF-8 would throw; they become U+FFFD.
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<ServiceInstance> parse_service_instance(std::string_view json) {
  const Json object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  ServiceInstance instance;
  instance.name = text_of(object, "name");
  instance.id = text_of(object, "id");
  if (instance.name.empty() || instance.id.empty()) return std::nullopt;
  instance.address = text_of(object, "address");
  instance.port = port_of(object, "port");
  instance.ssl_port = port_of(object, "sslPort");
  instance.payload = text_of(object, "payload");
  if (const auto payload = object.find("payload");
      payload != object.end() && !payload->is_string() && !payload->is_null()) {
    instance.payload = payload->dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  if (const auto time = object.find("registrationTimeUTC");
      time != object.end() && time->is_number_integer()) {
    instance.registered_ms = time->get<std::int64_t>();
  }
  return instance;
}

}  // namespace paddock::recipes
