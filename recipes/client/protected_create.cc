#include "recipes/client/protected_create.h"

#include <sys/random.h>

#include <array>
#include <atomic>
#include <string>

#include "recipes/client/start_request.h"

namespace paddock::client {
namespace {

/// Before the next try when the client itself is overloaded.
constexpr Milliseconds overload_pause{100};
/// Between the looks for a create that comes late. Longer than a connection that was given up has
/// bytes left that nobody has read, but for a server that stands still.
constexpr Milliseconds sweep_pause{5'000};

/// Random, of version 4: what Java's UUID.randomUUID().toString() gives.
std::string random_uuid() {
  std::array<unsigned char, 16> bytes{};
  // At most 256 bytes never fail once the system is up.
  [[maybe_unused]] const int failed = getentropy(bytes.data(), bytes.size());
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 0x0f];
  }
  return text;
}

/// Deletes what a create has made after it was given up for lost. ZooKeeper goes on reading an old
/// connection when the session has a new one already, so a create on its way there may take effect
/// behind the search for it, and behind its repetition: a second node of one marker, in a session
/// that lives, and so ahead of everyone for good. Looks now and once more. Threads: loop-local.
class Sweep : public std::enable_shared_from_this<Sweep> {
 public:
  Sweep(std::shared_ptr<SessionIo> io, std::string parent, std::string marker)
      : io_(std::move(io)), parent_(std::move(parent)), marker_(std::move(marker)) {}

  void look() {
    const std::string parent = parent_.empty() ? "/" : parent_;
    start_path<void>(*io_, proto::OpCode::sync, parent, {}, just_path, read_nothing);
    start_read<std::vector<std::string>>(
        *io_, proto::OpCode::get_children, WatchOrder::Read::children, parent, nullptr,
        [self = shared_from_this()](Expected<std::vector<std::string>>& names) {
          self->looked(names);
        },
        read_names);
  }

 private:
  void looked(const Expected<std::vector<std::string>>& names) {
    if (!names && is_connection_error(names.error())) return look();
    if (!names) return;  // no parent, no node; or nobody may look
    for (const std::string& name : *names) {
      if (name.starts_with(marker_)) remove_guaranteed(io_, parent_ + "/" + name, {});
    }
    if (std::exchange(is_last_, true)) return;
    io_->core().call_at(io_->core().now() + sweep_pause,
                        [self = shared_from_this()] { self->look(); });
  }

  const std::shared_ptr<SessionIo> io_;
  const std::string parent_;  ///< "" = the root
  const std::string marker_;
  bool is_last_ = false;
};

/// One guaranteed delete. Threads: loop-local.
class GuaranteedRemove : public std::enable_shared_from_this<GuaranteedRemove> {
 public:
  GuaranteedRemove(std::shared_ptr<SessionIo> io, std::string path, Completion<void> done)
      : io_(std::move(io)), path_(std::move(path)), promise_(std::move(done)) {
    // Giving up waiting for it does not give it up.
    cancel_through(*io_, promise_);
  }
  Pending<void> pending() const { return promise_.pending(); }

  void attempt() {
    start_remove(*io_, path_, any_version, [self = shared_from_this()](Expected<void>& removed) {
      self->attempted(removed);
    });
  }

 private:
  void attempted(const Expected<void>& removed) {
    if (removed || removed.error() == Error::no_node) {
      const std::size_t slash = path_.rfind('/');
      const std::string marker(protection_of(std::string_view(path_).substr(slash + 1)));
      if (io_->lost_creates().erase(marker) != 0)
        std::make_shared<Sweep>(io_, path_.substr(0, slash), marker)->look();
      return promise_.set({});
    }
    if (is_connection_error(removed.error())) return attempt();  // waits for the next connection
    if (removed.error() != Error::too_many_requests)
      return promise_.set(tl::unexpected(removed.error()));
    io_->core().call_at(io_->core().now() + overload_pause,
                        [self = shared_from_this()] { self->attempt(); });
  }

  const std::shared_ptr<SessionIo> io_;
  const std::string path_;
  const Promise<void> promise_;
};

/// One protected create:
///
///   create -> ok                                   done
///          -> never sent                           create again
///          -> reply lost -> sync + getChildren --> found: exists -> done
///                                              `-> not there: create again
///
/// Once given up (deadline, cancelled) "done" becomes "delete it" and "create again" becomes
/// "over", after a Sweep. Threads: loop-local, but for the constructor and start().
class ProtectedCreate : public std::enable_shared_from_this<ProtectedCreate> {
 public:
  struct What {
    std::string parent;  ///< "" = the root
    std::string name;    ///< with the marker
    std::string marker;
    std::string data;
    CreateOptions options;
  };

  ProtectedCreate(std::shared_ptr<SessionIo> io, What what, Completion<Created> done)
      : io_(std::move(io)), what_(std::move(what)), promise_(std::move(done)) {}

  /// The request is handed over here, so that it keeps its place among the caller's others.
  Pending<Created> start(Deadline deadline) {
    promise_.on_cancel([self = weak_from_this()] {
      if (const std::shared_ptr<ProtectedCreate> alive = self.lock())
        alive->io_->core().post([alive] { alive->give_up(Error::cancelled); });
    });
    if (!deadline.is_never())
      timer_ = io_->core().call_at(
          deadline.at(), [self = shared_from_this()] { self->give_up(Error::deadline_exceeded); });
    const Pending<Created> pending = promise_.pending();
    create();
    return pending;
  }

 private:
  void create() {
    if (promise_.is_ready()) return over();
    start_create(
        *io_, what_.parent + "/" + what_.name, what_.data, what_.options,
        [self = shared_from_this()](Expected<Created>& created) { self->create_done(created); });
  }

  void create_done(Expected<Created>& created) {
    if (created) return found(std::move(*created));
    if (created.error() == Error::connection_loss) {
      has_lost_ = true;
      io_->lost_creates().insert(what_.marker);
      return search();
    }
    if (created.error() == Error::not_connected) return create();
    finish(tl::unexpected(created.error()));
  }

  /// Behind a sync, since a server that was not asked before may lag behind the lost request.
  void search() {
    const std::string parent = what_.parent.empty() ? "/" : what_.parent;
    start_path<void>(*io_, proto::OpCode::sync, parent, {}, just_path, read_nothing);
    start_read<std::vector<std::string>>(
        *io_, proto::OpCode::get_children, WatchOrder::Read::children, parent, nullptr,
        [self = shared_from_this()](Expected<std::vector<std::string>>& names) {
          self->search_done(names);
        },
        read_names);
  }

  void search_done(const Expected<std::vector<std::string>>& names) {
    if (!names) return search_failed(names.error());
    for (const std::string& name : *names) {
      if (name.starts_with(what_.marker)) return look_at(what_.parent + "/" + name);
    }
    create();
  }

  void search_failed(Error error) {
    if (is_connection_error(error)) return search();
    if (error == Error::no_node) return create();  // the parent is gone, and says so then
    if (error == Error::too_many_requests) {
      io_->core().call_at(io_->core().now() + overload_pause,
                          [self = shared_from_this()] { self->search(); });
      return;
    }
    // It cannot be looked for, so nobody knows.
    finish(tl::unexpected(error == Error::no_auth ? Error::connection_loss : error));
  }

  void look_at(const std::string& path) {
    start_exists(*io_, path, nullptr,
                 [self = shared_from_this(), path](Expected<std::optional<Stat>>& stat) {
                   if (!stat) return self->search_failed(stat.error());
                   if (!*stat) return self->create();
                   self->found({path, **stat});
                 });
  }

  /// Given up, and not there as far as one can see. (start() may be on another thread, but then
  /// nothing has been sent.)
  void over() {
    if (!has_lost_) return;
    io_->lost_creates().erase(what_.marker);
    std::make_shared<Sweep>(io_, what_.parent, what_.marker)->look();
  }

  void found(Created created) {
    if (promise_.is_ready()) {
      remove_guaranteed(io_, created.path, {});
    } else {
      finish(std::move(created));
    }
  }

  /// The caller is told; what may exist at the server is taken care of by the steps under way.
  void give_up(Error error) { finish(tl::unexpected(error)); }

  void finish(Expected<Created> result) {
    if (const IoLoop::TimerId timer = timer_.exchange(0); timer != 0)
      io_->core().cancel_timer(timer);
    promise_.set(std::move(result));
  }

  const std::shared_ptr<SessionIo> io_;
  const What what_;
  const Promise<Created> promise_;
  bool has_lost_ = false;                  ///< a try was sent and not answered
  std::atomic<IoLoop::TimerId> timer_{0};  ///< it may fire while start() has yet to store it
};

}  // namespace

std::string_view protection_prefix() { return "_c_"; }

std::string_view protection_of(std::string_view name) {
  constexpr std::size_t uuid_bytes = 36;
  const std::size_t bytes = protection_prefix().size() + uuid_bytes + 1;
  const bool is_protected = name.starts_with(protection_prefix()) && name.size() > bytes;
  return is_protected ? name.substr(0, bytes) : std::string_view();
}

Pending<Created> create_protected(const std::shared_ptr<SessionIo>& io, std::string_view path,
                                  std::string_view data, CreateOptions options, Deadline deadline,
                                  Completion<Created> done) {
  const std::size_t slash = path.rfind('/');
  options.want_stat = true;
  if (slash == std::string_view::npos || !encode_create_frame("", path, data, options))
    return refused(*io, std::move(done), Error::bad_arguments);
  ProtectedCreate::What what{.parent = std::string(path.substr(0, slash)),
                             .name = {},
                             .marker = std::string(protection_prefix()) + random_uuid() + "-",
                             .data = std::string(data),
                             .options = std::move(options)};
  what.name = what.marker + std::string(path.substr(slash + 1));
  return std::make_shared<ProtectedCreate>(io, std::move(what), std::move(done))->start(deadline);
}

Pending<void> remove_guaranteed(const std::shared_ptr<SessionIo>& io, std::string_view path,
                                Completion<void> done) {
  const auto remove = std::make_shared<GuaranteedRemove>(io, std::string(path), std::move(done));
  const Pending<void> pending = remove->pending();
  remove->attempt();
  return pending;
}

}  // namespace paddock::client
