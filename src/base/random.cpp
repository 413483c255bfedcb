// SPDX-License-Identifier: Apache-2.0
#include "base/random.hpp"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace engram {

namespace {

constexpr std::uint64_t kShuffleSalt = 0x73687566666c6521;  // "shuffle!": a seed of its own

std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }

std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c,
                                    std::array<std::uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * c[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * c[2];
    c = {high(b) ^ c[1] ^ k[0], low(b), high(a) ^ c[3] ^ k[1], low(a)};
    k = {k[0] + 0x9E3779B9u, k[1] + 0xBB67AE85u};
  }
  return c;
}

std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

Random::Random(std::uint64_t seed, std::uint64_t stream)
    : counter_{0, 0, low(stream), high(stream)}, key_{low(seed), high(seed)} {}

std::uint32_t Random::bits32() {
  if (used_ == words_.size()) {
    words_ = philox(counter_, key_);
    used_ = 0;
    counter_[0] += 1;
    counter_[1] += counter_[0] == 0 ? 1 : 0;
  }
  return words_[used_++];
}

std::uint64_t Random::bits64() {
  const std::uint64_t first = bits32();
  return first << 32 | bits32();
}

float Random::uniform_float() { return static_cast<float>(bits32() >> 8) * 0x1p-24f; }

double Random::uniform() { return static_cast<double>(bits64() >> 11) * 0x1p-53; }

double Random::normal() {
  if (spare_normal_) {
    return *std::exchange(spare_normal_, std::nullopt);
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));  // 1 - u is never 0
  const double angle = 2 * std::numbers::pi * uniform();
  spare_normal_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

std::uint64_t Random::below(std::uint64_t n) {
  const std::uint64_t surplus = (0 - n) % n;  // 2^64 mod n: so many values would favour the small
  std::uint64_t x = bits64();
  while (x < surplus) {
    x = bits64();
  }
  return x % n;
}

std::vector<std::int64_t> shuffled_order(std::int64_t n, std::uint64_t seed, std::int64_t epoch) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  Random random(mix(seed ^ kShuffleSalt), static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) {  // Fisher & Yates
    std::swap(order[i - 1], order[random.below(i)]);
  }
  return order;
}

}  // namespace engram
