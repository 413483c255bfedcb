// SPDX-License-Identifier: Apache-2.0
/// What all kinds of attention share: their inputs, and one head's products for one row.
#pragma once

#include <span>
#include <string_view>

#include "kernels/attention.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

/// Errors: ShapeError unless there are a query (Q, D), a value (V, E) and, maybe, a key (V, F).
void check_attention_inputs(std::span<const Shape> inputs, std::string_view where);

/// A matrix whose rows lie `ld` floats apart.
struct MatrixAt {
  float* data = nullptr;
  std::int64_t ld = 0;
};

struct ConstMatrixAt {
  const float* data = nullptr;
  std::int64_t ld = 0;
};

/// The masks of a row's query, value and key; the key's counts when it is an input of its own.
kernels::ScoreMask score_mask(const SliceRun& run, std::int64_t row);

/// The products of a head for one row. Letters: Q queries, V values, K features of a key, E of a
/// value. `scratch` has scratch_floats().
class AttentionHead {
 public:
  AttentionHead(std::int64_t Q, std::int64_t V, std::int64_t K, std::int64_t E);

  std::int64_t scratch_floats() const { return scratch_; }

  /// scores (Q, V) = q k^T
  void scores(ConstMatrixAt q, ConstMatrixAt k, float* scores, float* scratch) const;

  /// o (Q, E) = weights (Q, V) v
  void mix(const float* weights, ConstMatrixAt v, MatrixAt o, float* scratch) const;

  /// dweights = do v^T; dv += weights^T do, unless null.
  void mix_gradient(const float* weights,
                    ConstMatrixAt v,
                    ConstMatrixAt d_o,
                    float* dweights,
                    MatrixAt dv,
                    float* scratch) const;

  /// dq = dscores k; dk += dscores^T q; each unless null.
  void scores_gradient(const float* dscores,
                       ConstMatrixAt q,
                       ConstMatrixAt k,
                       MatrixAt dq,
                       MatrixAt dk,
                       float* scratch) const;

 private:
  std::int64_t Q_, V_, K_, E_, scratch_;
};

}  // namespace engram
