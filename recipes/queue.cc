#include "recipes/queue.h"

#include <utility>

#include "recipes/queue_core.h"

namespace paddock::recipes {

using namespace client;

// --- QueueItem ---

QueueItem::~QueueItem() { give_back(); }

QueueItem& QueueItem::operator=(QueueItem&& other) noexcept {
  give_back();
  queue_ = std::move(other.queue_);
  name_ = std::move(other.name_);
  tag_ = std::move(other.tag_);
  messages_ = std::move(other.messages_);
  session_ = other.session_;
  may_be_consumed_ = other.may_be_consumed_;
  return *this;
}

bool QueueItem::is_ours() const { return queue_ && queue_->is_ours(*this); }

Expected<void> QueueItem::consume(Deadline deadline, const CancelToken& cancel) {
  if (!queue_) return tl::unexpected(Error::bad_arguments);
  const Expected<void> consumed = queue_->consume(*this, deadline, cancel);
  const bool is_over =
      consumed || consumed.error() == Error::no_node || consumed.error() == Error::session_expired;
  if (is_over) queue_.reset();
  return consumed;
}

void QueueItem::give_back() {
  if (queue_) std::exchange(queue_, nullptr)->give_back(*this);
}

// --- MessageSource ---

MessageSource::~MessageSource() { core_->stop(); }

Expected<QueueItem> MessageSource::take(Deadline deadline, const CancelToken& cancel) {
  auto item = core_->take(true, deadline, cancel);
  if (!item) return tl::unexpected(item.error());
  return std::move(**item);
}

Expected<std::optional<QueueItem>> MessageSource::try_take(Deadline deadline,
                                                           const CancelToken& cancel) {
  return core_->take(false, deadline, cancel);
}

Expected<std::int32_t> MessageSource::size(Deadline deadline, const CancelToken& cancel) {
  return core_->size(deadline, cancel);
}

// --- Queue ---

Queue::Queue(Client& client, QueueLayout layout)
    : MessageSource(std::make_shared<QueueCore>(client, std::move(layout), false)) {}

Expected<void> Queue::put(std::string_view message, Deadline deadline, const CancelToken& cancel) {
  return core_->put({std::string(message)}, std::nullopt, deadline, cancel);
}

Expected<void> Queue::put_all(const std::vector<std::string>& messages, Deadline deadline,
                              const CancelToken& cancel) {
  return core_->put(messages, std::nullopt, deadline, cancel);
}

// --- PriorityQueue ---

PriorityQueue::PriorityQueue(Client& client, QueueLayout layout)
    : MessageSource(std::make_shared<QueueCore>(client, std::move(layout), true)) {}

Expected<void> PriorityQueue::put(std::string_view message, int priority, Deadline deadline,
                                  const CancelToken& cancel) {
  return core_->put({std::string(message)}, priority, deadline, cancel);
}

Expected<void> PriorityQueue::put_all(const std::vector<std::string>& messages, int priority,
                                      Deadline deadline, const CancelToken& cancel) {
  return core_->put(messages, priority, deadline, cancel);
}

}  // namespace paddock::recipes
