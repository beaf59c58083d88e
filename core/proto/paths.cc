#include "core/proto/paths.h"

#include "core/proto/utf8.h"

namespace paddock::proto {
namespace {

bool is_path_character(char32_t c) {
  return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && !(c >= 0xd800 && c <= 0xf8ff) && c < 0xfff0;
}

bool is_component(std::string_view name) {
  if (name.empty() || name == "." || name == "..") return false;
  for (std::size_t i = 0; i < name.size();) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte >= 0x20 && byte < 0x7f) {
      ++i;
      continue;
    }
    const CodePoint next = utf8_first(name.substr(i));
    if (!is_path_character(next.value)) return false;
    i += next.bytes;
  }
  return true;
}

}  // namespace

bool is_valid_path(std::string_view path) {
  if (path.empty() || path.front() != '/') return false;
  if (path.size() == 1) return true;
  for (std::size_t slash = 0; slash < path.size();) {
    std::size_t end = path.find('/', slash + 1);
    if (end == std::string_view::npos) end = path.size();
    if (!is_component(path.substr(slash + 1, end - slash - 1))) return false;
    slash = end;
  }
  return true;
}

std::optional<ParentAndName> split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || has_nul(path)) return std::nullopt;
  return ParentAndName{path.substr(0, slash), path.substr(slash + 1)};
}

bool is_reserved_path(std::string_view path) {
  return path == "/" || path == zookeeper_path || path == quota_path || path == config_path;
}

}  // namespace paddock::proto
