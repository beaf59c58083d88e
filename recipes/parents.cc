#include "recipes/parents.h"

#include <string>
#include <utility>

namespace paddock::recipes {

using namespace client;

namespace {

/// One attempt after the other. Threads: loop-local, but for its start.
struct Attempt {
  Client& client;
  const std::string path;
  const CreateOptions options;
  const Deadline deadline;
  const Promise<bool> promise;
  Error first_error = Error::ok;  ///< of this attempt, from the top
  bool is_made = false;           ///< the last of them, by us
};

void create_all(std::shared_ptr<Attempt> attempt);

void created_last(const std::shared_ptr<Attempt>& attempt, bool is_there) {
  if (is_there) {
    attempt->promise.set(attempt->is_made);
  } else if (!is_connection_error(attempt->first_error)) {
    attempt->promise.set(tl::unexpected(attempt->first_error));
  } else if (attempt->deadline.has_passed()) {
    attempt->promise.set(tl::unexpected(Error::deadline_exceeded));
  } else {
    create_all(attempt);
  }
}

/// From the top, all in flight together. That an upper one fails does not matter if the last is
/// there in the end, and is the reason if it is not.
void create_all(std::shared_ptr<Attempt> attempt) {
  const std::string& path = attempt->path;
  attempt->first_error = Error::ok;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('/', end + 1);
    const bool is_last = end == std::string::npos;
    attempt->client.create(path.substr(0, end), "", attempt->options,
                           [attempt, is_last](Expected<Created>& created) {
                             const bool is_there = created || created.error() == Error::node_exists;
                             if (!is_there && attempt->first_error == Error::ok)
                               attempt->first_error = created.error();
                             if (!is_last) return;
                             attempt->is_made = created.has_value();
                             created_last(attempt, is_there);
                           });
  }
}

}  // namespace

Pending<bool> create_parents(Client& client, std::string_view path, const std::vector<Acl>& acl,
                             Deadline deadline, Completion<bool> done) {
  const auto attempt = std::make_shared<Attempt>(
      Attempt{client,
              std::string(path),
              {.mode = CreateMode::container, .acl = acl, .want_stat = false},
              deadline,
              Promise<bool>(std::move(done)),
              Error::ok,
              false});
  create_all(attempt);
  return attempt->promise.pending();
}

}  // namespace paddock::recipes
