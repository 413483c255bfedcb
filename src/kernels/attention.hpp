// SPDX-License-Identifier: Apache-2.0
/// What attention does between its products: scores, their masks, sums of tanh.
///
/// Letters: Q queries, V values, D features.
#pragma once

#include <cstdint>

namespace engram::kernels {

/// Which scores of one row of the batch count: those of queries and values that no mask skips, of
/// values not after the query (causal), and near it (window). A mask is read at i * stride.
struct ScoreMask {
  const std::uint8_t* query = nullptr;  ///< or null, as the next two
  const std::uint8_t* value = nullptr;
  const std::uint8_t* key = nullptr;
  std::int64_t stride = 1;
  bool is_causal = false;
  std::int64_t window = 0;  ///< value less than so many steps from the query; 0: any

  bool counts(std::int64_t q, std::int64_t v) const {
    const std::int64_t distance = q > v ? q - v : v - q;
    return (query == nullptr || query[q * stride] != 0) &&
           (value == nullptr || value[v * stride] != 0) &&
           (key == nullptr || key[v * stride] != 0) && (!is_causal || v <= q) &&
           (window == 0 || distance < window);
  }
};

/// scores (Q, V) times `scale`; those that do not count become -1e9, which softmax turns to 0
/// unless a whole row is so.
void scale_and_mask(
    float* scores, std::int64_t Q, std::int64_t V, float scale, const ScoreMask& mask) noexcept;

/// scores (Q, V) times `scale`; those that do not count become 0.
void scale_and_clear(
    float* scores, std::int64_t Q, std::int64_t V, float scale, const ScoreMask& mask) noexcept;

/// One row of the batch for sums of tanh; matrices of row strides ld.
struct TanhScores {
  std::int64_t Q = 0, V = 0, D = 0;
  const float* query = nullptr;  ///< (Q, D)
  const float* key = nullptr;    ///< (V, D)
  std::int64_t ld_query = 0, ld_key = 0;
  const float* outer = nullptr;  ///< (D), or null: 1
  float inner = 1;
};

/// scores (Q, V): the sum over the features of outer tanh(inner (query + key)).
void tanh_scores(const TanhScores& s, float* scores) noexcept;

/// Gradients by the parts of tanh_scores, each added to; null: not wanted.
struct TanhScoresGradient {
  const float* dscores = nullptr;  ///< (Q, V)
  float* dquery = nullptr;         ///< (Q, D), of the row stride of query
  float* dkey = nullptr;           ///< (V, D), of that of key
  float* douter = nullptr;         ///< (D)
  float* dinner = nullptr;         ///< one number
};

void tanh_scores_gradient(const TanhScores& s, const TanhScoresGradient& g) noexcept;

/// The sum of the products of two arrays.
double dot_product(const float* a, const float* b, std::int64_t n) noexcept;

}  // namespace engram::kernels
