#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace paddock::property {

/// How often each answer was given, and which ones a run must have met to count as a test.
class Coverage {
 public:
  void count(const std::string& operation, std::int32_t err) { ++counts_[{operation, err}]; }
  /// One line an operation: "delete  0:812 -101:77 ...".
  std::string table() const;
  std::uint64_t total() const;

  struct Row {
    std::string operation;
    std::vector<std::int32_t> codes;
  };
  /// What is missing from `required`, and what was met without being in it: the list says exactly
  /// which answers each operation has.
  std::vector<std::string> differences(const std::vector<Row>& required) const;

 private:
  std::map<std::pair<std::string, std::int32_t>, std::uint64_t> counts_;
};

/// All answers of all operations of a server with default options.
std::vector<Coverage::Row> all_answers();
/// The same without one code everywhere.
std::vector<Coverage::Row> without(std::vector<Coverage::Row> rows, std::int32_t code);
/// The same with `code` for each of the operations as well.
std::vector<Coverage::Row> with_too(std::vector<Coverage::Row> rows,
                                    const std::vector<std::string>& operations, std::int32_t code);
/// The same with one operation's codes replaced.
std::vector<Coverage::Row> with(std::vector<Coverage::Row> rows, const std::string& operation,
                                std::vector<std::int32_t> codes);

}  // namespace paddock::property
