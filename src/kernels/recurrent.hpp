// SPDX-License-Identifier: Apache-2.0
/// Whole sequences of SimpleRNN, LSTM and GRU, forward and backward through time, for one slice.
///
/// Letters: S rows of the slice, T steps, D inputs, H units, G gates (LSTM 4, GRU 3, SimpleRNN 1),
/// R floats of h: H, or P of a projected LSTM.
/// Sequences are time-major: x[t][row][d]. Weights have Keras's layout and gate order
/// (LSTM i, f, c, o; GRU z, r, h). One call is one dispatch to the SIMD target.
/// A row's result does not depend on how many rows are computed with it.
#pragma once

#include <cstdint>

namespace engram::kernels {

enum class Cell { simple_rnn, lstm, gru_reset_after, gru_reset_before };

/// Functions of one value or of all units, with Keras's formulas and default numbers.
enum class Function {
  linear,
  tanh,
  sigmoid,
  hard_sigmoid,
  relu,
  relu6,
  leaky_relu,
  elu,
  selu,
  softplus,
  log_sigmoid,
  softsign,
  exponential,
  soft_shrink,
  hard_shrink,
  hard_tanh,
  sparse_plus,
  sparse_sigmoid,
  squareplus,
  tanh_shrink,  // from here on keeps_input
  silu,
  hard_silu,
  gelu,
  mish,
  softmax,  // from here on of all units together: for cells only, and slower
  log_softmax
};

/// Whether the derivative needs x; else it follows from the result.
constexpr bool keeps_input(Function f) { return f >= Function::tanh_shrink && f <= Function::mish; }

/// Whether it is of all units together.
constexpr bool is_row_function(Function f) { return f >= Function::softmax; }

/// What is fixed when a plan is built.
struct RecurrentSpec {
  Cell cell = Cell::lstm;
  std::int64_t T = 0, D = 0, H = 0;
  std::int64_t S = 0;  ///< most rows of a slice
  std::int64_t P = 0;  ///< LSTM: h is projected to so many values; 0: it is not
  Function activation = Function::tanh;
  Function recurrent_activation = Function::sigmoid;  ///< LSTM and GRU
  bool use_bias = true;
  bool return_sequences = false;
  bool go_backwards = false;           ///< steps run T-1 .. 0; y stays in processing order
  bool zero_output_for_mask = false;   ///< a masked step gives 0 instead of the last output
  bool keeps = false;                  ///< workspace keeps what recurrent_backward needs
  bool needs_dx = false;               ///< recurrent_backward also gives dx
  bool has_input_dropout = false;      ///< RecurrentForward::input_dropout is given
  bool has_recurrent_dropout = false;  ///< RecurrentForward::recurrent_dropout is given

  /// Floats of h and of the output, R.
  std::int64_t h_size() const { return P > 0 ? P : H; }

  bool operator==(const RecurrentSpec&) const = default;
};

/// Gates of `cell`: 1, 4, 3, 3.
std::int64_t gates_of(Cell cell);

/// Independent dropout masks: G when has_recurrent_dropout (Keras's implementation 1), else 1.
std::int64_t dropout_masks(const RecurrentSpec& spec);

/// Floats of the packed weights. Depends on the spec only, not on the SIMD target.
std::int64_t packed_floats(const RecurrentSpec& spec);

/// Floats of the workspace of one slice: scratch and, if spec.keeps, what backward reads.
std::int64_t workspace_floats(const RecurrentSpec& spec);

/// Weights as Keras holds them: kernel (D, G*H), recurrent_kernel (R, G*H), bias (G*H), or (2, 3H)
/// for gru_reset_after; bias null without use_bias. projection_kernel (H, P).
struct RecurrentWeights {
  const float* kernel = nullptr;
  const float* recurrent_kernel = nullptr;
  const float* bias = nullptr;
  const float* projection_kernel = nullptr;
};

/// Lays the weights out for the products. Call after every change of the weights.
/// The work is cut into `recurrent_pack_parts(layout)` parts that may run on different threads.
/// layout: Layout(spec), of kernels/layout.hpp; goes in front of the weights.
/// packed: packed_floats(spec), 64-byte aligned, zeroed once by the caller.
struct Layout;
std::int64_t recurrent_pack_parts(const Layout& layout);
void recurrent_pack(const Layout& layout,
                    const RecurrentWeights& weights,
                    float* packed,
                    std::int64_t part) noexcept;

/// Arguments of recurrent_forward. All pointers 64-byte aligned unless said otherwise.
struct RecurrentForward {
  const float* packed = nullptr;             ///< by recurrent_pack
  std::int64_t rows = 0;                     ///< rows in use, 1..S; every (T, S, .) array below has
                                             ///< `rows` rows a step (no gaps)
  const float* x = nullptr;                  ///< (T, rows, D), any alignment
  const std::uint8_t* mask = nullptr;        ///< (T, rows), 0 = masked; null: none
  const float* input_dropout = nullptr;      ///< (masks, rows, D) factors, or null (inference)
  const float* recurrent_dropout = nullptr;  ///< (masks, rows, R) factors, or null (inference)
  const float* h0 = nullptr;                 ///< (rows, R) first state, null: zeros
  const float* c0 = nullptr;                 ///< (rows, H), LSTM
  float* y = nullptr;                        ///< (T, rows, R) if return_sequences, else (rows, R)
  float* h_last = nullptr;                   ///< (rows, R) or null; may alias h0
  float* c_last = nullptr;                   ///< (rows, H) or null; may alias c0
  float* workspace = nullptr;                ///< workspace_floats(spec); kept for backward
};

/// Runs the layer over the slice.
void recurrent_forward(const RecurrentSpec& spec, const RecurrentForward& a) noexcept;

/// Arguments of recurrent_backward, after recurrent_forward with the same `forward`.
struct RecurrentBackward {
  const RecurrentForward* forward = nullptr;
  const float* dy = nullptr;       ///< like y
  const float* dh_last = nullptr;  ///< (rows, R) of the last states, besides dy; null: none
  const float* dc_last = nullptr;  ///< (rows, H), LSTM
  float* dh0 = nullptr;            ///< (rows, R) of the first states, overwritten; null: unwanted
  float* dc0 = nullptr;            ///< (rows, H), LSTM
  float* dx = nullptr;             ///< (T, rows, D), overwritten; null unless spec.needs_dx
  float* dkernel = nullptr;        ///< (D, G*H), added to
  float* drecurrent_kernel = nullptr;   ///< (R, G*H), added to
  float* dbias = nullptr;               ///< like bias, added to; null without use_bias
  float* dprojection_kernel = nullptr;  ///< (H, P), added to
};

/// Gradients of the slice. Uses and overwrites the workspace.
void recurrent_backward(const RecurrentSpec& spec, const RecurrentBackward& a) noexcept;

}  // namespace engram::kernels
