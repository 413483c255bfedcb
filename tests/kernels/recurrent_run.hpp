// SPDX-License-Identifier: Apache-2.0
/// Random recurrent layers, and the float32 kernels run on them as the reference runs in float64.
#pragma once

#include <algorithm>

#include "base/aligned.hpp"
#include "kernels/each_target.hpp"
#include "kernels/layout.hpp"
#include "kernels/recurrent.hpp"
#include "reference/recurrent.hpp"

namespace engram::kernels {

using reference::RecurrentCase;
using reference::Values;

/// Options of a layer that change the way of its loop.
struct Ways {
  bool return_sequences = true, go_backwards = false, has_bias = true;
  bool has_mask = false, zero_output_for_mask = false;
  bool has_input_dropout = false, has_recurrent_dropout = false;
  bool has_states = false, has_other_functions = false;
  std::int64_t projection = 0;  ///< LSTM: values of h; 0: H
  bool has_lengths = false;     ///< the last step and more are masked in all rows

  /// All combinations of the first nine bits of `bits`.
  static Ways of(unsigned bits) {
    const auto bit = [&](unsigned i) { return (bits >> i & 1) != 0; };
    return {bit(0), bit(1), bit(2), bit(3), bit(4), bit(5), bit(6), bit(7), bit(8)};
  }
};

constexpr unsigned kAllWays = 512;

/// float32 values in float64, so that both sides start from the same numbers.
inline Values random_values(std::int64_t n, std::uint32_t seed, double size) {
  const Floats floats = random_floats(n, seed, static_cast<float>(size));
  return Values(floats.begin(), floats.end());
}

struct Sizes {
  std::int64_t T = 1, D = 1, H = 1, N = 1;
};

/// A layer with weights of 1 / sqrt(inputs), so that values neither fade nor grow.
inline RecurrentCase random_case(Cell cell, const Sizes& s, const Ways& ways, std::uint32_t seed) {
  const std::int64_t G = gates_of(cell), columns = G * s.H;
  const std::int64_t masks = ways.has_recurrent_dropout ? G : 1;
  RecurrentCase l = {.cell = cell, .T = s.T, .D = s.D, .H = s.H, .N = s.N};
  l.return_sequences = ways.return_sequences;
  l.go_backwards = ways.go_backwards;
  l.zero_output_for_mask = ways.zero_output_for_mask;
  if (ways.has_other_functions) {
    l.activation = Function::sigmoid;
    l.recurrent_activation = Function::hard_sigmoid;
  }
  seed *= 16;
  l.kernel = random_values(s.D * columns, seed, 1 / std::sqrt(s.D));
  if (ways.projection > 0) {
    l.projection_kernel = random_values(s.H * ways.projection, seed + 9, 2 / std::sqrt(s.H));
  }
  const std::int64_t R = l.R();
  l.recurrent_kernel = random_values(R * columns, seed + 1, 1 / std::sqrt(R));
  if (ways.has_bias) {
    l.bias = random_values((cell == Cell::gru_reset_after ? 2 : 1) * columns, seed + 2, 0.5);
  }
  l.x = random_values(s.T * s.N * s.D, seed + 3, 1);
  if (ways.has_mask) {
    for (const double v : random_values(s.T * s.N, seed + 4, 1)) {
      l.mask.push_back(v > -0.3 ? 1 : 0);
    }
  }
  if (ways.has_lengths) {
    l.mask.assign(static_cast<std::size_t>(s.T * s.N), 0);
    const std::vector<double> shares = random_values(s.N, seed + 10, 1);
    for (std::int64_t i = 0; i < s.T * s.N; ++i) {
      const double share = (shares[static_cast<std::size_t>(i % s.N)] + 1) / 2;
      const auto length = static_cast<std::int64_t>(share * static_cast<double>(s.T));
      l.mask[static_cast<std::size_t>(i)] = i / s.N < length ? 1 : 0;
    }
  }
  if (ways.has_input_dropout) {
    l.input_dropout = random_values(masks * s.N * s.D, seed + 5, 1.5);
  }
  if (ways.has_recurrent_dropout) {
    l.recurrent_dropout = random_values(masks * s.N * R, seed + 6, 1.5);
  }
  if (ways.has_states) {
    l.h0 = random_values(s.N * R, seed + 7, 1);
    l.c0 = random_values(s.N * s.H, seed + 8, 1);
  }
  return l;
}

/// An aligned copy in float32.
inline AlignedFloats floats_of(const Values& values) {
  AlignedFloats floats(static_cast<std::int64_t>(values.size()));
  std::copy(values.begin(), values.end(), floats.data());
  return floats;
}

/// How the kernels are called, beside what the layer says.
struct Call {
  std::int64_t S = 0;  ///< most rows; 0: those of the layer
  bool keeps = true, needs_dx = true;
};

/// The layer on the kernels.
class RecurrentRun {
 public:
  explicit RecurrentRun(const RecurrentCase& l, const Call& call = {})
      : spec_({.cell = l.cell,
               .T = l.T,
               .D = l.D,
               .H = l.H,
               .S = call.S == 0 ? l.N : call.S,
               .P = l.projection_kernel.empty() ? 0 : l.R(),
               .activation = l.activation,
               .recurrent_activation = l.recurrent_activation,
               .use_bias = !l.bias.empty(),
               .return_sequences = l.return_sequences,
               .go_backwards = l.go_backwards,
               .zero_output_for_mask = l.zero_output_for_mask,
               .keeps = call.keeps,
               .needs_dx = call.needs_dx && call.keeps,
               .has_input_dropout = !l.input_dropout.empty(),
               .has_recurrent_dropout = !l.recurrent_dropout.empty()}),
        mask_(l.mask),
        kernel_(floats_of(l.kernel)),
        recurrent_kernel_(floats_of(l.recurrent_kernel)),
        bias_(floats_of(l.bias)),
        projection_kernel_(floats_of(l.projection_kernel)),
        x_(floats_of(l.x)),
        input_dropout_(floats_of(l.input_dropout)),
        recurrent_dropout_(floats_of(l.recurrent_dropout)),
        packed_(packed_floats(spec_)),
        workspace_(workspace_floats(spec_)),
        y((l.return_sequences ? l.T : 1) * l.N * l.R()),
        h(l.h0.empty() ? AlignedFloats(l.N * l.R()) : floats_of(l.h0)),
        c(l.c0.empty() ? AlignedFloats(l.N * l.H) : floats_of(l.c0)) {
    arguments_ = {.packed = packed_.data(),
                  .rows = l.N,
                  .x = x_.data(),
                  .mask = l.mask.empty() ? nullptr : mask_.data(),
                  .input_dropout = pointer(input_dropout_),
                  .recurrent_dropout = pointer(recurrent_dropout_),
                  .h0 = l.h0.empty() ? nullptr : h.data(),
                  .c0 = l.c0.empty() ? nullptr : c.data(),
                  .y = y.data(),
                  .h_last = h.data(),
                  .c_last = c.data(),
                  .workspace = workspace_.data()};
    for (std::int64_t part = 0; part < recurrent_pack_parts(Layout(spec_)); ++part) {
      recurrent_pack(Layout(spec_),
                     {.kernel = kernel_.data(),
                      .recurrent_kernel = recurrent_kernel_.data(),
                      .bias = pointer(bias_),
                      .projection_kernel = pointer(projection_kernel_)},
                     packed_.data(),
                     part);
    }
  }

  void forward() { recurrent_forward(spec_, arguments_); }

  void backward(const AlignedFloats& dy) {
    dx = AlignedFloats(x_.size());
    dkernel = AlignedFloats(kernel_.size());
    drecurrent_kernel = AlignedFloats(recurrent_kernel_.size());
    dbias = AlignedFloats(bias_.size());
    dprojection_kernel = AlignedFloats(projection_kernel_.size());
    recurrent_backward(spec_,
                       {.forward = &arguments_,
                        .dy = dy.data(),
                        .dx = spec_.needs_dx ? dx.data() : nullptr,
                        .dkernel = dkernel.data(),
                        .drecurrent_kernel = drecurrent_kernel.data(),
                        .dbias = pointer(dbias),
                        .dprojection_kernel = pointer(dprojection_kernel)});
  }

 private:
  static float* pointer(AlignedFloats& floats) {
    return floats.size() == 0 ? nullptr : floats.data();
  }

  RecurrentSpec spec_;
  RecurrentForward arguments_;
  std::vector<std::uint8_t> mask_;
  AlignedFloats kernel_, recurrent_kernel_, bias_, projection_kernel_, x_, input_dropout_,
      recurrent_dropout_;
  AlignedFloats packed_, workspace_;

 public:
  AlignedFloats y, h, c;  ///< h and c: the first states, then the last
  AlignedFloats dx, dkernel, drecurrent_kernel, dbias, dprojection_kernel;
};

inline std::string describe(const RecurrentCase& l) {
  return "cell " + std::to_string(static_cast<int>(l.cell)) + " T " + std::to_string(l.T) + " D " +
         std::to_string(l.D) + " H " + std::to_string(l.H) + " N " + std::to_string(l.N) +
         (l.go_backwards ? " backwards" : "") + (l.bias.empty() ? " no bias" : "") +
         (l.mask.empty() ? "" : " mask") + (l.zero_output_for_mask ? " zero output" : "") +
         (l.input_dropout.empty() ? "" : " input dropout") +
         (l.recurrent_dropout.empty() ? "" : " recurrent dropout") +
         (l.h0.empty() ? "" : " states") +
         (l.projection_kernel.empty() ? "" : " projected to " + std::to_string(l.R()));
}

constexpr Cell kCells[] = {
    Cell::simple_rnn, Cell::lstm, Cell::gru_reset_after, Cell::gru_reset_before};

}  // namespace engram::kernels
