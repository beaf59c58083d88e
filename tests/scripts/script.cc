#include "tests/scripts/script.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace paddock::scripts {
namespace {

constexpr std::string_view case_mark = "== ";
constexpr std::string_view line_of_dashes = "----";
constexpr std::string_view options[] = {"acl", "at", "flags", "never", "timeout", "ttl", "v"};

File read_file(const std::string& path) {
  File file;
  file.path = path;
  std::ifstream in(path);
  bool is_expected = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(case_mark)) {
      file.cases.push_back({.name = line.substr(case_mark.size())});
      is_expected = false;
    } else if (file.cases.empty()) {
      file.head += line + "\n";
    } else if (is_expected) {
      file.cases.back().expected += line + "\n";
    } else if (line == line_of_dashes) {
      is_expected = true;
    } else {
      file.cases.back().commands.push_back(line);
    }
  }
  for (Case& one : file.cases) {
    while (one.expected.ends_with("\n\n")) one.expected.pop_back();
    while (!one.commands.empty() && one.commands.back().empty()) one.commands.pop_back();
  }
  return file;
}

}  // namespace

std::vector<File> read_files(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".txt") paths.push_back(entry.path().string());
  std::ranges::sort(paths);
  std::vector<File> files;
  for (const std::string& path : paths) files.push_back(read_file(path));
  return files;
}

void write_file(const File& file) {
  std::ofstream out(file.path, std::ios::trunc);
  out << file.head;
  for (std::size_t i = 0; i < file.cases.size(); ++i) {
    const Case& one = file.cases[i];
    out << (i == 0 ? "" : "\n") << case_mark << one.name << "\n";
    for (const std::string& command : one.commands) out << command << "\n";
    out << line_of_dashes << "\n" << one.expected;
  }
}

Command::Command(const std::string& line) {
  std::istringstream in(line);
  for (std::string word; in >> word;) words_.push_back(word);
  if (words_.empty()) words_.emplace_back();
}

bool Command::has(const std::string& flag) const {
  return std::find(words_.begin() + 1, words_.end(), flag) != words_.end();
}

std::string Command::option(const std::string& name, const std::string& otherwise) const {
  for (std::size_t i = 1; i < words_.size(); ++i)
    if (words_[i].starts_with(name + "=")) return words_[i].substr(name.size() + 1);
  return otherwise;
}

long long Command::number(const std::string& name, long long otherwise) const {
  const std::string text = option(name);
  return text.empty() ? otherwise : std::strtoll(text.c_str(), nullptr, 0);
}

std::string Command::argument(std::size_t i) const {
  for (std::size_t at = 1; at < words_.size(); ++at) {
    const std::string name = words_[at].substr(0, words_[at].find('='));
    if (name != words_[at] && std::ranges::find(options, name) != std::end(options)) continue;
    if (i-- == 0) return words_[at];
  }
  return "";
}

}  // namespace paddock::scripts
