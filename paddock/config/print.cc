#include "paddock/config/print.h"

#include <algorithm>
#include <array>
#include <vector>

#include "paddock/config/keys.h"

namespace paddock::config {
namespace {

using Row = std::array<std::string, 5>;

Row row_of(const UsedKey& key, const Config& config) {
  std::string value = text_of(key, config);
  if (key.secret && !value.empty()) value = "(set)";
  if (value.empty()) value = "(none)";
  const auto source = config.sources.find(key.name);
  return {std::string(key.name), value, key.unit.empty() ? "-" : std::string(key.unit),
          range_of(key), source == config.sources.end() ? "?" : source->second};
}

}  // namespace

std::string to_table(const Config& config) {
  std::vector<Row> rows = {{"KEY", "VALUE", "UNIT", "RANGE", "SOURCE"}};
  for (const UsedKey& key : used_keys()) rows.push_back(row_of(key, config));

  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());

  std::string table;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      table += row[i];
      if (i + 1 < row.size()) table.append(widths[i] + 2 - row[i].size(), ' ');
    }
    table += '\n';
  }
  return table;
}

}  // namespace paddock::config
