// SPDX-License-Identifier: Apache-2.0
#include "kernels/target.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/target.cpp"
#include <hwy/foreach_target.h>

#include "kernels/dispatch.hpp"
#include "kernels/lanes-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

int lanes_impl() { return static_cast<int>(kLanes); }

std::int64_t target_impl() { return HWY_TARGET; }

// Sums that do not wait for each other: 4 cycles of latency, 2 a cycle at most; 16 registers are
// enough for them and what they are multiplied with.
constexpr int kRows = 4, kWidth = 3, kChains = kRows * kWidth;

/// `rounds` rounds of kChains multiply-adds; returns something that depends on all of them. The hot
/// form reads what a product's tile reads: for kRows x kWidth sums, kRows values and kWidth
/// vectors. x: kChains vectors.
template <bool kHot>
HWY_INLINE float multiply_adds(std::int64_t rounds, const float* x) {
  Vector sums[kRows][kWidth], row[kWidth];
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) {
    sums[i / kWidth][i % kWidth] = hn::Load(Floats(), x + i * kLanes);
  }
  const Vector fixed = hn::Load(Floats(), x);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 3
    for (int w = 0; w < kWidth; ++w) {
      row[w] = kHot ? hn::Load(Floats(), x + w * kLanes) : fixed;
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const Vector value = kHot ? all(x[r * kLanes]) : fixed;
#pragma GCC unroll 3
      for (int w = 0; w < kWidth; ++w) {
        Vector& sum = sums[r][w];
        sum = kHot ? hn::MulAdd(value, row[w], sum) : hn::MulAdd(sum, fixed, fixed);
      }
    }
    asm volatile("" : : : "memory");  // else the loads leave the loop
  }
  Vector sum = zero();
#pragma GCC unroll 12
  for (int i = 0; i < kChains; ++i) {
    sum = hn::Add(sum, sums[i / kWidth][i % kWidth]);
  }
  return hn::GetLane(sum);
}

float multiply_adds_impl(bool hot, std::int64_t rounds, const float* x) {
  return hot ? multiply_adds<true>(rounds, x) : multiply_adds<false>(rounds, x);
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>

#include "base/error.hpp"

#if HWY_ARCH_X86
#include <xmmintrin.h>
#endif

namespace engram::kernels {

ENGRAM_EXPORT(lanes_impl);
ENGRAM_EXPORT(target_impl);
ENGRAM_EXPORT(multiply_adds_impl);

namespace {

struct Target {
  std::string_view name;
  std::int64_t highway;  // its bit
};

// Best first. The portable one has a name of its own on each machine.
constexpr std::array<Target, 4> kTargets = {{{"avx512", HWY_AVX3},
                                             {"avx2", HWY_AVX2},
                                             {"sse4", HWY_SSE4},
                                             {"baseline", HWY_STATIC_TARGET}}};

/// Whether the processor and the system can run code for the target. What is not asked for came
/// with what is: F16C and LZCNT with AVX2 and BMI2.
bool is_supported(std::int64_t target) {
#if HWY_ARCH_X86
  if (target == HWY_SSE4) {
    return __builtin_cpu_supports("sse4.2") != 0 && __builtin_cpu_supports("aes") != 0 &&
           __builtin_cpu_supports("pclmul") != 0;
  }
  const bool has_avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                        __builtin_cpu_supports("bmi") != 0 && __builtin_cpu_supports("bmi2") != 0;
  if (target == HWY_AVX2) {
    return has_avx2;
  }
  if (target == HWY_AVX3) {
    return has_avx2 && __builtin_cpu_supports("avx512f") != 0 &&
           __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
           __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512cd") != 0;
  }
#endif
  return target == HWY_STATIC_TARGET;
}

bool is_available(const Target& target) {
  return (target.highway & HWY_TARGETS) != 0 && is_supported(target.highway);
}

/// The target of that name, or null.
const Target* find_target(std::string_view name) {
  for (const Target& target : kTargets) {
    if (target.name == name && is_available(target)) {
      return &target;
    }
  }
  return nullptr;
}

/// What ENGRAM_SIMD says, "" when it is not set.
std::string_view wish() {
  const char* name = std::getenv("ENGRAM_SIMD");
  return name == nullptr ? "" : name;
}

void use(const Target& target) {
  target_entry.store(entry_of(target.highway), std::memory_order_release);
}

/// What ENGRAM_SIMD names, or the best one when it names none.
void use_default() {
  const Target* target = find_target(wish());
  if (target == nullptr) {
    target = std::find_if(kTargets.begin(), kTargets.end(), is_available);
  }
  use(*target);
}

[[noreturn]] void refuse(std::string_view where, std::string_view name) {
  const std::vector<std::string> targets = simd_targets();
  const std::vector<std::string_view> names(targets.begin(), targets.end());
  throw error<OptionError>(unknown_name(where, "instruction set", name, names));
}

double seconds() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

}  // namespace

std::atomic<int> target_entry = kNoTarget;

void choose_first_target() noexcept {
  static const bool once = [] {
    use_default();
    return true;
  }();
  static_cast<void>(once);
}

std::vector<std::string> simd_targets() {
  std::vector<std::string> names;
  for (const Target& target : kTargets) {
    if (is_available(target)) {
      names.emplace_back(target.name);
    }
  }
  return names;
}

std::string simd_target() {
  if (!wish().empty() && find_target(wish()) == nullptr) {
    refuse("ENGRAM_SIMD", wish());
  }
  const std::int64_t used = ENGRAM_DISPATCH(target_impl)();
  const auto* target = std::find_if(
      kTargets.begin(), kTargets.end(), [&](const Target& t) { return t.highway == used; });
  return std::string(target->name);
}

int simd_lanes() { return ENGRAM_DISPATCH(lanes_impl)(); }

void use_simd_target(const std::string& name) {
  used_target();  // later the first choice would undo this one
  if (name.empty()) {
    use_default();
    return;
  }
  const Target* target = find_target(name);
  if (target == nullptr) {
    refuse("use_simd_target", name);
  }
  use(*target);
}

#if HWY_ARCH_X86
namespace {

constexpr unsigned kFlushDenormals = 0x8040;  // MXCSR's FTZ (results) and DAZ (operands)

}  // namespace

FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) {
  if ((saved_ & kFlushDenormals) != kFlushDenormals) {
    _mm_setcsr(saved_ | kFlushDenormals);
  }
}

FlushDenormals::~FlushDenormals() {
  if ((saved_ & kFlushDenormals) != kFlushDenormals) {
    _mm_setcsr(saved_);
  }
}
#else
FlushDenormals::FlushDenormals() : saved_(0) {}

FlushDenormals::~FlushDenormals() = default;
#endif

double fma_peak_gflops(bool hot, double milliseconds) {
  constexpr int kMostLanes = 16, kMultiplyAdds = 12;              // lanes; of a round
  alignas(64) std::array<float, kMostLanes * kMultiplyAdds> x{};  // zeros: nothing overflows
  const auto multiply_adds = ENGRAM_DISPATCH(multiply_adds_impl);
  constexpr std::int64_t kRounds = 4000;  // some 20 to 30 microseconds: an interruption hits few
  const double flops = 2.0 * kMultiplyAdds * simd_lanes() * static_cast<double>(kRounds);
  std::vector<double> rates;
  const double start = seconds();
  volatile float sink = 0;
  for (double begin = start; begin - start < 1e-3 * milliseconds || rates.empty();) {
    sink = multiply_adds(hot, kRounds, x.data());
    const double end = seconds();
    rates.push_back(flops / (end - begin) * 1e-9);
    begin = end;
  }
  static_cast<void>(sink);
  const auto middle = rates.begin() + static_cast<std::ptrdiff_t>(rates.size() / 2);
  std::nth_element(rates.begin(), middle, rates.end());
  return *middle;
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
