#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "paddock/ordering/feed.h"
#include "paddock/reactor/client.h"

namespace paddock::reactor {

/// The connections of a reactor by their ids. Indexes are used again, generations are not, so an
/// answer to a connection that is gone finds nothing.
///
/// Threads: loop-local.
class ClientTable {
 public:
  template <class... Args>
  Client& add(Reactor& reactor, Args&&... args) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(places_.size()));
      places_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    Place& place = places_[index];
    const ordering::ConnectionId id{index, ++place.generation};
    place.client = std::make_unique<Client>(reactor, id, std::forward<Args>(args)...);
    ++count_;
    return *place.client;
  }
  void remove(Client& client) {
    const std::uint32_t index = client.id.index;
    places_[index].client.reset();
    free_.push_back(index);
    --count_;
  }

  /// Null when it is gone.
  Client* find(ordering::ConnectionId id) {
    if (id.index >= places_.size()) return nullptr;
    Place& place = places_[id.index];
    return place.generation == id.generation ? place.client.get() : nullptr;
  }
  /// REQUIRES: there is one now.
  Client& at(std::uint32_t index) { return *places_[index].client; }

  std::size_t size() const { return count_; }
  template <class Visit>
  void for_each(Visit&& visit) {
    for (Place& place : places_)
      if (place.client != nullptr) visit(*place.client);
  }

 private:
  struct Place {
    std::unique_ptr<Client> client;
    std::uint32_t generation = 0;
  };

  std::vector<Place> places_;
  std::vector<std::uint32_t> free_;
  std::size_t count_ = 0;
};

}  // namespace paddock::reactor
