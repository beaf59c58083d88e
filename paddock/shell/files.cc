#include "paddock/shell/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace paddock::shell {
namespace {

std::string trouble(const std::string& path) {
  return (path == "-" ? std::string("standard input") : path) + ": " + std::strerror(errno);
}

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

}  // namespace

Result<std::string, std::string> read_file(const std::string& path) {
  const File file(path == "-" ? stdin : std::fopen(path.c_str(), "rbe"));
  if (!file) return tl::unexpected(trouble(path));
  std::string bytes;
  char chunk[64 << 10];
  while (const std::size_t got = std::fread(chunk, 1, sizeof(chunk), file.get()))
    bytes.append(chunk, got);
  if (std::ferror(file.get())) return tl::unexpected(trouble(path));
  return bytes;
}

Result<void, std::string> write_file(const std::string& path, std::string_view bytes) {
  File file(std::fopen(path.c_str(), "wbe"));
  if (!file) return tl::unexpected(trouble(path));
  const bool is_written = std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size();
  if (!is_written || std::fclose(file.release()) != 0) return tl::unexpected(trouble(path));
  return {};
}

}  // namespace paddock::shell
