// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Nadam& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "nadam");
  v.option("beta_1", o.beta_1, in_range_below(0, 1));
  v.option("beta_2", o.beta_2, in_range_below(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
}

std::vector<std::string_view> nadam_slots(const void*) { return {"momentum", "velocity"}; }

/// The momentum of update t: beta_1 (1 - 0.96^t / 2).
double momentum_at(double beta_1, std::int64_t t) {
  return beta_1 * (1 - 0.5 * std::pow(0.96, static_cast<double>(t)));
}

/// The product of momentum_at(1) to momentum_at(t). Keras multiplies it up step by step; here it
/// follows from t, so that a resume needs nothing else.
double momentum_product(double beta_1, std::int64_t t) {
  constexpr std::int64_t kConverged = 900;  // later factors 1 - 0.96^s / 2 are 1 in float64
  double product = std::pow(beta_1, static_cast<double>(t));
  double decay = 1;
  for (std::int64_t s = 0; s < std::min(t, kConverged); ++s) {
    decay *= 0.96;
    product *= 1 - 0.5 * decay;
  }
  return product;
}

float last_scalar(const void* options, std::int64_t updates) {
  return static_cast<float>(momentum_product(options_as<Nadam>(options).beta_1, updates));
}

/// m, v as Adam's; w -= lr (next m / (1 - product next) + (1 - now) g / (1 - product)) / (sqrt(v /
/// (1 - beta_2^t)) + epsilon), where now and next are momentum_at(t) and momentum_at(t + 1).
void update_by_nadam(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Nadam>(options);
  decay_weights(o.weight_decay, r);
  const double product = momentum_product(o.beta_1, r.iteration);
  const double next = momentum_at(o.beta_1, r.iteration + 1);
  const auto of_m = static_cast<float>(next / (1 - product * next));
  const auto of_g = static_cast<float>((1 - momentum_at(o.beta_1, r.iteration)) / (1 - product));
  const auto of_v = static_cast<float>(1 / (1 - power(o.beta_2, r.iteration)));
  float *m = r.slots[0], *v = r.slots[1];
  for (std::int64_t i = 0; i < r.n; ++i) {
    const float g = r.gradient[i];
    m[i] += (g - m[i]) * (1 - o.beta_1);
    v[i] += (g * g - v[i]) * (1 - o.beta_2);
    r.weights[i] -=
        r.learning_rate * (of_m * m[i] + of_g * g) / (std::sqrt(v[i] * of_v) + o.epsilon);
  }
}

}  // namespace

const OptimizerSpec& nadam_spec() {
  static const OptimizerSpec spec = {.class_name = "Nadam",
                                     .name = "nadam",
                                     .access = options_access<Nadam, visit_options>(),
                                     .slots = nadam_slots,
                                     .common = common_of<Nadam>,
                                     .interleaved_slots = 2,
                                     .last_scalar = last_scalar,
                                     .update = update_by_nadam};
  return spec;
}

const OptimizerSpec& spec_of(const Nadam&) { return nadam_spec(); }

}  // namespace engram
