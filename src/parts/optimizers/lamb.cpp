// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "kernels/elementwise.hpp"
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Lamb& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "lamb");
  v.option("beta_1", o.beta_1, in_range_below(0, 1));
  v.option("beta_2", o.beta_2, in_range_below(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
}

std::vector<std::string_view> lamb_slots(const void*) { return {"momentum", "velocity"}; }

/// m, v as Adam's; step = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon);
/// w -= lr step |w| / |step|, without the quotient when a norm is 0.
void update_by_lamb(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Lamb>(options);
  decay_weights(o.weight_decay, r);
  const auto of_m = static_cast<float>(1 / (1 - power(o.beta_1, r.iteration)));
  const auto of_v = static_cast<float>(1 / (1 - power(o.beta_2, r.iteration)));
  float *m = r.slots[0], *v = r.slots[1];
  const auto step = [&](std::int64_t i) {
    return m[i] * of_m / (std::sqrt(v[i] * of_v) + o.epsilon);
  };
  double squares = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i];
    m[i] += (g - m[i]) * (1 - o.beta_1);
    v[i] += (g * g - v[i]) * (1 - o.beta_2);
    squares += static_cast<double>(step(i)) * step(i);
  }
  const double weight_squares = kernels::sum_of_squares(r.weights, r.n);
  const bool has_ratio = weight_squares > 0 && squares > 0;
  const auto rate =
      static_cast<float>(r.learning_rate * (has_ratio ? std::sqrt(weight_squares / squares) : 1.0));
  for (std::int64_t i = 0; i < r.n; ++i) {
    r.weights[i] -= rate * step(i);
  }
}

}  // namespace

const OptimizerSpec& lamb_spec() {
  static const OptimizerSpec spec = {.class_name = "Lamb",
                                     .name = "lamb",
                                     .access = options_access<Lamb, visit_options>(),
                                     .slots = lamb_slots,
                                     .common = common_of<Lamb>,
                                     .interleaved_slots = 2,
                                     .needs_whole_variable = true,
                                     .update = update_by_lamb};
  return spec;
}

const OptimizerSpec& spec_of(const Lamb&) { return lamb_spec(); }

}  // namespace engram
