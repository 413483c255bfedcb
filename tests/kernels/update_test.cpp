// SPDX-License-Identifier: Apache-2.0
/// Optimizer steps against Keras's formulas in float64, and against values that Keras gave.
#include "kernels/update.hpp"

#include "kernels/each_target.hpp"

namespace engram::kernels {
namespace {

/// A float32 result is within `roundings` of a float64 one, for values of about 1.
void expect_near(const Floats& actual, const std::vector<double>& expected, double roundings) {
  for (std::size_t i = 0; i < actual.size(); ++i) {
    ASSERT_NEAR(actual[i], expected[i], roundings * kUnit) << "at " << i << " of " << actual.size();
  }
}

Floats sizes_of(Floats values) {
  for (float& v : values) {
    v = std::abs(v);
  }
  return values;
}

class OptimizerUpdate : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(OptimizerUpdate);

TEST_P(OptimizerUpdate, AdamGivesKerasValues) {
  // Keras 3.15.1: w [1, -2], learning rate .01, gradients [.1, -.2], then [.3, .05].
  Floats w = {1, -2}, m = {0, 0}, v = {0, 0};
  const std::vector<Floats> gradients = {{0.1f, -0.2f}, {0.3f, 0.05f}};
  for (int t = 1; t <= 2; ++t) {
    const double alpha = 0.01 * std::sqrt(1 - std::pow(0.999, t)) / (1 - std::pow(0.9, t));
    adam_update({.alpha = static_cast<float>(alpha),
                 .beta_1 = 0.9f,
                 .beta_2 = 0.999f,
                 .epsilon = 1e-7f,
                 .g = gradients[static_cast<std::size_t>(t - 1)].data(),
                 .w = w.data(),
                 .m = m.data(),
                 .v = v.data()},
                2);
  }
  EXPECT_NEAR(w[0], 0.9808227, 1e-6);  // the value is known to 7 digits
  EXPECT_NEAR(w[1], -1.9853057, 1e-6);
}

TEST_P(OptimizerUpdate, AdamIsItsFormulaAtAnyLength) {
  for (const std::int64_t n : kLengths) {
    for (const bool amsgrad : {false, true}) {
      const Floats g = random_floats(n, 1), w0 = random_floats(n, 2), m0 = random_floats(n, 3);
      const Floats v0 = sizes_of(random_floats(n, 4)), vhat0 = sizes_of(random_floats(n, 5));
      Floats w = w0, m = m0, v = v0, vhat = vhat0;
      const AdamUpdate a = {.alpha = 0.01f,
                            .beta_1 = 0.75f,
                            .beta_2 = 0.875f,
                            .epsilon = 0.125f,
                            .weight_decay = 0.0625f,
                            .g = g.data(),
                            .w = w.data(),
                            .m = m.data(),
                            .v = v.data(),
                            .vhat = amsgrad ? vhat.data() : nullptr};
      adam_update(a, n);
      std::vector<double> ew, em, ev, evhat;
      for (std::size_t i = 0; i < w.size(); ++i) {
        em.push_back(m0[i] + (double{g[i]} - m0[i]) * 0.25);
        ev.push_back(v0[i] + (double{g[i]} * g[i] - v0[i]) * 0.125);
        evhat.push_back(amsgrad ? std::max<double>(vhat0[i], ev[i]) : vhat0[i]);
        const double size = std::sqrt(amsgrad ? evhat[i] : ev[i]) + 0.125;
        ew.push_back(w0[i] - w0[i] * 0.0625 - double{a.alpha} * em[i] / size);
      }
      expect_near(m, em, 4);
      expect_near(v, ev, 4);
      expect_near(vhat, evhat, 4);
      expect_near(w, ew, 6);
    }
  }
}

TEST_P(OptimizerUpdate, SgdIsItsFormulaAtAnyLength) {
  for (const std::int64_t n : kLengths) {
    for (const int kind : {0, 1, 2}) {  // plain, momentum, nesterov
      const Floats g = random_floats(n, 1), w0 = random_floats(n, 2), m0 = random_floats(n, 3);
      Floats w = w0, m = m0;
      sgd_update({.learning_rate = 0.125f,
                  .momentum = kind == 0 ? 0 : 0.75f,
                  .nesterov = kind == 2,
                  .g = g.data(),
                  .w = w.data(),
                  .m = kind == 0 ? nullptr : m.data()},
                 n);
      std::vector<double> ew, em;
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double step = 0.125 * g[i];
        em.push_back(kind == 0 ? m0[i] : 0.75 * m0[i] - step);
        const double move = kind == 2 ? 0.75 * em[i] - step : em[i];
        ew.push_back(kind == 0 ? w0[i] - step : w0[i] + move);
      }
      expect_near(m, em, 3);
      expect_near(w, ew, 6);
    }
  }
}

TEST_P(OptimizerUpdate, RmspropIsItsFormulaAtAnyLength) {
  for (const std::int64_t n : kLengths) {
    for (const bool has_all : {false, true}) {
      const Floats g = random_floats(n, 1), w0 = random_floats(n, 2), m0 = random_floats(n, 3);
      Floats v0 = sizes_of(random_floats(n, 4));
      const Floats mean0 = random_floats(n, 5, 0.1f);
      for (float& v : v0) {
        v += 1;  // well above the mean's square, as in real runs
      }
      Floats w = w0, v = v0, mean = mean0, m = m0;
      rmsprop_update({.learning_rate = 0.125f,
                      .rho = 0.75f,
                      .momentum = has_all ? 0.5f : 0,
                      .epsilon = 0.125f,
                      .g = g.data(),
                      .w = w.data(),
                      .v = v.data(),
                      .mean = has_all ? mean.data() : nullptr,
                      .m = has_all ? m.data() : nullptr},
                     n);
      std::vector<double> ew, ev, emean, em;
      for (std::size_t i = 0; i < w.size(); ++i) {
        ev.push_back(0.75 * v0[i] + 0.25 * g[i] * double{g[i]});
        emean.push_back(has_all ? 0.75 * mean0[i] + 0.25 * g[i] : mean0[i]);
        const double d = has_all ? ev[i] - emean[i] * emean[i] : ev[i];
        const double step = 0.125 * g[i] / std::sqrt(d + 0.125);
        em.push_back(has_all ? 0.5 * m0[i] + step : m0[i]);
        ew.push_back(w0[i] - (has_all ? em[i] : step));
      }
      expect_near(v, ev, 6);
      expect_near(mean, emean, 3);
      expect_near(m, em, 6);
      expect_near(w, ew, 8);
    }
  }
}

}  // namespace
}  // namespace engram::kernels
