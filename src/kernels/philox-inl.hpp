// SPDX-License-Identifier: Apache-2.0
/// Philox 4x32-10.
///
/// Source: Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3". The
/// generator maps a counter of four words, under a key of two, to four random words. Counter: b,
/// row, layer, step (low word); key: seed, with the step's high word added into its own.
#include "kernels/elementwise.hpp"  // DropoutKey
#include "kernels/lanes-inl.hpp"

#if defined(ENGRAM_KERNELS_PHILOX_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_PHILOX_INL_HPP_
#undef ENGRAM_KERNELS_PHILOX_INL_HPP_
#else
#define ENGRAM_KERNELS_PHILOX_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

using Words = hn::Repartition<std::uint32_t, Floats>;
using WordVector = hn::Vec<Words>;

/// The halves of the products of 32 bits by 32.
struct WideProduct {
  WordVector high, low;
};

HWY_INLINE WideProduct multiply_wide(WordVector a, std::uint32_t factor) {
  const Words d;
  const WordVector b = hn::Set(d, factor);
#if HWY_TARGET == HWY_SCALAR
  const std::uint64_t product = std::uint64_t{hn::GetLane(a)} * factor;
  return {hn::Set(d, static_cast<std::uint32_t>(product >> 32)), hn::Mul(a, b)};
#else
  const hn::Repartition<std::uint64_t, Words> wide;
  // Even lanes, then odd ones moved to even places.
  const auto even = hn::MulEven(a, b);
  const auto odd = hn::MulEven(hn::BitCast(d, hn::ShiftRight<32>(hn::BitCast(wide, a))), b);
  const WordVector high_even = hn::BitCast(d, hn::ShiftRight<32>(even));
  return {hn::OddEven(hn::BitCast(d, odd), high_even), hn::Mul(a, b)};
#endif
}

struct Block {
  WordVector word[4];
};

/// Ten rounds of Philox 4x32.
HWY_INLINE Block philox(Block c, std::uint32_t key_0, std::uint32_t key_1) {
  const Words d;
  for (int round = 0; round < 10; ++round) {
    const WideProduct a = multiply_wide(c.word[0], 0xD2511F53u);
    const WideProduct b = multiply_wide(c.word[2], 0xCD9E8D57u);
    c = {{hn::Xor(hn::Xor(b.high, c.word[1]), hn::Set(d, key_0)),
          b.low,
          hn::Xor(hn::Xor(a.high, c.word[3]), hn::Set(d, key_1)),
          a.low}};
    key_0 += 0x9E3779B9u;
    key_1 += 0xBB67AE85u;
  }
  return c;
}

/// The words of blocks first, first + 1, ... of the stream that `key` names, one block a lane.
HWY_INLINE Block random_blocks(const DropoutKey& key, std::int64_t first) {
  const Words d;
  const Block c = {{hn::Iota(d, static_cast<std::uint32_t>(first)),
                    hn::Set(d, key.row),
                    hn::Set(d, key.layer),
                    hn::Set(d, static_cast<std::uint32_t>(key.step))}};
  const auto seed_low = static_cast<std::uint32_t>(key.seed);
  const auto seed_high = static_cast<std::uint32_t>(key.seed >> 32);
  return philox(c, seed_low, seed_high + static_cast<std::uint32_t>(key.step >> 32));
}

/// Elements of kLanes blocks, in order, from the words of each.
HWY_INLINE void store_blocks(const Vector* word, float* to) {
#if HWY_TARGET == HWY_SCALAR
  for (int w = 0; w < 4; ++w) {
    to[w] = hn::GetLane(word[w]);
  }
#else
  hn::StoreInterleaved4(word[0], word[1], word[2], word[3], Floats(), to);
#endif
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
