// SPDX-License-Identifier: Apache-2.0
/// Normalization over rows and over columns of a matrix (M, C).
#pragma once

#include <cstdint>

namespace engram::kernels {

/// y = gamma (x - mean) rstd + beta, where mean and rstd = 1 / sqrt(variance + epsilon) are those
/// of each row; they go to `statistics` (M, 2). gamma and beta (C) may be null. Not is_centered:
/// the mean is 0 in place of the row's.
void normalize_rows(const float* x,
                    const float* gamma,
                    const float* beta,
                    float epsilon,
                    float* y,
                    float* statistics,
                    std::int64_t M,
                    std::int64_t C,
                    bool is_centered = true) noexcept;

/// What goes into and comes out of the backward pass of normalize_rows.
struct RowGradient {
  const float* x = nullptr;
  const float* statistics = nullptr;
  const float* gamma = nullptr;  ///< or null
  const float* dy = nullptr;
  float* dx = nullptr;      ///< or null
  float* dgamma = nullptr;  ///< added to, or null
  float* dbeta = nullptr;   ///< added to, or null
  bool is_centered = true;
};

void normalize_rows_gradient(const RowGradient& g, std::int64_t M, std::int64_t C) noexcept;

/// y = x / |x| a row; a row shorter than 1e-12 is multiplied by 1e12.
void unit_rows(const float* x, float* y, std::int64_t M, std::int64_t C) noexcept;

/// dx from x and y = unit_rows(x).
void unit_rows_gradient(const float* x,
                        const float* y,
                        const float* dy,
                        float* dx,
                        std::int64_t M,
                        std::int64_t C) noexcept;

/// y = (x - center) scale + shift, each (C).
void normalize_columns(const float* x,
                       const float* center,
                       const float* scale,
                       const float* shift,
                       float* y,
                       std::int64_t M,
                       std::int64_t C) noexcept;

/// sums (C) = scale times the sum over the rows of factor (x - center), factor being x - center
/// itself, another matrix, or 1. A mask (M), unless null, leaves out the rows where it is 0.
/// Columns are summed in float64, out of float32 sums of 32 rows.
struct ColumnSums {
  const float* x = nullptr;
  const float* center = nullptr;  ///< (C), or null: 0
  const float* factor = nullptr;  ///< (M, C), or null: 1
  bool is_square = false;         ///< the factor is x - center
  const std::uint8_t* mask = nullptr;
  double scale = 1;
};

void column_sums(const ColumnSums& s, float* sums, std::int64_t M, std::int64_t C) noexcept;

/// dx = slope dy - counted (offset + tilt (x - center)), each (C); counted is 0 where the mask is,
/// 1 elsewhere and without a mask.
struct ColumnGradient {
  const float* x = nullptr;
  const float* dy = nullptr;
  const float* center = nullptr;
  const float* slope = nullptr;
  const float* offset = nullptr;
  const float* tilt = nullptr;
  const std::uint8_t* mask = nullptr;
};

void normalize_columns_gradient(const ColumnGradient& g,
                                float* dx,
                                std::int64_t M,
                                std::int64_t C) noexcept;

}  // namespace engram::kernels
