#include "bench/load/fleet.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace paddock::load {

namespace {

/// Below the 28,000 or so local ports that one source address has for one destination.
constexpr std::uint32_t connections_per_address = 20'000;
constexpr std::size_t handshakes_max = 32;
constexpr std::int64_t answer_ns_max = 60'000'000'000;
constexpr std::size_t create_depth = 256;
constexpr std::int64_t receive_timeout_ms = 100;

[[noreturn]] void stop(const std::string& what) {
  std::fprintf(stderr, "paddock-load: %s\n", what.c_str());
  std::exit(2);
}

/// For what waits inside of the fleet.
struct Waiting final : Session::Owner {
  void replied(Session&, const Session::Pending& pending, const proto::ReplyHeader& header,
               Bytes body) override {
    ++replies;
    if (measurement != nullptr) {
      const std::int64_t now = now_ns();
      measurement->record(now - pending.start_ns, now);
    }
    answer.err = header.err;
    answer.body = as_text(body);
    if (header.err != proto::ErrorCode::ok) ++refusals;
  }
  void notified(Session&, const proto::WatcherEvent&) override {}

  Measurement* measurement = nullptr;
  Fleet::Answer answer;
  std::uint64_t replies = 0;
  std::uint64_t refusals = 0;
};

}  // namespace

std::int64_t now_ns() {
  timespec time;
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

Fleet::Fleet(const Options& options, Faults& faults)
    : faults_(faults), poller_(::epoll_create1(EPOLL_CLOEXEC)) {
  addrinfo hints{};
  hints.ai_family = AF_INET;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(options.host.c_str(), nullptr, &hints, &found) != 0 || found == nullptr)
    stop(options.host + ": no IPv4 address");
  std::memcpy(&to_, found->ai_addr, sizeof to_);
  ::freeaddrinfo(found);
  to_.sin_port = htons(options.port);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

Fleet::~Fleet() { ::close(poller_); }

int Fleet::connect_one() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) stop(std::string("socket: ") + std::strerror(errno));
  if (const auto part = static_cast<std::uint32_t>(sessions_.size() / connections_per_address);
      part != 0 && ntohl(to_.sin_addr.s_addr) >> 24 == 127) {
    // Every address 127.x.y.z is this machine, and each has local ports of its own.
    const int on = 1;
    ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + part);
    if (::bind(socket, reinterpret_cast<sockaddr*>(&from), sizeof from) != 0)
      stop(std::string("bind: ") + std::strerror(errno));
  }
  if (::connect(socket, reinterpret_cast<sockaddr*>(&to_), sizeof to_) != 0)
    stop(std::string("connect: ") + std::strerror(errno));
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval timeout{.tv_sec = 0, .tv_usec = receive_timeout_ms * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  return socket;
}

bool Fleet::open(std::uint32_t count, std::int32_t timeout_ms) {
  Waiting owner;
  std::size_t open_count = sessions_.size();
  const std::size_t wanted = sessions_.size() + count;
  const std::int64_t give_up_ns = now_ns() + answer_ns_max;
  while (open_count < wanted && !has_lost_ && now_ns() < give_up_ns) {
    while (sessions_.size() < wanted && sessions_.size() - open_count < handshakes_max) {
      const auto index = static_cast<std::uint32_t>(sessions_.size());
      sessions_.push_back(std::make_unique<Session>(connect_one(), index, timeout_ms, faults_));
      is_queued_.push_back(false);
      epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
      ::epoll_ctl(poller_, EPOLL_CTL_ADD, at(index).socket(), &event);
      queue(at(index));
    }
    turn(owner, give_up_ns);
    while (open_count < sessions_.size() && at(open_count).is_open()) ++open_count;
  }
  if (open_count < wanted && !has_lost_) faults_.add("a session was not granted in time");
  return open_count == wanted;
}

void Fleet::abandon_down_to(std::size_t size) {
  for (std::size_t i = size; i < sessions_.size(); ++i) at(i).abandon();
  sessions_.resize(size);
  is_queued_.resize(size);
}

void Fleet::queue(Session& session) {
  if (is_queued_[session.index()]) return;
  is_queued_[session.index()] = true;
  queued_.push_back(&session);
}

void Fleet::watch(Session& session, bool for_output) {
  epoll_event event{.events = for_output ? EPOLLIN | EPOLLOUT : EPOLLIN,
                    .data = {.u64 = session.index()}};
  ::epoll_ctl(poller_, EPOLL_CTL_MOD, session.socket(), &event);
}

void Fleet::note_lost(Session& session) {
  if (!session.is_lost()) return;
  has_lost_ = true;
  ::epoll_ctl(poller_, EPOLL_CTL_DEL, session.socket(), nullptr);
}

void Fleet::flush_queued() {
  for (Session* session : queued_) {
    is_queued_[session->index()] = false;
    if (!session->flush()) watch(*session, true);
    note_lost(*session);
  }
  queued_.clear();
}

void Fleet::serve_preferred(Session::Owner& owner) {
  if (preferred_ == nullptr || preferred_->is_lost()) return;
  preferred_->receive(scratch_, owner, false);
  preferred_->flush();  // what is left goes with the rest of the queue
  note_lost(*preferred_);
}

void Fleet::turn(Session::Owner& owner, std::int64_t until_ns) {
  flush_queued();
  const std::int64_t wait_ns = std::max<std::int64_t>(0, until_ns - now_ns());
  if (sessions_.size() == 1 && wait_ns > receive_timeout_ms * 1'000'000 && at(0).output().empty() &&
      !has_lost_) {
    at(0).receive(scratch_, owner, true);
    note_lost(at(0));
    return flush_queued();
  }
  epoll_event events[256];
  const timespec timeout{.tv_sec = wait_ns / 1'000'000'000, .tv_nsec = wait_ns % 1'000'000'000};
  const int ready = ::epoll_pwait2(poller_, events, 256, &timeout, nullptr);
  for (int i = 0; i < ready; ++i) {
    Session& session = at(events[i].data.u64);
    if ((events[i].events & EPOLLOUT) != 0 && session.flush()) watch(session, false);
    if ((events[i].events & ~std::uint32_t{EPOLLOUT}) != 0 && !session.is_lost())
      session.receive(scratch_, owner, false);
    note_lost(session);
    serve_preferred(owner);
  }
  flush_queued();
}

Fleet::Answer Fleet::wait_for_answer() {
  Waiting owner;
  queue(at(0));
  const std::int64_t give_up_ns = now_ns() + answer_ns_max;
  while (owner.replies == 0 && !has_lost_ && now_ns() < give_up_ns) turn(owner, give_up_ns);
  if (owner.replies != 0) return owner.answer;
  faults_.add("no answer while preparing");
  return {.err = proto::ErrorCode::session_expired, .body = {}};
}

bool Fleet::create_all(std::uint64_t count, const std::string& data,
                       const std::function<const std::string&(std::uint64_t)>& path_of,
                       Measurement* measurement) {
  Waiting owner;
  owner.measurement = measurement;
  proto::CreateRequest request = open_create();
  request.data = as_bytes(data);
  std::uint64_t sent = 0;
  std::int64_t progress_ns = now_ns();
  while (owner.replies < count && !has_lost_) {
    for (const auto& session : sessions_) {
      while (sent < count && session->in_flight() < create_depth) {
        request.path = path_of(sent++);
        session->request(proto::OpCode::create, request, now_ns());
        queue(*session);
      }
    }
    const std::uint64_t before = owner.replies;
    turn(owner, progress_ns + answer_ns_max);
    if (owner.replies != before) {
      progress_ns = now_ns();
    } else if (now_ns() - progress_ns >= answer_ns_max) {
      faults_.add("no answer while creating znodes");
      return false;
    }
  }
  if (owner.refusals != 0) faults_.add(std::to_string(owner.refusals) + " znodes were not created");
  return owner.refusals == 0 && !has_lost_;
}

proto::CreateRequest Fleet::open_create() {
  proto::CreateRequest request;
  request.acl.items = {{.perms = proto::perm_all, .scheme = "world", .id = "anyone"}};
  return request;
}

}  // namespace paddock::load
