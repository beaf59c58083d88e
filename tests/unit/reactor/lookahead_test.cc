#include "paddock/reactor/lookahead.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace paddock::reactor {
namespace {

/// A frame of a request whose body is `body`.
std::string frame(const std::string& body) {
  ByteBuffer out;
  const proto::FrameStart start = proto::begin_frame(out);
  out.append(as_bytes(std::string(proto::request_header_bytes, '\1')));
  out.append(as_bytes(body));
  proto::end_frame(out, start);
  return std::string(as_text(out.bytes()));
}

/// What a frame may hold, from a good path to what is none; nothing of it is checked by now.
std::vector<std::string> frames() {
  using namespace std::string_literals;
  return {frame("\0\0\0\2/a"s),
          frame(""s),
          frame("\0\0"s),
          frame("\0\0\0\x9/a"s),
          frame("\xff\xff\xff\xff"s),
          frame("\x7f\xff\xff\xff/a"s),
          frame("\0\0\0\0"s),
          frame("\0\0\0\3a/b"s),
          "\0\0\0\3abc"s,
          "\0\0\0\0"s};
}

/// Serves `input` frame by frame behind a look ahead. The sanitizers see reads beyond its end.
void serve(const std::string& input) {
  core::Trie trie({});
  Lookahead ahead(trie, 1000);
  // On the heap, with nothing behind it.
  const std::vector<char> bytes(input.begin(), input.end());
  Bytes rest = as_bytes(std::string_view(bytes.data(), bytes.size()));
  while (true) {
    const proto::FrameSplit split = proto::split_frame(rest, 1000);
    if (split.kind != proto::FrameSplit::Kind::complete) break;
    ahead.go_on(rest);
    rest = rest.subspan(split.bytes);
    ahead.served(split.bytes);
  }
  ahead.go_on(rest);
}

TEST(Lookahead, TakesWhateverFramesHold) {
  const std::vector<std::string> all = frames();
  std::string in_order, backwards;
  for (const std::string& one : all) {
    in_order += one;
    backwards.insert(0, one);
  }
  serve(in_order);
  serve(backwards);
  for (const std::string& one : all) serve(one);
}

TEST(Lookahead, StopsAtAFrameThatIsNotAllThereOrTooLong) {
  const std::string whole = frames()[0] + frames()[0] + frames()[0];
  for (std::size_t length = 0; length <= whole.size(); ++length) serve(whole.substr(0, length));
  serve(frames()[0] + "\x7f\xff\xff\xff" + frames()[0]);
}

}  // namespace
}  // namespace paddock::reactor
