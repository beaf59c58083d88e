#include "paddock/shell/walk.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace paddock::shell {
namespace {

/// A request costs a round trip: this many are started ahead of the one that is waited for.
constexpr std::size_t ahead_max = 128;

struct Entry {
  std::string path;
  std::string branches;
  std::optional<client::Pending<client::Children>> children;
};

void start_ahead(const Call& call, const WalkOptions& options, std::vector<Entry>& stack) {
  const std::size_t count = std::min(ahead_max, stack.size());
  for (std::size_t i = stack.size() - count; i < stack.size(); ++i) {
    if (!stack[i].children)
      stack[i].children = call.client().get_children(stack[i].path, options.watcher);
  }
}

}  // namespace

Result<void, WalkError> walk(const Call& call, const std::string& root, const WalkOptions& options,
                             const std::function<bool(const Visit&)>& visit) {
  std::vector<Entry> stack;
  stack.push_back({root, "", std::nullopt});
  while (!stack.empty()) {
    if (!stack.back().children) start_ahead(call, options, stack);
    const Entry entry = std::move(stack.back());
    stack.pop_back();
    client::Expected<client::Children> children = call.wait(*entry.children);
    const std::size_t depth = entry.branches.size();
    if (!children) {
      if (children.error() == client::Error::no_node && depth > 0) continue;
      return tl::unexpected(WalkError{children.error(), entry.path});
    }
    std::sort(children->names.begin(), children->names.end());
    if (depth < options.depth_max) {
      const std::vector<std::string>& names = children->names;
      for (std::size_t i = names.size(); i-- > 0;) {
        const char branch = i + 1 == names.size() ? 'l' : '.';
        stack.push_back({join_path(entry.path, names[i]), entry.branches + branch, std::nullopt});
      }
    }
    if (!visit({entry.path, depth, entry.branches, *children})) break;
  }
  return {};
}

}  // namespace paddock::shell
