// SPDX-License-Identifier: Apache-2.0
/// What all optimizers share: options in the order of Keras's config, and weight decay.
#pragma once

#include <string>

#include "kernels/elementwise.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

/// `name` is what Keras calls an optimizer of this class.
template <class Options>
void visit_optimizer_options(Options& o, OptionVisitor& v, const std::string& name) {
  v.ignored("name", name);
  v.option("learning_rate", o.learning_rate, at_least(0));
  v.option("weight_decay", o.weight_decay, at_least(0));
  v.option("clipnorm", o.clipnorm, above(0));
  v.option("global_clipnorm", o.global_clipnorm, above(0));
  v.option("clipvalue", o.clipvalue, above(0));
  v.fixed("use_ema", false);
  v.ignored("ema_momentum", 0.99);  // without use_ema these two do nothing
  v.ignored("ema_overwrite_frequency", {});
  v.fixed("loss_scale_factor", {});
  v.fixed("gradient_accumulation_steps", {});
}

template <class Options>
float learning_rate_of(const void* options) {
  return static_cast<const Options*>(options)->learning_rate;
}

template <class Options>
Clipping clipping_of(const void* options) {
  const auto& o = *static_cast<const Options*>(options);
  return {.clipnorm = o.clipnorm, .global_clipnorm = o.global_clipnorm, .clipvalue = o.clipvalue};
}

/// w -= w * weight_decay * learning_rate, which Keras does before the update.
inline void decay_weights(const std::optional<float>& weight_decay, const UpdateRange& r) {
  if (weight_decay.value_or(0) != 0) {
    kernels::scale(r.weights, 1 - *weight_decay * r.learning_rate, r.n);
  }
}

}  // namespace engram
