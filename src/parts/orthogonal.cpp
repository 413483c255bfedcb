// SPDX-License-Identifier: Apache-2.0
#include "parts/orthogonal.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace engram {

namespace {

constexpr std::int64_t kBlock = 8;  // columns worked on while they lie in the cache

/// The scalar product of two arrays, in eight sums that the compiler can hold in vectors.
double dot(const double* a, const double* b, std::int64_t n) {
  std::array<double, 8> sums{};
  std::int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      sums[lane] += a[i + static_cast<std::int64_t>(lane)] * b[i + static_cast<std::int64_t>(lane)];
    }
  }
  for (; i < n; ++i) {
    sums[0] += a[i] * b[i];
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/// x -= 2 v (v . x) for a unit vector v.
void reflect(const double* v, double* x, std::int64_t n) {
  const double twice = 2 * dot(v, x, n);
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] -= twice * v[i];
  }
}

/// Makes column x of n values the unit vector of the reflection that maps it to a multiple of the
/// first axis; returns the sign of that multiple, which is R's diagonal.
double make_reflector(double* x, std::int64_t n) {
  const double norm = std::sqrt(dot(x, x, n));
  const double sign = x[0] < 0 ? 1 : -1;  // away from x: no cancellation
  x[0] -= sign * norm;
  const double length = std::sqrt(dot(x, x, n));
  for (std::int64_t i = 0; i < n && length > 0; ++i) {
    x[i] /= length;
  }
  return sign;
}

}  // namespace

void orthonormalize(std::vector<double>& matrix, std::int64_t rows, std::int64_t columns) {
  std::vector<double> signs;
  const auto column = [&](std::vector<double>& m, std::int64_t j, std::int64_t from) {
    return m.data() + j * rows + from;
  };
  for (std::int64_t begin = 0; begin < columns; begin += kBlock) {  // R = H_n ... H_1 A
    const std::int64_t end = std::min(begin + kBlock, columns);
    for (std::int64_t k = 0; k < end; ++k) {
      if (k >= begin) {
        signs.push_back(make_reflector(column(matrix, k, k), rows - k));
      }
      for (std::int64_t j = std::max(begin, k + 1); j < end; ++j) {
        reflect(column(matrix, k, k), column(matrix, j, k), rows - k);
      }
    }
  }
  std::vector<double> q(matrix.size());  // Q = H_1 ... H_n I
  for (std::int64_t begin = 0; begin < columns; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, columns);
    for (std::int64_t j = begin; j < end; ++j) {
      *column(q, j, j) = signs[static_cast<std::size_t>(j)];
    }
    for (std::int64_t k = end - 1; k >= 0; --k) {  // later ones leave these columns alone
      for (std::int64_t j = std::max(begin, k); j < end; ++j) {
        reflect(column(matrix, k, k), column(q, j, k), rows - k);
      }
    }
  }
  matrix = std::move(q);
}

}  // namespace engram
