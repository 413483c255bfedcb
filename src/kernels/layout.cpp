// SPDX-License-Identifier: Apache-2.0
#include "kernels/layout.hpp"

#include <algorithm>

#include "base/aligned.hpp"

namespace engram::kernels {

namespace {

// Rows up to which the products wait for the weights, inputs from which those of x matter, and
// floats of z that stay close until their step comes.
constexpr std::int64_t kFewRows = 4, kLeastInputs = 8, kMostFloats = 256 * 1024;

// Weights of x that outgrow a shared cache, and rows that are worth reading them for.
constexpr std::int64_t kFarWeights = 2 * 1024 * 1024, kManyRows = 128;

/// Floats of a row, to an odd number of cache lines: the weights' gradients read the rows column by
/// column, and with a power of two between them they would share a few sets of the cache.
std::int64_t row_floats(std::int64_t n) {
  const std::int64_t lines = aligned_floats(n) / 16;
  return (lines + 1 - lines % 2) * 16;
}

}  // namespace

std::int64_t gates_of(Cell cell) {
  switch (cell) {
    case Cell::simple_rnn:
      return 1;
    case Cell::lstm:
      return 4;
    default:
      return 3;
  }
}

std::int64_t dropout_masks(const RecurrentSpec& spec) {
  return spec.has_recurrent_dropout ? gates_of(spec.cell) : 1;
}

Layout::Layout(const RecurrentSpec& layer) : spec(layer) {
  const std::int64_t H = spec.H, R = spec.h_size();
  const bool resets_before = spec.cell == Cell::gru_reset_before;
  h = aligned_floats(spec.D + 1);
  one = h - 1;
  state_size = aligned_floats(H);
  projected_size = spec.P > 0 ? row_floats(H) : 0;
  variant_size = h + aligned_floats(R);
  has_own_h = spec.has_recurrent_dropout;
  variants = has_own_h ? gates_of(spec.cell) : (resets_before ? 2 : 1);
  input_size = row_floats(variants * variant_size);
  columns = gates_of(spec.cell) * H;
  z_columns = spec.cell == Cell::gru_reset_after ? 4 * H : columns;
  z_size = row_floats(z_columns);
  rotation = spec.cell == Cell::gru_reset_after || resets_before ? 2 * H : 0;
  packed_size = aligned_floats(sizeof(Layout) / sizeof(float) + 1);
  add_step_products();
  add_back_products();
  add_projection();
  place_workspace();
}

void Layout::add_step_products() {
  const std::int64_t H = spec.H, R = spec.h_size();
  const bool by_gate = has_own_h;  // each gate has its own dropout
  const auto add = [&](Products<StepProduct>& to, StepProduct p) {
    p.first = p.has_x ? one - spec.D : one;
    p.K = (p.has_x ? spec.D : 0) + 1 + (p.has_h ? R : 0);
    p.packed = packed_size;
    packed_size += p.K * aligned_floats(p.N);
    to.add(p);
  };
  const auto add_gates = [&](std::int64_t column, std::int64_t gates) {
    if (!by_gate) {
      add(step, {.column = column, .N = gates * H});
      return;
    }
    for (std::int64_t g = 0; g < gates; ++g) {
      add(step, {.variant = g, .column = column + g * H, .N = H});
    }
  };
  const std::int64_t candidate = variants - 1;  // its input row
  switch (spec.cell) {
    case Cell::simple_rnn:
      add_gates(0, 1);
      break;
    case Cell::lstm:
      add_gates(0, 4);
      break;
    case Cell::gru_reset_after:
      if (!spec.keeps && !by_gate) {
        add(step, {.has_h = false, .column = 0, .N = 3 * H});
        add(step, {.has_x = false, .goes_on = true, .column = H, .N = 3 * H});
        break;
      }
      add(step, {.variant = candidate, .has_h = false, .column = 0, .N = H});
      add_gates(H, 2);
      add(step, {.variant = candidate, .has_x = false, .column = 3 * H, .N = H});
      break;
    case Cell::gru_reset_before:
      add_gates(H, 2);
      add(after_reset, {.variant = candidate, .column = 0, .N = H});
      break;
  }
}

void Layout::add_back_products() {
  if (!spec.keeps) {
    return;
  }
  const std::int64_t H = spec.H, R = spec.h_size();
  // The variant of a GRU's gate in order of columns [x_h, z, r, h_h]: z 0, r 1, candidate the last.
  const auto variant_of = [&](std::int64_t gate) {
    return rotation == 0 ? gate : (gate == 0 || gate == 3 ? variants - 1 : gate - 1);
  };
  const auto add = [&](Products<BackProduct>& to,
                       std::int64_t N,
                       bool by_gate,
                       std::int64_t gate,
                       std::int64_t gates) {
    const std::int64_t each = by_gate ? 1 : gates;
    for (std::int64_t g = gate; g < gate + gates; g += each) {
      to.add({.variant = by_gate ? variant_of(g) : 0,
              .column = g * H,
              .K = each * H,
              .packed = packed_size});
      packed_size += each * H * aligned_floats(N);
    }
  };
  const std::int64_t gates = gates_of(spec.cell);
  switch (spec.cell) {
    case Cell::gru_reset_after:
      add(h_back, H, has_own_h, 1, 3);
      break;
    case Cell::gru_reset_before:
      add(h_back, H, has_own_h, 1, 2);
      add(reset_back, H, has_own_h, 0, 1);
      break;
    default:
      add(h_back, R, has_own_h, 0, gates);
  }
  if (spec.needs_dx) {
    add(x_back, spec.D, has_own_h && spec.has_input_dropout, 0, gates);
  }
}

void Layout::add_projection() {
  const auto add = [&](std::int64_t K, std::int64_t N) {
    const std::int64_t at = packed_size;
    packed_size += K * aligned_floats(N);
    return at;
  };
  if (spec.P > 0) {
    projection = add(spec.H, spec.P);
    projection_back = spec.keeps ? add(spec.P, spec.H) : 0;
  }
}

void Layout::place_workspace() {
  const std::int64_t S = spec.S;
  const auto place = [&](std::int64_t floats) {
    const std::int64_t at = workspace_size;
    workspace_size += aligned_floats(floats);
    return at;
  };
  const bool is_lstm = spec.cell == Cell::lstm;
  const bool is_plain = !spec.keeps && !spec.has_input_dropout && !has_own_h;
  if (is_plain && S <= kFewRows && spec.D >= kLeastInputs && spec.T > 1 &&
      spec.T <= kMostFloats / (S * z_size)) {
    x_steps = spec.T;
  } else if (spec.keeps && spec.D * columns >= kFarWeights && S < kManyRows) {
    x_steps = kManyRows / S;
  }
  z_steps = spec.keeps || x_steps > 0 ? spec.T : 1;
  const std::int64_t states = spec.keeps ? spec.T + 1 : 1;
  inputs_at = place(states * S * input_size);
  z_at = place(z_steps * S * z_size);
  h_at = place(has_own_h ? states * S * state_size : 0);
  c_at = place(is_lstm ? states * S * state_size : 0);
  used_at = place(S);
  const std::int64_t steps = spec.keeps ? spec.T : 1;
  unprojected_at = place(steps * S * projected_size);
  projected_at = place(steps * S * projected_size);
  if (!spec.keeps) {
    return;
  }
  dh_at = place(S * state_size);
  dc_at = place(is_lstm ? S * state_size : 0);
  carry_at = place(S * state_size);
  scratch_at = place(S * state_size);
  dx_scratch_at = place(S * spec.D);
  one_gradient_at = place(z_columns);
  d_unprojected_at = place(S * projected_size);
}

}  // namespace engram::kernels
