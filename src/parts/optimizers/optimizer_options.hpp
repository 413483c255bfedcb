// SPDX-License-Identifier: Apache-2.0
/// What all optimizers share: options in the order of Keras's config, and weight decay.
#pragma once

#include <cmath>
#include <string>

#include "kernels/elementwise.hpp"
#include "parts/optimizer_spec.hpp"
#include "parts/schedule_spec.hpp"

namespace engram {

/// `name` is what Keras calls an optimizer of this class.
template <class Options>
void visit_optimizer_options(Options& o, OptionVisitor& v, const std::string& name) {
  v.ignored("name", name);
  LearningRateOption rate(o.learning_rate);
  v.option("learning_rate", rate);
  v.option("weight_decay", o.weight_decay, at_least(0));
  v.option("clipnorm", o.clipnorm, above(0));
  v.option("global_clipnorm", o.global_clipnorm, above(0));
  v.option("clipvalue", o.clipvalue, above(0));
  v.option("use_ema", o.use_ema);
  v.option("ema_momentum", o.ema_momentum, in_range(0, 1));
  v.option("ema_overwrite_frequency", o.ema_overwrite_frequency, at_least(1));
  v.option("loss_scale_factor", o.loss_scale_factor, above(0));
  v.option("gradient_accumulation_steps", o.gradient_accumulation_steps, at_least(2));
}

template <class Options>
OptimizerCommon common_of(const void* options) {
  const auto& o = options_as<Options>(options);
  return {.learning_rate = o.learning_rate,
          .clipping = {.clipnorm = o.clipnorm,
                       .global_clipnorm = o.global_clipnorm,
                       .clipvalue = o.clipvalue},
          .accumulation_steps = o.gradient_accumulation_steps.value_or(1),
          .ema_momentum = o.use_ema ? std::optional(o.ema_momentum) : std::nullopt,
          .ema_overwrite_frequency = o.ema_overwrite_frequency.value_or(0)};
}

/// base^t, as 1 - base^t needs it.
inline double power(float base, std::int64_t t) {
  return std::pow(static_cast<double>(base), static_cast<double>(t));
}

/// w -= w * weight_decay * learning_rate, which Keras does before the update.
inline void decay_weights(const std::optional<float>& weight_decay, const UpdateRange& r) {
  if (weight_decay.value_or(0) != 0) {
    kernels::scale(r.weights, 1 - *weight_decay * r.learning_rate, r.n);
  }
}

}  // namespace engram
