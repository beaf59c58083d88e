// Runs a fuzz target over the files of its corpus without libFuzzer, so that every build and every
// sanitizer sees them: one TAP line a file. A target reports a finding by ending the process.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string text{std::istreambuf_iterator<char>(in), {}};
      // A copy of exactly this size, so that ASan sees the first byte read behind it.
      const std::vector<std::uint8_t> bytes(text.begin(), text.end());
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
      std::printf("ok %d - %s\n", ++files, entry.path().filename().c_str());
      std::fflush(stdout);
    }
  }
  std::printf("1..%d\n", files);
}
