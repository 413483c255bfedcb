// SPDX-License-Identifier: Apache-2.0
/// SimpleRNN, LSTM and GRU as plain loops in float64: the specification of the recurrent kernels.
///
/// Example: RecurrentCase layer{.cell = Cell::lstm, .T = 3, .D = 1, .H = 2, .N = 1, ...};
///          const RecurrentResult result = recurrent(layer);
/// Letters: N rows, T steps, D inputs, H units, G gates, R values of h: H, or P of a projection.
/// Sequences are time-major, (T, N, .).
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/recurrent.hpp"
#include "reference/functions.hpp"

namespace engram::reference {

using Values = std::vector<double>;

/// All that a layer's result depends on. Weights and gates as Keras has them.
struct RecurrentCase {
  kernels::Cell cell = kernels::Cell::lstm;
  std::int64_t T = 1, D = 1, H = 1, N = 1;
  kernels::Function activation = kernels::Function::tanh;
  kernels::Function recurrent_activation = kernels::Function::sigmoid;
  bool return_sequences = false;
  bool go_backwards = false;
  bool zero_output_for_mask = false;
  Values kernel = {};                   ///< (D, G H)
  Values recurrent_kernel = {};         ///< (R, G H)
  Values bias = {};                     ///< (G H), (2, 3 H) for GRU with reset after; empty: none
  Values projection_kernel = {};        ///< (H, P), LSTM; empty: none
  Values x = {};                        ///< (T, N, D)
  std::vector<std::uint8_t> mask = {};  ///< (T, N), 0 = masked; empty: none
  Values input_dropout = {};      ///< factors (G, N, D), or (1, N, D) for all gates; empty: none
  Values recurrent_dropout = {};  ///< factors (G, N, R), or (1, N, R); empty: none
  Values h0 = {}, c0 = {};        ///< (N, R), (N, H) first states; empty: zeros

  std::int64_t R() const {
    return projection_kernel.empty() ? H : static_cast<std::int64_t>(projection_kernel.size()) / H;
  }
};

struct RecurrentResult {
  Values y;     ///< (T, N, R) in the order of processing, or (N, R)
  Values h, c;  ///< (N, R), (N, H) last states
};

namespace detail {

inline double at(const Values& values, std::int64_t i) {
  return values[static_cast<std::size_t>(i)];
}

/// Factor of element i of row n for gate g.
inline double factor(const Values& factors,
                     const RecurrentCase& l,
                     std::int64_t g,
                     std::int64_t n,
                     std::int64_t i,
                     std::int64_t size) {
  if (factors.empty()) {
    return 1;
  }
  const bool is_shared = static_cast<std::int64_t>(factors.size()) == l.N * size;
  return at(factors, ((is_shared ? 0 : g) * l.N + n) * size + i);
}

/// x W + b of unit u of gate g, for row n at time t.
inline double from_input(
    const RecurrentCase& l, std::int64_t t, std::int64_t n, std::int64_t g, std::int64_t u) {
  const std::int64_t columns = kernels::gates_of(l.cell) * l.H, column = g * l.H + u;
  double sum = l.bias.empty() ? 0 : at(l.bias, column);
  for (std::int64_t d = 0; d < l.D; ++d) {
    const double x = at(l.x, (t * l.N + n) * l.D + d) * factor(l.input_dropout, l, g, n, d, l.D);
    sum += x * at(l.kernel, d * columns + column);
  }
  return sum;
}

/// h U of unit u of gate g; h (R) is one row, `scale` (R) multiplies it (GRU's reset gate).
inline double from_state(const RecurrentCase& l,
                         const Values& h,
                         const Values& scale,
                         std::int64_t n,
                         std::int64_t g,
                         std::int64_t u) {
  const std::int64_t columns = kernels::gates_of(l.cell) * l.H, column = g * l.H + u;
  double sum = 0;
  for (std::int64_t k = 0; k < l.R(); ++k) {
    const double dropped = at(h, k) * factor(l.recurrent_dropout, l, g, n, k, l.R());
    sum += at(scale, k) * dropped * at(l.recurrent_kernel, k * columns + column);
  }
  return sum;
}

/// A row of H values times the projection, if there is one.
inline Values projected(const RecurrentCase& l, const Values& h) {
  if (l.projection_kernel.empty()) {
    return h;
  }
  Values result;
  for (std::int64_t p = 0; p < l.R(); ++p) {
    double sum = 0;
    for (std::int64_t u = 0; u < l.H; ++u) {
      sum += at(h, u) * at(l.projection_kernel, u * l.R() + p);
    }
    result.push_back(sum);
  }
  return result;
}

/// One step of row n: h (R) and c (H) become the states after it.
inline void step(const RecurrentCase& l, std::int64_t t, std::int64_t n, Values& h, Values& c) {
  const auto a = [&](const Values& x) { return values_of(l.activation, x); };
  const auto s = [&](const Values& x) { return values_of(l.recurrent_activation, x); };
  const Values ones(h.size(), 1.0), before = h;
  const auto each = [&](const auto& value) {
    Values all;
    for (std::int64_t u = 0; u < l.H; ++u) {
      all.push_back(value(u));
    }
    return all;
  };
  const bool is_after = l.cell == kernels::Cell::gru_reset_after;
  const auto recurrent_bias = [&](std::int64_t g, std::int64_t u) {
    return is_after && !l.bias.empty() ? at(l.bias, 3 * l.H + g * l.H + u) : 0.0;
  };
  const auto gate = [&](std::int64_t g) {
    return each([&](std::int64_t u) {
      return from_input(l, t, n, g, u) + from_state(l, before, ones, n, g, u) +
             recurrent_bias(g, u);
    });
  };
  if (l.cell == kernels::Cell::simple_rnn) {
    h = a(gate(0));
  } else if (l.cell == kernels::Cell::lstm) {
    const Values i = s(gate(0)), forget = s(gate(1)), g = a(gate(2)), o = s(gate(3));
    c = each([&](std::int64_t u) { return at(forget, u) * at(c, u) + at(i, u) * at(g, u); });
    const Values of_c = a(c);
    h = projected(l, each([&](std::int64_t u) { return at(o, u) * at(of_c, u); }));
  } else {
    const Values z = s(gate(0)), r = s(gate(1));
    const Values candidate = a(each([&](std::int64_t u) {
      const double from_h =
          from_state(l, before, is_after ? ones : r, n, 2, u) + recurrent_bias(2, u);
      return from_input(l, t, n, 2, u) + (is_after ? at(r, u) * from_h : from_h);
    }));
    h = each([&](std::int64_t u) {
      return at(z, u) * at(before, u) + (1 - at(z, u)) * at(candidate, u);
    });
  }
}

/// Row n of `states` (N, size), zeros when empty.
inline Values row_of(const Values& states, std::int64_t n, std::int64_t size) {
  return states.empty() ? Values(static_cast<std::size_t>(size), 0.0)
                        : Values(states.begin() + n * size, states.begin() + (n + 1) * size);
}

}  // namespace detail

inline RecurrentResult recurrent(const RecurrentCase& l) {
  RecurrentResult result;
  const std::int64_t outputs = l.return_sequences ? l.T : 1;
  result.y.resize(static_cast<std::size_t>(outputs * l.N * l.R()));
  for (std::int64_t n = 0; n < l.N; ++n) {
    Values h = detail::row_of(l.h0, n, l.R()), c = detail::row_of(l.c0, n, l.H);
    const Values zeros(h.size(), 0.0);
    Values output = zeros;
    for (std::int64_t i = 0; i < l.T; ++i) {
      const std::int64_t t = l.go_backwards ? l.T - 1 - i : i;
      const bool is_used = l.mask.empty() || l.mask[static_cast<std::size_t>(t * l.N + n)] != 0;
      if (is_used) {
        detail::step(l, t, n, h, c);
        output = h;
      }
      // A masked step repeats the last output, or gives 0.
      const Values& y = !is_used && l.zero_output_for_mask ? zeros : output;
      if (l.return_sequences || i == l.T - 1) {
        const std::int64_t to = ((l.return_sequences ? i : 0) * l.N + n) * l.R();
        std::copy(y.begin(), y.end(), result.y.begin() + to);
      }
    }
    result.h.insert(result.h.end(), h.begin(), h.end());
    result.c.insert(result.c.end(), c.begin(), c.end());
  }
  return result;
}

}  // namespace engram::reference
