// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include "kernels/dispatch.hpp"
#include "kernels/functions-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

HWY_INLINE Vector outer_factors(const TanhScores& s, std::int64_t i, auto part) {
  return s.outer == nullptr ? all(1.0f) : part.load(s.outer + i);
}

void tanh_scores_impl(const TanhScores& s, float* scores) {
  for (std::int64_t q = 0; q < s.Q; ++q) {
    const float* query = s.query + q * s.ld_query;
    for (std::int64_t v = 0; v < s.V; ++v) {
      const float* key = s.key + v * s.ld_key;
      Vector sum = zero();  // lanes behind the end add tanh(0) = 0
      for_each_vector(s.D, [&](std::int64_t i, auto part) HWY_ATTR {
        const Vector x = hn::Add(part.load(query + i), part.load(key + i));
        sum = hn::MulAdd(outer_factors(s, i, part), tanh(hn::Mul(all(s.inner), x)), sum);
      });
      scores[q * s.V + v] = hn::GetLane(hn::SumOfLanes(Floats(), sum));
    }
  }
}

void tanh_scores_gradient_impl(const TanhScores& s, const TanhScoresGradient& g) {
  for (std::int64_t q = 0; q < s.Q; ++q) {
    for (std::int64_t v = 0; v < s.V; ++v) {
      const float *query = s.query + q * s.ld_query, *key = s.key + v * s.ld_key;
      const Vector d = all(g.dscores[q * s.V + v]);
      Vector by_inner = zero();
      for_each_vector(s.D, [&](std::int64_t i, auto part) HWY_ATTR {
        const auto add_to = [&](float* to, Vector x)
                                HWY_ATTR { part.store(hn::Add(part.load(to), x), to); };
        const Vector x = hn::Add(part.load(query + i), part.load(key + i));
        const Vector y = tanh(hn::Mul(all(s.inner), x));
        const Vector dx =
            hn::Mul(hn::Mul(d, outer_factors(s, i, part)), tanh_slope(y));  // by inner x
        by_inner = hn::MulAdd(dx, x, by_inner);
        const Vector dsum = hn::Mul(dx, all(s.inner));
        if (g.dquery != nullptr) {
          add_to(g.dquery + q * s.ld_query + i, dsum);
        }
        if (g.dkey != nullptr) {
          add_to(g.dkey + v * s.ld_key + i, dsum);
        }
        if (g.douter != nullptr) {
          add_to(g.douter + i, hn::Mul(d, y));
        }
      });
      if (g.dinner != nullptr) {
        *g.dinner += hn::GetLane(hn::SumOfLanes(Floats(), by_inner));
      }
    }
  }
}

double dot_product_impl(const float* a, const float* b, std::int64_t n) {
  double sum = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  }
  return sum;
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(tanh_scores_impl);
ENGRAM_EXPORT(tanh_scores_gradient_impl);
ENGRAM_EXPORT(dot_product_impl);

namespace {

void scale_or_set(float* scores,
                  std::int64_t Q,
                  std::int64_t V,
                  float scale,
                  const ScoreMask& mask,
                  float otherwise) noexcept {
  for (std::int64_t q = 0; q < Q; ++q) {
    for (std::int64_t v = 0; v < V; ++v) {
      float& score = scores[q * V + v];
      score = mask.counts(q, v) ? score * scale : otherwise;
    }
  }
}

}  // namespace

void scale_and_mask(
    float* scores, std::int64_t Q, std::int64_t V, float scale, const ScoreMask& mask) noexcept {
  scale_or_set(scores, Q, V, scale, mask, -1e9f);
}

void scale_and_clear(
    float* scores, std::int64_t Q, std::int64_t V, float scale, const ScoreMask& mask) noexcept {
  scale_or_set(scores, Q, V, scale, mask, 0.0f);
}

void tanh_scores(const TanhScores& s, float* scores) noexcept {
  ENGRAM_DISPATCH(tanh_scores_impl)(s, scores);
}

void tanh_scores_gradient(const TanhScores& s, const TanhScoresGradient& g) noexcept {
  ENGRAM_DISPATCH(tanh_scores_gradient_impl)(s, g);
}

double dot_product(const float* a, const float* b, std::int64_t n) noexcept {
  return ENGRAM_DISPATCH(dot_product_impl)(a, b, n);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
