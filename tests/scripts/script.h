#pragma once

#include <string>
#include <vector>

/// Behaviour as text that a reviewer can read (after etcd-io/raft's testdata): commands on top,
/// what they gave below a line of dashes. A file holds cases:
///
///     # What the file is about.
///     == a name
///     create /a hello
///     get /a
///     ----
///     > create /a hello
///     ok zxid=2 path=/a
///     ...
///
/// `./dev rewrite` writes the lower parts anew. Read the difference before committing it: every
/// changed line is a changed behaviour.
namespace paddock::scripts {

struct Case {
  std::string name;
  std::vector<std::string> commands;  ///< without comments and empty lines at the end
  std::string expected;
};

struct File {
  std::string path;
  std::string head;  ///< what is above the first case
  std::vector<Case> cases;
};

/// All files with a name ending in .txt in the folder, by name.
std::vector<File> read_files(const std::string& folder);
/// The file with these cases, as read_files() would find it again.
void write_file(const File& file);

/// A command: words between blanks. "v=3" is the option v, one of a few; any other word behind the
/// first is an argument or a flag.
class Command {
 public:
  explicit Command(const std::string& line);

  const std::string& verb() const { return words_[0]; }
  bool has(const std::string& flag) const;
  /// The option's value, or `otherwise`.
  std::string option(const std::string& name, const std::string& otherwise = "") const;
  long long number(const std::string& name, long long otherwise) const;
  /// The i-th word behind the verb that is no option; "" if there is none.
  std::string argument(std::size_t i) const;
  const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_;
};

}  // namespace paddock::scripts
