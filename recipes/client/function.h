#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace paddock::client {

template <class Signature>
class UniqueFunction;

/// A callable that is owned and moved, never copied, so it may capture what cannot be copied
/// (C++23's std::move_only_function). Empty when default-constructed; calling an empty one is a
/// bug. Threads: one at a time.
template <class R, class... Arguments>
class UniqueFunction<R(Arguments...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, UniqueFunction> &&
           std::is_invocable_r_v<R, std::decay_t<F>&, Arguments...>) UniqueFunction(F&& f)
      : callable_(new Holder<std::decay_t<F>>(std::forward<F>(f))) {}

  explicit operator bool() const { return callable_ != nullptr; }
  R operator()(Arguments... arguments) {
    return callable_->call(std::forward<Arguments>(arguments)...);
  }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual R call(Arguments... arguments) = 0;
  };
  template <class F>
  struct Holder final : Callable {
    explicit Holder(F&& f) : f_(std::move(f)) {}
    explicit Holder(const F& f) : f_(f) {}
    R call(Arguments... arguments) override {
      return static_cast<R>(f_(std::forward<Arguments>(arguments)...));
    }
    F f_;
  };

  std::unique_ptr<Callable> callable_;
};

}  // namespace paddock::client
