// SPDX-License-Identifier: Apache-2.0
/// Dropout factors: word w of block b of a Philox stream decides element 4 b + w.
#include "kernels/elementwise.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dropout.cpp"
#include <hwy/foreach_target.h>

#include "kernels/dispatch.hpp"
#include "kernels/philox-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

void dropout_impl(
    float* factors, std::int64_t n, float rate, const DropoutKey& key, std::int64_t first) {
  const Words d;
  // Kept where the word is at least rate * 2^32.
  const double limit = static_cast<double>(rate) * 4294967296.0;
  const auto bound =
      hn::Set(d, static_cast<std::uint32_t>(limit < 4294967295.0 ? limit : 0xFFFFFFFFu));
  const Vector kept = all(1.0f / (1.0f - rate));
  constexpr std::int64_t kBlock = 4 * kLanes;
  for (std::int64_t i = 0; i < n; i += kBlock) {
    const Block c = random_blocks(key, (first + i) / 4);
    Vector factor[4];
    for (int w = 0; w < 4; ++w) {
      const auto keeps = hn::Eq(hn::Max(c.word[w], bound), c.word[w]);
      factor[w] = hn::IfThenElseZero(hn::RebindMask(Floats(), keeps), kept);
    }
    if (i + kBlock <= n) {
      store_blocks(factor, factors + i);
    } else {
      HWY_ALIGN float block[kBlock];
      store_blocks(factor, block);
      std::memcpy(factors + i, block, static_cast<std::size_t>(n - i) * sizeof(float));
    }
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <cassert>

namespace engram::kernels {

ENGRAM_EXPORT(dropout_impl);

void dropout_factors(float* factors,
                     std::int64_t n,
                     float rate,
                     const DropoutKey& key,
                     std::int64_t first) noexcept {
  assert(first % 4 == 0);
  if (rate >= 1) {
    std::fill_n(factors, n, 0.0f);
    return;
  }
  ENGRAM_DISPATCH(dropout_impl)(factors, n, rate, key, first);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
