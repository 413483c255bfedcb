// SPDX-License-Identifier: Apache-2.0
/// A value that holds one options struct out of a family: a layer, an optimizer, a loss, a metric.
///
/// Example: Layer layer = LSTM{.units = 64};  layer.get_if<LSTM>()->units == 64
#pragma once

#include <concepts>
#include <memory>
#include <utility>

namespace engram {

/// The family is known by its Spec; a struct T belongs to it by a function
/// `const Spec& spec_of(const T&)` found beside T. Copies share the (immutable) options.
template <class Spec>
class Choice {
 public:
  template <class T>

  requires(!std::derived_from<T, Choice>) && requires(const T& t) {
    { spec_of(t) } -> std::same_as<const Spec&>;
  }

  Choice(T options) : spec_(&spec_of(options)), options_(std::make_shared<T>(std::move(options))) {}

  /// For readers of files, which know a kind by its name only.
  Choice(const Spec& spec, std::shared_ptr<void> options)
      : spec_(&spec), options_(std::move(options)) {}

  const Spec& spec() const { return *spec_; }

  const void* options() const { return options_.get(); }

  /// The options, when they are a T; else null.
  template <class T>
  const T* get_if() const {
    return spec_ == &spec_of(T{}) ? static_cast<const T*>(options_.get()) : nullptr;
  }

 private:
  const Spec* spec_;
  std::shared_ptr<const void> options_;
};

}  // namespace engram
