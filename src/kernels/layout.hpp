// SPDX-License-Identifier: Apache-2.0
/// What a recurrent layer multiplies with what, and where it lies in the workspace and in `packed`.
///
/// Each step has, a row, one input row [x, 1, h] and one row of pre-activations, flat gates:
///   SimpleRNN          [h]
///   LSTM               [i, f, c, o]
///   GRU, reset after   [x_h, z, r, h_h]   candidate = x_h + r * h_h
///   GRU, reset before  [h, z, r]
/// In these orders the columns that any product needs are neighbours: GRU's input needs x_h, z, r,
/// its state z, r, h_h: two products, or three where gradients are wanted too. With recurrent
/// dropout each gate has an input row of its own; with reset before, the candidate has one too: [x,
/// 1, r * h].
#pragma once

#include <array>
#include <cstdint>
#include <new>

#include "kernels/recurrent.hpp"

namespace engram::kernels {

/// z[column .. column + N) = input[first .. first + K) * packed, by input row `variant`.
struct StepProduct {
  std::int64_t variant = 0;
  bool has_x = true, has_h = true;  ///< beside the 1
  bool goes_on = false;             ///< from the sums of the product before, which has the biases
  std::int64_t column = 0, N = 0;
  std::int64_t first = 0, K = 0;
  std::int64_t packed = 0;  ///< its matrix, from the beginning of `packed`
};

/// Gradient of h or x += dz[column .. column + K) * packed^T, times the dropout of input row
/// `variant`.
struct BackProduct {
  std::int64_t variant = 0;
  std::int64_t column = 0, K = 0;
  std::int64_t packed = 0;
};

/// Up to four products: one for each gate.
template <class Product>
struct Products {
  std::array<Product, 4> items{};
  std::int64_t count = 0;

  void add(const Product& product) { items[static_cast<std::size_t>(count++)] = product; }

  const Product* begin() const { return items.data(); }

  const Product* end() const { return items.data() + count; }
};

/// A layer's weights are packed with its layout in front, so that a single step of a small layer
/// need not work it out again.
struct Layout {
  explicit Layout(const RecurrentSpec& spec);

  /// The layout that recurrent_pack has put in front of the packed weights.
  static const Layout& of(const float* packed) {
    return *std::launder(reinterpret_cast<const Layout*>(packed));
  }

  RecurrentSpec spec;

  /// Column of Keras's matrices that column `z` of the pre-activations belongs to.
  std::int64_t keras_column(std::int64_t z) const { return (z + rotation) % columns; }

  // One row of inputs: zeros, x, 1, h, zeros; h is aligned.
  std::int64_t one = 0, h = 0;    ///< places of the 1 and of h
  std::int64_t variants = 1;      ///< input rows of a row of the slice
  std::int64_t variant_size = 0;  ///< floats of one
  std::int64_t input_size = 0;    ///< floats of all of them
  std::int64_t z_columns = 0, z_size = 0;
  std::int64_t state_size = 0;      ///< floats of a row of h or c
  std::int64_t projected_size = 0;  ///< floats of a row before or after the projection
  bool has_own_h = false;           ///< h is also kept without dropout, outside the inputs

  std::int64_t columns = 0, rotation = 0;  ///< G * H; see keras_column

  // Forward, then what waits for the reset gate (GRU, reset before).
  Products<StepProduct> step, after_reset;
  // Gradients of h, of r * h (GRU, reset before), and of x.
  Products<BackProduct> h_back, reset_back, x_back;
  // A projected LSTM's last product and its transpose, in `packed`.
  std::int64_t projection = 0, projection_back = 0;
  std::int64_t packed_size = 0;  ///< floats of this layout and the matrices

  /// A few rows are predicted, and large layers trained, at the speed at which the weights are
  /// read: those of x then are read once for so many steps. 0: each step reads its own.
  std::int64_t x_steps = 0;

  // The workspace: kept arrays have T steps, the inputs and states one more; z has `z_steps`.
  std::int64_t z_steps = 0;
  std::int64_t inputs_at = 0, z_at = 0, h_at = 0, c_at = 0;
  std::int64_t dh_at = 0, dc_at = 0, carry_at = 0, scratch_at = 0, dx_scratch_at = 0;
  std::int64_t one_gradient_at = 0, used_at = 0;
  // Before the projection, and after it; the gradients of either.
  std::int64_t unprojected_at = 0, projected_at = 0, d_unprojected_at = 0;
  std::int64_t workspace_size = 0;

 private:
  void add_step_products();
  void add_back_products();
  void add_projection();
  void place_workspace();
};

}  // namespace engram::kernels
