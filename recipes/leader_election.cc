#include "recipes/leader_election.h"

#include <mutex>
#include <utility>

#include "recipes/client/retry.h"
#include "recipes/contender_names.h"

namespace paddock::recipes {

using namespace client;

namespace {

constexpr std::string_view latch_name = "latch-";
constexpr std::string_view selector_name = "lock-";
constexpr std::string_view kazoo_name = "__lock__";
constexpr Spelling spellings[] = {
    {.marker = latch_name}, {.marker = selector_name}, {.marker = kazoo_name}};

constexpr std::string_view name_of(ElectionLayout layout) {
  switch (layout) {
    case ElectionLayout::latch:
      return latch_name;
    case ElectionLayout::selector:
      return selector_name;
    case ElectionLayout::kazoo:
      return kazoo_name;
  }
  return latch_name;
}

}  // namespace

LeaderElection::LeaderElection(Client& client, std::string path, ElectionOptions options)
    : layout_(options.layout),
      id_(options.id.empty() ? default_holder_id() : std::move(options.id)),
      line_(client, std::move(path), std::move(options.acl)) {}

Pending<Hold> LeaderElection::campaign_async(Deadline deadline, Completion<Hold> done) {
  return line_.join(
      {.name = std::string(name_of(layout_)), .data = id_, .rule = in_order_of_arrival(spellings)},
      deadline, std::move(done));
}
Expected<Hold> LeaderElection::campaign(Deadline deadline, const CancelToken& cancel) {
  return wait_for([&] { return campaign_async(deadline); }, deadline, cancel);
}

Expected<std::optional<Leader>> LeaderElection::leader(Deadline deadline,
                                                       const CancelToken& cancel) {
  Client& client = line_.client();
  for (;;) {
    const auto names = retry(client, deadline, cancel, [&] {
      return client.get_child_names(line_.path()).wait(deadline, cancel);
    });
    if (!names && names.error() == Error::no_node) return std::nullopt;
    if (!names) return tl::unexpected(names.error());
    const std::string_view first = find_first(*names, spellings);
    if (first.empty()) return std::nullopt;
    const std::string node = line_.path() + "/" + std::string(first);
    auto data = retry(client, deadline, cancel,
                      [&] { return client.get_data(node).wait(deadline, cancel); });
    if (data) return Leader{std::move(data->data), node, data->stat.czxid};
    if (data.error() != Error::no_node) return tl::unexpected(data.error());
  }
}

/// Asks who is first and watches that node; while there is none, the parent.
///
/// Threads: any; mutex_ guards what changes. The handler is called on the I/O thread only, which
/// holds no lock then.
class LeaderElection::Observer : public std::enable_shared_from_this<Observer> {
 public:
  Observer(Client& client, std::string path, LeaderHandler handler)
      : client_(client), path_(std::move(path)), handler_(std::move(handler)) {}

  void start() {
    watcher_ = make_watcher([weak = weak_from_this()](const WatchedEvent&) {
      // The end of the session too: what looks then finds it out, or goes on in a new one.
      if (const auto self = weak.lock()) self->look(false);
    });
    look(false);
  }

  void stop() {
    {
      std::lock_guard lock(mutex_);
      is_over_ = true;
      forget_watch();
    }
    client_.await_callbacks();
  }

 private:
  /// The watch is only set when a look without it has found nobody.
  void look(bool is_watched) {
    std::lock_guard lock(mutex_);
    if (is_over_) return;
    client_.get_child_names(
        path_, is_watched ? watcher_ : nullptr,
        [self = shared_from_this(), is_watched](Expected<std::vector<std::string>>& names) {
          self->listed(names, is_watched);
        });
  }

  void listed(const Expected<std::vector<std::string>>& names, bool is_watched) {
    if (!names && names.error() == Error::no_node) return await_parent();
    if (!names) return failed(names.error(), is_watched);
    if (is_watched) watches(path_, WatcherType::children);
    const std::string_view first = find_first(*names, spellings);
    if (!first.empty()) return read(path_ + "/" + std::string(first));
    if (!is_watched) return look(true);
    tell(std::nullopt);
  }

  void await_parent() {
    std::unique_lock lock(mutex_);
    if (is_over_) return;
    client_.exists(path_, watcher_,
                   [self = shared_from_this()](const Expected<std::optional<Stat>>& stat) {
                     if (!stat) return self->failed(stat.error(), false);
                     self->watches(self->path_, WatcherType::data);
                     if (*stat) return self->look(false);
                     self->tell(std::nullopt);
                   });
  }

  void read(const std::string& node) {
    std::lock_guard lock(mutex_);
    if (is_over_) return;
    client_.get_data(node, watcher_, [self = shared_from_this(), node](Expected<NodeData>& data) {
      if (!data && data.error() == Error::no_node) return self->look(false);
      if (!data) return self->failed(data.error(), false);
      self->watches(node, WatcherType::data);
      self->tell(Leader{std::move(data->data), node, data->stat.czxid});
    });
  }

  void failed(Error error, bool is_watched) {
    if (is_connection_error(error)) return look(is_watched);
    if (error != Error::session_expired) return tell(tl::unexpected(error));
    // Unless the client goes on with a new one, which it does before anything that is posted here.
    client_.io_loop()->post([self = shared_from_this()] { self->expired(); });
  }

  void expired() {
    {
      std::lock_guard lock(mutex_);
      if (is_over_) return;  // behind stop(), so the client may be gone
    }
    if (client_.session().state != SessionState::expired) return look(false);
    tell(tl::unexpected(Error::session_expired));
  }

  /// That is the watch to wait for now; one that was set before is not needed any more.
  void watches(const std::string& path, WatcherType type) {
    std::lock_guard lock(mutex_);
    if (watched_path_ != path || watched_type_ != type) forget_watch();
    watched_path_ = path;
    watched_type_ = type;
    if (is_over_) forget_watch();
  }
  /// With the mutex held.
  void forget_watch() {
    if (watched_path_.empty()) return;
    client_.remove_watches(std::exchange(watched_path_, {}), watched_type_, watcher_);
  }

  void tell(const Expected<std::optional<Leader>>& leader) {
    {
      std::lock_guard lock(mutex_);
      if (is_over_ || (told_ && leader && *told_ == *leader)) return;
      if (leader)
        told_ = *leader;
      else
        is_over_ = true;
    }
    handler_(leader);
  }

  Client& client_;
  const std::string path_;
  const LeaderHandler handler_;
  Watcher watcher_;  ///< constant once started

  std::mutex mutex_;
  bool is_over_ = false;
  std::string watched_path_;  ///< empty = none is set, or it has fired
  WatcherType watched_type_{};
  std::optional<std::optional<Leader>> told_;
};

LeaderElection::Observation LeaderElection::observe(LeaderHandler handler) {
  auto observer = std::make_shared<Observer>(line_.client(), line_.path(), std::move(handler));
  observer->start();
  return Observation(std::move(observer));
}

LeaderElection::Observation::~Observation() {
  if (observer_) observer_->stop();
}

LeaderElection::Observation& LeaderElection::Observation::operator=(Observation&& other) noexcept {
  if (this == &other) return *this;
  if (observer_) observer_->stop();
  observer_ = std::move(other.observer_);
  return *this;
}

}  // namespace paddock::recipes
