#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/scripts/core_verbs.h"
#include "tests/scripts/script.h"

/// Runs the cases of tests/scripts/core/*.txt; `--rewrite` writes what they give into them instead.
namespace paddock::scripts {
namespace {

const std::string folder = std::string(PADDOCK_SOURCE_ROOT) + "/tests/scripts/core";

class CoreScript : public testing::Test {
 public:
  explicit CoreScript(const Case& with) : case_(with) {}
  void TestBody() override {
    const std::string trace = CoreWorld().run(case_.commands);
    EXPECT_EQ(trace, case_.expected) << "read the difference; if it is wanted: ./dev rewrite";
    EXPECT_EQ(trace.find("NO SUCH COMMAND"), trace.npos);
    EXPECT_EQ(trace.find("ANOTHER STATE"), trace.npos);
    EXPECT_EQ(trace.find("WRONG"), trace.npos);
  }

 private:
  Case case_;
};

/// "a name" of sequence.txt is the test CoreScript.sequence_a_name.
std::string test_name(const File& file, const Case& one) {
  const std::size_t slash = file.path.rfind('/') + 1;
  std::string name = file.path.substr(slash, file.path.rfind('.') - slash) + "_" + one.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

int rewrite() {
  for (File& file : read_files(folder)) {
    for (Case& one : file.cases) one.expected = CoreWorld().run(one.commands);
    write_file(file);
    fmt::print("{}: {} cases\n", file.path, file.cases.size());
  }
  return 0;
}

int run(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc > 1 && std::strcmp(argv[1], "--rewrite") == 0) return rewrite();
  for (const File& file : read_files(folder))
    for (const Case& one : file.cases)
      testing::RegisterTest("CoreScript", test_name(file, one).c_str(), nullptr, nullptr, __FILE__,
                            __LINE__, [one]() -> CoreScript* { return new CoreScript(one); });
  return RUN_ALL_TESTS();
}

}  // namespace
}  // namespace paddock::scripts

int main(int argc, char** argv) { return paddock::scripts::run(argc, argv); }
