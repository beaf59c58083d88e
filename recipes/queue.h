#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "recipes/ledger.h"
#include "recipes/paths.h"
#include "recipes/queue_layout.h"

namespace paddock::recipes {

class QueueCore;

/// A message that a consumer has taken. It is consumed, or given back for others to take: by hand,
/// by the destructor, or by the end of the session.
///
/// Threads: one at a time. Borrows the queue, and must be gone before it.
class QueueItem {
 public:
  QueueItem(QueueItem&&) noexcept = default;
  QueueItem& operator=(QueueItem&& other) noexcept;
  ~QueueItem();

  const std::string& data() const { return messages_.front(); }
  /// More than one, or none, only in what Curator's producers have put together; data() is empty
  /// then if there is none.
  const std::vector<std::string>& messages() const { return messages_; }
  const std::string& name() const { return name_; }  ///< of its node; sorts in the queue's order
  SessionId session() const { return session_; }     ///< in which it was taken
  /// It is still ours and nobody else's at this moment. False as soon as the session may be over.
  bool is_ours() const;

  /// The work is done: deletes the message for good. session_expired, no_node: it is not ours any
  /// more and someone else may work, or have worked, on it too. After an error that leaves it open
  /// (deadline_exceeded, cancelled) it may be called again. bad_arguments if it was given back.
  client::Expected<void> consume(client::Deadline deadline, const client::CancelToken& cancel = {});
  /// For others to take, in its old place; not waited for, goes on over lost connections.
  void give_back();

 private:
  friend class QueueCore;
  QueueItem() = default;

  std::shared_ptr<QueueCore> queue_;  ///< null = consumed, given back or moved from
  std::string name_;
  std::string tag_;
  std::vector<std::string> messages_;
  SessionId session_{};
  bool may_be_consumed_ = false;
};

/// What Queue and PriorityQueue have in common: how one takes out of them.
class MessageSource {
 public:
  /// Waits for a message that nobody has taken. Who gives up has not taken one.
  client::Expected<QueueItem> take(client::Deadline deadline,
                                   const client::CancelToken& cancel = {});
  /// nullopt if there is none now.
  client::Expected<std::optional<QueueItem>> try_take(client::Deadline deadline,
                                                      const client::CancelToken& cancel = {});
  /// Messages in it, those taken included.
  client::Expected<std::int32_t> size(client::Deadline deadline,
                                      const client::CancelToken& cancel = {});

 protected:
  explicit MessageSource(std::shared_ptr<QueueCore> core) : core_(std::move(core)) {}
  ~MessageSource();
  MessageSource(const MessageSource&) = delete;
  MessageSource& operator=(const MessageSource&) = delete;

  const std::shared_ptr<QueueCore> core_;
};

/// A queue of messages whose consumers may crash.
///
///     <path>/entries/entry-100-<sequence>   persistent; data = the message
///     <path>/taken/entry-100-<sequence>     ephemeral; of the consumer that works on it
///     <path>/ledgers/<32 hex digits>        ephemeral; one of each Queue object that has written
///
/// **Guarantee.** A message is put once or not at all (an error that leaves it open says so). It is
/// consumed **at least once**: one that was taken by a consumer that died before consume() is taken
/// by another when the session has run out; **exactly once** while consumers keep their sessions:
/// a message has one owner at a time, and consume() succeeds for one only. A consumer that works on
/// when its session may be over (is_ours()) can do work twice: stop then, or let what it writes to
/// be fenced by the message's name. take() hands out the messages of one producer in the order of
/// put(); with several consumers the order in which they finish is theirs. One that was given back
/// is taken again before the later ones that nobody has listed yet.
///
/// How: taking is one transaction "the message is there, and nobody's mark beside it: mine now";
/// consuming is another, "my session lives: delete mark and message" (Ledger).
///
/// **Suspended:** calls wait for the connection, what is taken stays taken. **Lost or expired:**
/// what is taken goes back to the others; put() and take() go on in the next session, if there is
/// one (ClientOptions::renew_expired).
///
/// **Layouts:** kazoo's LockingQueue on the same path is a producer and consumer like any other;
/// Curator's DistributedQueue with a lockPath likewise with QueueLayout::curator. Theirs without
/// locks (kazoo's Queue, Curator without lockPath, SimpleDistributedQueue) delete a message before
/// they work on it and do not see marks: no consumers for this queue, though producers.
///
/// **Round trips:** put 1 for any number of messages; take 1, and 1 per list of messages (a list is
/// used up before the next is asked for); consume 1; 1 more for the first write. All consumers that
/// wait are woken by a put, so keep them to a few dozen.
///
/// **Size:** a list of all messages must fit into a reply (1 MB of names is about 30,000 messages
/// at ZooKeeper's default for its own clients); for more, use several queues.
///
/// Threads: any; a mutex guards the list, no call waits with it locked.
class Queue : public MessageSource {
 public:
  /// `path` and what lacks above it is made when something is first written.
  Queue(client::Client& client, std::string_view path) : Queue(client, QueueLayout::kazoo(path)) {}
  Queue(client::Client& client, QueueLayout layout);

  client::Expected<void> put(std::string_view message, client::Deadline deadline,
                             const client::CancelToken& cancel = {});
  /// All or none, next to each other.
  client::Expected<void> put_all(const std::vector<std::string>& messages,
                                 client::Deadline deadline, const client::CancelToken& cancel = {});
};

/// A Queue in which what is more urgent goes first: the lowest priority, and within one the order
/// of put(). A message that is put while a consumer works down a list is seen before the next take.
/// Everything else is as with Queue, and they may share a path: what a Queue puts has priority 100.
class PriorityQueue : public MessageSource {
 public:
  PriorityQueue(client::Client& client, std::string_view path)
      : PriorityQueue(client, QueueLayout::kazoo(path)) {}
  PriorityQueue(client::Client& client, QueueLayout layout);

  /// 0 .. 999, any int with Curator's layout; bad_arguments otherwise.
  client::Expected<void> put(std::string_view message, int priority, client::Deadline deadline,
                             const client::CancelToken& cancel = {});
  client::Expected<void> put_all(const std::vector<std::string>& messages, int priority,
                                 client::Deadline deadline, const client::CancelToken& cancel = {});
};

}  // namespace paddock::recipes
