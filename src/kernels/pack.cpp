// SPDX-License-Identifier: Apache-2.0
/// Packing of a recurrent layer's weights.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/pack.cpp"
#include <hwy/foreach_target.h>

#include <new>

#include "kernels/dispatch.hpp"
#include "kernels/layout.hpp"
#include "kernels/panels-inl.hpp"
#include "kernels/recurrent.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// The row of the 1: what the biases add to column `column` of the layer's matrices. With reset
/// after, h has a bias of its own; the gates' are one, in the first product that they are in.
HWY_INLINE float bias_of(const RecurrentSpec& spec,
                         const Layout& layout,
                         const RecurrentWeights& weights,
                         const StepProduct& p,
                         std::int64_t column) {
  if (weights.bias == nullptr) {
    return 0;
  }
  if (spec.cell != Cell::gru_reset_after) {
    return weights.bias[column];
  }
  const bool is_gate = column < 2 * spec.H;
  const float of_x = p.has_x ? weights.bias[column] : 0;
  const float of_h = p.has_h || is_gate ? weights.bias[layout.columns + column] : 0;
  return p.goes_on && is_gate ? 0 : of_x + of_h;
}

/// The rows of w (rows, columns) in the columns of panel i, one by one: for a product whose columns
/// are no neighbours in w.
HWY_INLINE void pack_scattered(const Layout& layout,
                               const StepProduct& p,
                               const Panels& panels,
                               std::int64_t i,
                               std::int64_t rows,
                               const float* w,
                               float* to) {
  const std::int64_t size = panels.row_size(i);
  for (std::int64_t n = 0; n < size; ++n) {
    const std::int64_t column = layout.keras_column(p.column + panels.column(i) + n);
    for (std::int64_t row = 0; row < rows; ++row) {
      to[row * size + n] = n < panels.columns(i) ? w[row * layout.columns + column] : 0;
    }
  }
}

/// Rows [W; b; U] of the columns of one product of a step.
HWY_INLINE void pack_step(const RecurrentSpec& spec,
                          const Layout& layout,
                          const RecurrentWeights& weights,
                          const StepProduct& p,
                          const PanelRange& range,
                          const Panels& panels,
                          float* packed) {
  const std::int64_t column = layout.keras_column(p.column), ld = layout.columns;
  const std::int64_t D = p.has_x ? spec.D : 0;
  const bool is_scattered = column + p.N > ld;  // from the last gate round to the first
  for (std::int64_t i = range.first; i < range.last; ++i) {
    if (is_scattered) {
      pack_scattered(layout, p, panels, i, D, weights.kernel, packed + p.K * panels.column(i));
    } else {
      pack_rows(panels, i, p.K, 0, D, weights.kernel + column, ld, packed);
    }
    float* one = packed + p.K * panels.column(i) + D * panels.row_size(i);
    for (std::int64_t n = 0; n < panels.row_size(i); ++n) {
      one[n] = n < panels.columns(i)
                   ? bias_of(spec, layout, weights, p, (column + panels.column(i) + n) % ld)
                   : 0;
    }
    const std::int64_t h_rows = p.has_h ? spec.h_size() : 0;
    pack_rows(panels, i, p.K, D + 1, h_rows, weights.recurrent_kernel + column, ld, packed);
  }
}

/// The transpose of w's columns, gate by gate in the order of z. w (N, G*H).
HWY_INLINE void pack_back(const RecurrentSpec& spec,
                          const Layout& layout,
                          const float* w,
                          const BackProduct& p,
                          const PanelRange& range,
                          const Panels& panels,
                          float* packed) {
  for (std::int64_t i = range.first; i < range.last; ++i) {
    for (std::int64_t k = 0; k < p.K; k += spec.H) {
      const float* gate = w + layout.keras_column(p.column + k);
      pack_columns(panels, i, p.K, k, spec.H, gate, layout.columns, packed);
    }
  }
}

/// Matrix (H, P) and, for the backward pass, its transpose.
HWY_INLINE void pack_projection(
    const Layout& layout, const float* w, float* packed, std::int64_t part, std::int64_t parts) {
  const RecurrentSpec& spec = layout.spec;
  const Panels panels(spec.P), back(spec.H);
  const PanelRange range(panels, part, parts), back_range(back, part, parts);
  for (std::int64_t i = range.first; i < range.last; ++i) {
    pack_rows(panels, i, spec.H, 0, spec.H, w, spec.P, packed + layout.projection);
  }
  for (std::int64_t i = back_range.first; spec.keeps && i < back_range.last; ++i) {
    pack_columns(back, i, spec.P, 0, spec.P, w, spec.P, packed + layout.projection_back);
  }
}

void pack_impl(const Layout& layout,
               const RecurrentWeights& weights,
               float* packed,
               std::int64_t part,
               std::int64_t parts) {
  const RecurrentSpec& spec = layout.spec;
  if (part == 0) {
    new (packed) Layout(layout);
  }
  for (const Products<StepProduct>* products : {&layout.step, &layout.after_reset}) {
    for (const StepProduct& p : *products) {
      const Panels panels(p.N);
      const PanelRange range(panels, part, parts);
      pack_step(spec, layout, weights, p, range, panels, packed + p.packed);
    }
  }
  const auto pack_all = [&](const Products<BackProduct>& products, const float* w, std::int64_t N) {
    const Panels panels(N);
    for (const BackProduct& p : products) {
      const PanelRange range(panels, part, parts);
      pack_back(spec, layout, w, p, range, panels, packed + p.packed);
    }
  };
  pack_all(layout.h_back, weights.recurrent_kernel, spec.h_size());
  pack_all(layout.reset_back, weights.recurrent_kernel, spec.H);
  pack_all(layout.x_back, weights.kernel, spec.D);
  if (spec.P > 0) {
    pack_projection(layout, weights.projection_kernel, packed, part, parts);
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <algorithm>

namespace engram::kernels {

ENGRAM_EXPORT(pack_impl);

std::int64_t packed_floats(const RecurrentSpec& spec) { return Layout(spec).packed_size; }

std::int64_t workspace_floats(const RecurrentSpec& spec) { return Layout(spec).workspace_size; }

std::int64_t recurrent_pack_parts(const Layout& layout) {
  constexpr std::int64_t kPartFloats = 32'768, kMostParts = 16;
  return std::clamp<std::int64_t>(layout.packed_size / kPartFloats, 1, kMostParts);
}

void recurrent_pack(const Layout& layout,
                    const RecurrentWeights& weights,
                    float* packed,
                    std::int64_t part) noexcept {
  ENGRAM_DISPATCH(pack_impl)(layout, weights, packed, part, recurrent_pack_parts(layout));
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
