// SPDX-License-Identifier: Apache-2.0
/// Vectors of float32 and the one loop over arrays whose length is no multiple of the lanes.
#include <hwy/highway.h>

#include <cstdint>
#include <cstring>

#if defined(ENGRAM_KERNELS_LANES_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_LANES_INL_HPP_
#undef ENGRAM_KERNELS_LANES_INL_HPP_
#else
#define ENGRAM_KERNELS_LANES_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;
using Vector = hn::Vec<Floats>;

/// Floats of a vector: 16 on AVX-512, 8 on AVX2, 4 on SSE4.
constexpr std::int64_t kLanes = static_cast<std::int64_t>(hn::MaxLanes(Floats()));
static_assert(16 % kLanes == 0, "packed sizes count on 16 floats holding whole vectors");

HWY_INLINE Vector zero() { return hn::Zero(Floats()); }

HWY_INLINE Vector all(float value) { return hn::Set(Floats(), value); }

/// Access to a whole vector of the tag D.
template <class D>
struct WholeOf {
  HWY_INLINE hn::Vec<D> load(const float* p) const { return hn::LoadU(D(), p); }

  HWY_INLINE void store(hn::Vec<D> v, float* p) const { hn::StoreU(v, D(), p); }
};

/// Access to the first n lanes of a vector; memory behind them is neither read nor written.
template <class D>
class PartOf {
#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2
 public:
  HWY_INLINE explicit PartOf(std::int64_t n)
      : mask_(hn::FirstN(D(), static_cast<std::size_t>(n))) {}

  HWY_INLINE hn::Vec<D> load(const float* p) const { return hn::MaskedLoad(mask_, D(), p); }

  HWY_INLINE void store(hn::Vec<D> v, float* p) const { hn::BlendedStore(v, mask_, D(), p); }

 private:
  hn::Mask<D> mask_;
#else  // no masked access that keeps off the memory behind
 public:
  HWY_INLINE explicit PartOf(std::int64_t n)
      : bytes_(static_cast<std::size_t>(n) * sizeof(float)) {}

  HWY_INLINE hn::Vec<D> load(const float* p) const {
    HWY_ALIGN float lanes[kLanes] = {};
    std::memcpy(lanes, p, bytes_);
    return hn::Load(D(), lanes);
  }

  HWY_INLINE void store(hn::Vec<D> v, float* p) const {
    HWY_ALIGN float lanes[kLanes];
    hn::Store(v, D(), lanes);
    std::memcpy(p, lanes, bytes_);
  }

 private:
  std::size_t bytes_;
#endif
};

/// Access to a single float. A Part would do, but what it covers with its mask may have been stored
/// a moment ago, and then its load waits for that store.
struct One {
  HWY_INLINE Vector load(const float* p) const {
    return hn::IfThenElseZero(hn::FirstN(Floats(), 1), all(*p));
  }

  HWY_INLINE void store(Vector v, float* p) const { *p = hn::GetLane(v); }
};

using Whole = WholeOf<Floats>;
using Part = PartOf<Floats>;

/// Calls step(i, access) for i = 0, lanes, 2 lanes ... below n; access is a Whole, or a Part at the
/// end. The step loads and stores through it only.
template <class Step>
HWY_INLINE void for_each_vector(std::int64_t n, const Step& step) {
  std::int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    step(i, Whole());
  }
  if (i + 1 == n) {
    step(i, One());
  } else if (i < n) {
    step(i, Part(n - i));
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
