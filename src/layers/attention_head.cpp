// SPDX-License-Identifier: Apache-2.0
#include "layers/attention_head.hpp"

#include <algorithm>
#include <string>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/dense.hpp"

namespace engram {

namespace k = kernels;

void check_attention_inputs(std::span<const Shape> inputs, std::string_view where) {
  const auto fail = [&](const std::string& expected, const std::string& got) {
    throw error<ShapeError>({.where = std::string(where), .expected = expected, .got = got});
  };
  if (inputs.size() < 2 || inputs.size() > 3) {
    fail("inputs query, value and, maybe, key", std::to_string(inputs.size()));
  }
  for (const Shape& input : inputs) {
    if (input.size() != 2 || input[1] < 1) {
      fail("inputs of rank 3 (batch, time, features)", to_string(input) + " a sample");
    }
  }
  if (inputs.back()[0] != inputs[1][0] && inputs.back()[0] >= 0 && inputs[1][0] >= 0) {
    fail("as many keys as values", to_string(inputs[2]) + " and " + to_string(inputs[1]));
  }
}

k::ScoreMask score_mask(const SliceRun& run, std::int64_t row) {
  const auto of = [&](std::size_t i) {
    return i < run.inputs.size() && run.inputs[i].mask != nullptr ? run.inputs[i].mask + row
                                                                  : nullptr;
  };
  return {.query = of(0), .value = of(1), .key = of(2), .stride = run.rows};
}

AttentionHead::AttentionHead(std::int64_t Q, std::int64_t V, std::int64_t K, std::int64_t E)
    : Q_(Q), V_(V), K_(K), E_(E) {
  scratch_ = aligned_floats(std::max({k::packed_matrix_floats(K, V),
                                      k::packed_matrix_floats(V, K),
                                      k::packed_matrix_floats(V, E),
                                      k::packed_matrix_floats(E, V)}));
}

void AttentionHead::scores(ConstMatrixAt q,
                           ConstMatrixAt key,
                           float* scores,
                           float* scratch) const {
  k::pack_transposed(key.data, K_, V_, key.ld, scratch);
  k::product({.M = Q_,
              .K = K_,
              .N = V_,
              .a = q.data,
              .lda = q.ld,
              .packed = scratch,
              .c = scores,
              .ldc = V_});
}

void AttentionHead::mix(const float* weights, ConstMatrixAt v, MatrixAt o, float* scratch) const {
  k::pack_matrix(v.data, V_, E_, v.ld, scratch);
  k::product({.M = Q_,
              .K = V_,
              .N = E_,
              .a = weights,
              .lda = V_,
              .packed = scratch,
              .c = o.data,
              .ldc = o.ld});
}

void AttentionHead::mix_gradient(const float* weights,
                                 ConstMatrixAt v,
                                 ConstMatrixAt d_o,
                                 float* dweights,
                                 MatrixAt dv,
                                 float* scratch) const {
  k::pack_transposed(v.data, E_, V_, v.ld, scratch);
  k::product({.M = Q_,
              .K = E_,
              .N = V_,
              .a = d_o.data,
              .lda = d_o.ld,
              .packed = scratch,
              .c = dweights,
              .ldc = V_});
  if (dv.data != nullptr) {
    k::gradient_product({.M = Q_,
                         .K = V_,
                         .N = E_,
                         .a = weights,
                         .lda = V_,
                         .g = d_o.data,
                         .ldg = d_o.ld,
                         .dw = dv.data,
                         .lddw = dv.ld});
  }
}

void AttentionHead::scores_gradient(const float* dscores,
                                    ConstMatrixAt q,
                                    ConstMatrixAt key,
                                    MatrixAt dq,
                                    MatrixAt dk,
                                    float* scratch) const {
  if (dq.data != nullptr) {
    k::pack_matrix(key.data, V_, K_, key.ld, scratch);
    k::product({.M = Q_,
                .K = V_,
                .N = K_,
                .a = dscores,
                .lda = V_,
                .packed = scratch,
                .c = dq.data,
                .ldc = dq.ld});
  }
  if (dk.data != nullptr) {
    k::gradient_product({.M = Q_,
                         .K = V_,
                         .N = K_,
                         .a = dscores,
                         .lda = V_,
                         .g = q.data,
                         .ldg = q.ld,
                         .dw = dk.data,
                         .lddw = dk.ld});
  }
}

}  // namespace engram
