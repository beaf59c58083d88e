#include "recipes/counter.h"

#include <limits>

#include "tests/unit/recipes/world.h"

namespace paddock::recipes::test {
namespace {

using namespace std::string_literals;

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();

std::string node_of(Client& client) { return client.get_data(test_path()).wait(patience)->data; }

TEST(Counter, CountsFromNothing) {
  const auto client = connect();
  Counter counter(*client, test_path());
  EXPECT_EQ(counter.get(patience), 0);
  EXPECT_EQ(counter.add(5, patience), 5);
  EXPECT_EQ(counter.add(-7, patience), -2);
  EXPECT_EQ(node_of(*client), "-2");
  EXPECT_TRUE(counter.set(40, patience));
  EXPECT_EQ(counter.add(2, patience), 42);
  EXPECT_EQ(counter.get(patience), 42);
}

TEST(Counter, ComparesAndSets) {
  const auto client = connect();
  Counter counter(*client, test_path());
  EXPECT_EQ(counter.compare_and_set(0, 7, patience), true);
  EXPECT_EQ(counter.compare_and_set(0, 8, patience), false);
  EXPECT_EQ(counter.compare_and_set(7, 8, patience), true);
  EXPECT_EQ(counter.get(patience), 8);
}

TEST(Counter, WritesCuratorsBytes) {
  const auto client = connect();
  Counter wide(*client, test_path(), {.layout = CounterLayout::big_endian_64});
  EXPECT_EQ(wide.add(258, patience), 258);
  EXPECT_EQ(node_of(*client), "\0\0\0\0\0\0\1\2"s);
  EXPECT_EQ(wide.add(-259, patience), -1);
  EXPECT_EQ(node_of(*client), "\xff\xff\xff\xff\xff\xff\xff\xff"s);
  EXPECT_EQ(wide.get(patience), -1);
  ASSERT_TRUE(client->set_data(test_path(), "").wait(patience));
  Counter narrow(*client, test_path(), {.layout = CounterLayout::big_endian_32});
  EXPECT_EQ(narrow.add(-2, patience), -2);
  EXPECT_EQ(node_of(*client), "\xff\xff\xff\xfe"s);
  EXPECT_EQ(narrow.get(patience), -2);
}

TEST(Counter, DoesNotOverflow) {
  const auto client = connect();
  Counter counter(*client, test_path());
  ASSERT_TRUE(counter.set(most, patience));
  EXPECT_EQ(counter.add(1, patience).error(), Error::bad_arguments);
  EXPECT_EQ(counter.get(patience), most);
  ASSERT_TRUE(counter.set(least, patience));
  EXPECT_EQ(counter.add(-1, patience).error(), Error::bad_arguments);
  EXPECT_EQ(counter.get(patience), least);
  ASSERT_TRUE(client->set_data(test_path(), "").wait(patience));
  Counter narrow(*client, test_path(), {.layout = CounterLayout::big_endian_32});
  ASSERT_TRUE(narrow.set(std::numeric_limits<std::int32_t>::max(), patience));
  EXPECT_EQ(narrow.add(1, patience).error(), Error::bad_arguments);
  EXPECT_EQ(narrow.set(most, patience).error(), Error::bad_arguments);
}

TEST(Counter, RefusesWhatIsNoNumber) {
  const auto client = connect();
  create_node(*client, test_path());
  Counter counter(*client, test_path());
  Counter wide(*client, test_path(), {.layout = CounterLayout::big_endian_64});
  for (const std::string text : {"x", "1x", " 1", "9223372036854775808", "1.5", "-"}) {
    ASSERT_TRUE(client->set_data(test_path(), text).wait(patience));
    EXPECT_EQ(counter.get(patience).error(), Error::marshalling_error) << text;
    EXPECT_EQ(counter.add(1, patience).error(), Error::marshalling_error) << text;
    EXPECT_EQ(counter.compare_and_set(0, 1, patience).error(), Error::marshalling_error) << text;
    EXPECT_EQ(node_of(*client), text);
  }
  EXPECT_EQ(wide.get(patience).error(), Error::marshalling_error);
}

TEST(Counter, NoAddIsLostAmongManyThreads) {
  constexpr int thread_count = 4;
  constexpr int rounds = 25;
  std::vector<std::thread> threads;
  for (int i = 0; i < thread_count; ++i) {
    threads.emplace_back([] {
      const auto client = connect();
      Counter counter(*client, "/Counter.NoAddIsLostAmongManyThreads",
                      {.value = {.receipts = true}});
      for (int round = 0; round < rounds; ++round) {
        const auto added = counter.add(1, patience);
        ASSERT_TRUE(added) << error_text(added.error());
        if (round % 8 == 7) client->drop_connection();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto client = connect();
  EXPECT_EQ(Counter(*client, test_path()).get(patience), thread_count * rounds);
  await_children(*client, test_path(), 0);
}

}  // namespace
}  // namespace paddock::recipes::test
