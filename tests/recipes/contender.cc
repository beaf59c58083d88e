#include "tests/recipes/contender.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>

namespace paddock::contest {
namespace {

// Ends the process: its parent, the test, is gone, and nobody reads what it would say.
[[noreturn]] void orphaned() { _exit(3); }

// Cancels `round_trips` round trips from now, whatever comes back.
void cancel_later(Client& client, client::CancelSource cancel, std::size_t round_trips) {
  if (round_trips == 0) {
    cancel.request_stop();
    return;
  }
  client.exists("/", nullptr, [&client, cancel, round_trips](const auto& result) {
    // Behind the client's end no more requests are made.
    const bool ends = !result && client::is_session_end(result.error());
    cancel_later(client, cancel, ends ? 0 : round_trips - 1);
  });
}

}  // namespace

void History::tell(std::string_view who, std::string_view what, Fields fields) {
  if (!fields.contains("t")) fields["t"] = now();
  fields["who"] = who;
  fields["what"] = what;
  const std::string line = fields.dump() + "\n";
  static std::mutex one_line_at_a_time;
  const std::lock_guard lock(one_line_at_a_time);
  for (std::string_view rest = line; !rest.empty();) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0) orphaned();
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::int64_t History::now() {
  return std::chrono::nanoseconds(Clock::now().time_since_epoch()).count();
}

FencedResource::FencedResource(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) orphaned();
}

FencedResource::~FencedResource() { ::close(socket_); }

bool FencedResource::write(std::string_view who, std::int64_t token) {
  const std::string line = std::string(who) + " " + std::to_string(token) + "\n";
  if (::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(line.size())) {
    orphaned();
  }
  std::string answer;
  while (answer.empty() || answer.back() != '\n') {
    char byte = 0;
    if (::recv(socket_, &byte, 1, 0) != 1) orphaned();
    answer += byte;
  }
  return answer == "ok\n";
}

Contender::Contender(Client& client_, const Arguments& arguments_, int number, std::uint64_t seed,
                     const Orders& orders)
    : client(client_),
      arguments(arguments_),
      who(arguments_.name + "." + std::to_string(number)),
      orders_(orders),
      random_(seed) {}

bool Contender::goes_on() {
  if (arguments.rounds == 0 && orders_.finish.load()) return false;
  if (!arguments.renews && client::is_end(client.session().state)) return false;
  return arguments.rounds == 0 || rounds_done_++ < arguments.rounds;
}

std::size_t Contender::random(std::size_t end) { return random_() % end; }

Contender::Patience Contender::patience() {
  Patience patience{long_deadline(), client::CancelSource(), false};
  const std::size_t dice = arguments.impatient ? random(8) : 7;
  if (dice == 0) {
    patience.is_short = true;
    patience.deadline = Deadline(Milliseconds(random(20)));
  } else if (dice == 1) {
    patience.is_short = true;
    cancel_later(client, patience.cancel, random(4));
  }
  return patience;
}

bool Contender::survives(Error error, std::string_view where, bool was_short) {
  const bool gave_up = error == Error::deadline_exceeded || error == Error::cancelled;
  if (gave_up && was_short) {
    tell("gave up", {{"where", where}});
  } else if (client::is_session_end(error)) {
    tell("over", {{"where", where}});
    return arguments.renews;
  } else {
    tell("error", {{"where", where}, {"error", client::error_name(error)}});
  }
  return true;
}

}  // namespace paddock::contest
