// SPDX-License-Identifier: Apache-2.0
/// Random numbers that depend on a seed, a stream and their position only.
///
/// Example: Random random(seed, 3);  double x = random.normal();
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace engram {

/// Philox 4x32-10: four words out of a counter and a key.
/// Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                    std::array<std::uint32_t, 2> key);

/// One step of splitmix64 from state x: seeds that differ in any bit become unlike each other.
/// Source: Steele, Lea & Flood 2014.
std::uint64_t mix(std::uint64_t x);

/// A sequence of numbers. Sequences of different (seed, stream) do not overlap.
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint32_t bits32();
  std::uint64_t bits64();

  float uniform_float();  ///< in [0, 1), 24 random bits
  double uniform();       ///< in [0, 1), 53 random bits
  double normal();        ///< mean 0, deviation 1; Box & Muller 1958

  /// A whole number in [0, n), all equally likely; n at least 1.
  std::uint64_t below(std::uint64_t n);

 private:
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> words_{};
  std::size_t used_ = 4;
  std::optional<double> spare_normal_;
};

/// The numbers 0 ... n-1 in an order that depends on seed and epoch only.
std::vector<std::int64_t> shuffled_order(std::int64_t n, std::uint64_t seed, std::int64_t epoch);

}  // namespace engram
