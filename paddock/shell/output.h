#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "paddock/shell/text.h"
#include "recipes/client/errors.h"

namespace paddock::shell {

/// Exit statuses of `paddock shell`. lock and elect add those of what they run; see hold.h.
enum Status : int {
  status_ok = 0,
  status_failed = 1,  ///< the operation failed; the tree is as it was unless the text says so
  status_usage = 2,   ///< wrong options, an unknown command, a malformed path
  status_not_connected = 3,  ///< no server answered, or the session ended
  status_interrupted = 130,  ///< Ctrl-C
};

/// Where results and complaints go: results to standard output, everything else to standard error.
/// With JSON each result, complaint and event is one document on a line of its own.
/// Threads: one at a time; the shell prints from its main thread only.
class Output {
 public:
  Output(std::FILE* out, std::FILE* err, bool is_json) : out_(out), err_(err), is_json_(is_json) {}

  bool is_json() const { return is_json_; }
  /// A result, byte for byte.
  void text(std::string_view bytes) { std::fwrite(bytes.data(), 1, bytes.size(), out_); }
  void line(std::string_view text);
  void json(const Json& document) { line(dump(document)); }
  /// For people, not part of the result; not printed with JSON.
  void note(std::string_view text);

  /// Complains of a wrong use and gives status_usage.
  int usage(std::string_view message);
  /// Complains in other words than an error's and gives status_failed.
  int failed(std::string_view message);
  /// Complains of what the server or the client library said about `path` ("" = about no path), in
  /// zkCli.sh's words, and gives the status for it.
  int failed(client::Error error, std::string_view path);

  /// Hands on what was printed; false if that has failed since the start (a full disk, a closed
  /// pipe).
  bool flush();

 private:
  void complain(std::string_view message, Json document);

  std::FILE* out_;
  std::FILE* err_;
  bool is_json_;
};

/// "Node does not exist: /x", "KeeperErrorCode = Session expired for /x".
std::string error_message(client::Error error, std::string_view path);
int status_of(client::Error error);

}  // namespace paddock::shell
