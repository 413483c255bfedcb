// SPDX-License-Identifier: Apache-2.0
#include "kernels/noise.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/noise.cpp"
#include <hwy/foreach_target.h>

#include <hwy/contrib/math/math-inl.h>

#include "kernels/dispatch.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// The upper 24 bits of a word as a number in (0, 1]: never 0, whose logarithm is infinite.
HWY_INLINE Vector uniform(WordVector word) {
  const hn::Repartition<std::int32_t, Floats> integers;
  const auto bits = hn::BitCast(integers, hn::ShiftRight<8>(word));
  const Vector k = hn::Add(hn::ConvertTo(Floats(), bits), all(1.0f));
  return hn::Mul(k, all(1.0f / 16777216.0f));
}

void normal_impl(float* values,
                 std::int64_t n,
                 float mean,
                 float stddev,
                 const DropoutKey& key,
                 std::int64_t first) {
  const Floats d;
  constexpr float kTwoPi = 6.28318530717958647692f;
  constexpr std::int64_t kBlock = 4 * kLanes;
  for (std::int64_t i = 0; i < n; i += kBlock) {
    const Block c = random_blocks(key, (first + i) / 4);
    Vector z[4];
    for (int pair = 0; pair < 4; pair += 2) {
      const Vector log = hn::Log(d, uniform(c.word[pair]));
      const Vector radius = hn::Mul(all(stddev), hn::Sqrt(hn::Mul(all(-2.0f), log)));
      const Vector angle = hn::Mul(all(kTwoPi), uniform(c.word[pair + 1]));
      z[pair] = hn::MulAdd(radius, hn::Cos(d, angle), all(mean));
      z[pair + 1] = hn::MulAdd(radius, hn::Sin(d, angle), all(mean));
    }
    if (i + kBlock <= n) {
      store_blocks(z, values + i);
    } else {
      HWY_ALIGN float block[kBlock];
      store_blocks(z, block);
      std::memcpy(values + i, block, static_cast<std::size_t>(n - i) * sizeof(float));
    }
  }
}

void alpha_drop_impl(
    const AlphaDropping& a, const float* factors, const float* x, float* y, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector kept = hn::MulAdd(part.load(x + i), all(a.kept_scale), all(a.offset));
    const auto drops = hn::Eq(part.load(factors + i), zero());
    part.store(hn::IfThenElse(drops, all(a.dropped), kept), y + i);
  });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cassert>

namespace engram::kernels {

ENGRAM_EXPORT(normal_impl);
ENGRAM_EXPORT(alpha_drop_impl);

void normal_numbers(float* values,
                    std::int64_t n,
                    float mean,
                    float stddev,
                    const DropoutKey& key,
                    std::int64_t first) noexcept {
  assert(first % 4 == 0);
  ENGRAM_DISPATCH(normal_impl)(values, n, mean, stddev, key, first);
}

void alpha_drop(const AlphaDropping& a,
                const float* factors,
                const float* x,
                float* y,
                std::int64_t n) noexcept {
  ENGRAM_DISPATCH(alpha_drop_impl)(a, factors, x, y, n);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
