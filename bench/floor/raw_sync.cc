// The floor of a durable write: how long one write of so many bytes and its sync take on a file
// that has been written before (recycled), which is what a log that reuses its segments can reach.
// Prints one JSON object. Refuses file systems that live in memory: what they call a sync is none.
//
//   raw_sync FOLDER [--seconds S] [--bytes N]... [--how direct|fdatasync]...

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "core/base/histogram.h"

namespace {

constexpr std::size_t alignment = 4096;
/// Long enough that the device sees no block twice in a row, short enough to be written soon.
constexpr std::size_t file_bytes = 64u << 20;

[[noreturn]] void stop(const std::string& what) {
  std::fprintf(stderr, "raw_sync: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

std::int64_t now_ns() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

struct FreeDeleter {
  void operator()(void* memory) const { std::free(memory); }
};

/// A file of file_bytes with written blocks, gone when the program ends.
int written_file(const std::string& folder, const void* block, std::size_t block_bytes,
                 bool is_direct) {
  const std::string path = folder + "/raw-sync-" + std::to_string(::getpid());
  const int flags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC;
  const int file = ::open(path.c_str(), is_direct ? flags | O_DIRECT | O_DSYNC : flags, 0600);
  if (file < 0) stop(path);
  ::unlink(path.c_str());
  for (std::size_t at = 0; at < file_bytes; at += block_bytes) {
    if (::pwrite(file, block, block_bytes, static_cast<off_t>(at)) !=
        static_cast<ssize_t>(block_bytes))
      stop("write");
  }
  if (::fsync(file) != 0) stop("fsync");
  return file;
}

void measure(const std::string& folder, std::size_t bytes, bool is_direct, double seconds,
             bool is_first) {
  const std::size_t padded = (bytes + alignment - 1) / alignment * alignment;
  constexpr std::size_t fill_bytes = 1u << 20;
  const std::size_t memory_bytes = padded > fill_bytes ? padded : fill_bytes;
  const std::unique_ptr<void, FreeDeleter> memory(std::aligned_alloc(alignment, memory_bytes));
  std::memset(memory.get(), 'p', memory_bytes);
  const int file = written_file(folder, memory.get(), fill_bytes, is_direct);
  const auto latencies = std::make_unique<paddock::Histogram>();
  const std::int64_t end_ns = now_ns() + static_cast<std::int64_t>(seconds * 1e9);
  std::size_t at = 0;
  std::int64_t begin_ns = now_ns();
  while (begin_ns < end_ns) {
    if (at + padded > file_bytes) at = 0;
    // A new count in the block, so that nothing between here and the disk can skip it.
    std::memcpy(memory.get(), &begin_ns, sizeof begin_ns);
    if (::pwrite(file, memory.get(), padded, static_cast<off_t>(at)) !=
        static_cast<ssize_t>(padded))
      stop("write");
    if (!is_direct && ::fdatasync(file) != 0) stop("fdatasync");
    at += padded;
    const std::int64_t now = now_ns();
    latencies->record(now - begin_ns);
    begin_ns = now;
  }
  ::close(file);
  const auto us = [](std::int64_t ns) { return static_cast<double>(ns) / 1e3; };
  std::printf(
      "%s\n  {\"how\": \"%s\", \"bytes\": %zu, \"count\": %llu, \"mean_us\": %.1f, "
      "\"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}",
      is_first ? "" : ",", is_direct ? "direct" : "fdatasync", padded,
      static_cast<unsigned long long>(latencies->count()), latencies->mean() / 1e3,
      us(latencies->percentile(0.5)), us(latencies->percentile(0.99)), us(latencies->max()));
}

}  // namespace

int main(int argc, char** argv) {
  std::string folder;
  double seconds = 1;
  std::vector<std::size_t> sizes = {4096, 16384, 65536, 262144};
  std::vector<std::string> ways = {"direct", "fdatasync"};
  CLI::App app("How long a durable write takes on a file that has been written before.");
  app.add_option("folder", folder, "where the file is made; the log's file system")->required();
  app.add_option("--seconds", seconds, "for each size and way")->check(CLI::Range(0.0, 3600.0));
  app.add_option("--bytes", sizes, "padded up to 4096")->check(CLI::Range(1, 64 << 20));
  app.add_option("--how", ways)->check(CLI::IsMember({"direct", "fdatasync"}));
  CLI11_PARSE(app, argc, argv);
  struct statfs system {};
  if (::statfs(folder.c_str(), &system) != 0) stop(folder);
  if (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC) {
    std::fprintf(stderr, "raw_sync: %s is in memory: it has no durable write\n", folder.c_str());
    return 1;
  }
  std::printf("{\"syncs\": [");
  bool is_first = true;
  for (const std::string& way : ways) {
    for (const std::size_t bytes : sizes) {
      measure(folder, bytes, way == "direct", seconds, is_first);
      is_first = false;
    }
  }
  std::printf("\n]}\n");
}
