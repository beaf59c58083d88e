#include "tests/property/coverage.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace paddock::property {

std::string Coverage::table() const {
  std::string text;
  std::string before;
  for (const auto& [key, count] : counts_) {
    if (key.first != before)
      text += fmt::format("{}{:22}", text.empty() ? "" : "\n", before = key.first);
    text += fmt::format(" {}:{}", key.second, count);
  }
  return text + "\n";
}

std::uint64_t Coverage::total() const {
  std::uint64_t total = 0;
  for (const auto& [key, count] : counts_) total += count;
  return total;
}

std::vector<std::string> Coverage::differences(const std::vector<Row>& required) const {
  std::set<std::pair<std::string, std::int32_t>> listed;
  std::vector<std::string> found;
  for (const Row& row : required)
    for (const std::int32_t code : row.codes) listed.emplace(row.operation, code);
  for (const auto& pair : listed)
    if (!counts_.contains(pair))
      found.push_back(fmt::format("{} never gave {}", pair.first, pair.second));
  for (const auto& [pair, count] : counts_)
    if (!listed.contains(pair))
      found.push_back(
          fmt::format("{} gave {}, which is not in the table", pair.first, pair.second));
  return found;
}

std::vector<Coverage::Row> all_answers() {
  const std::vector<std::int32_t> of_create{0, -5, -8, -101, -102, -108, -110, -112, -114};
  const std::vector<std::int32_t> of_delete{0, -5, -8, -101, -102, -103, -111, -112};
  const std::vector<std::int32_t> of_node{0, -8, -101, -102, -103, -112};
  const std::vector<std::int32_t> of_read{0, -101, -102};
  return {
      {"create", of_create},
      {"create2", of_create},
      {"createContainer", of_create},
      {"createTTL", of_create},
      {"delete", of_delete},
      {"setData", {0, -5, -8, -101, -102, -103, -112}},
      {"setACL", {0, -5, -8, -101, -102, -103, -112, -114}},
      {"multi", {0, -5}},
      {"multi.create", of_create},
      {"multi.create2", of_create},
      {"multi.createContainer", of_create},
      {"multi.createTTL", of_create},
      {"multi.delete", of_delete},
      {"multi.setData", of_node},
      {"multi.check", of_node},
      {"multi.failed", {0}},
      {"multi.rest", {-2}},
      // The server's own.
      {"createSession", {0, -8, -110}},
      {"closeSession", {0, -112}},
      {"deleteContainer", {0, -8, -101, -103, -111}},
      // Reads.
      {"exists", {0, -8, -101, -102}},
      {"getData", of_read},
      {"getACL", of_read},
      {"getChildren", of_read},
      {"getChildren2", of_read},
      {"getAllChildrenNumber", of_read},
  };
}

std::vector<Coverage::Row> without(std::vector<Coverage::Row> rows, std::int32_t code) {
  for (Coverage::Row& row : rows) std::erase(row.codes, code);
  return rows;
}

std::vector<Coverage::Row> with_too(std::vector<Coverage::Row> rows,
                                    const std::vector<std::string>& operations, std::int32_t code) {
  for (const std::string& operation : operations)
    std::ranges::find(rows, operation, &Coverage::Row::operation)->codes.push_back(code);
  return rows;
}

std::vector<Coverage::Row> with(std::vector<Coverage::Row> rows, const std::string& operation,
                                std::vector<std::int32_t> codes) {
  const auto row = std::ranges::find(rows, operation, &Coverage::Row::operation);
  row->codes = std::move(codes);
  return rows;
}

}  // namespace paddock::property
