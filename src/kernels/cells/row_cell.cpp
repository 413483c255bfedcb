// SPDX-License-Identifier: Apache-2.0
#include "kernels/cells/row_cell.hpp"

#include <algorithm>
#include <vector>

#include "kernels/elementwise.hpp"

namespace engram::kernels {

namespace {

/// Arrays of one gate each, for the calling thread.
class Scratch {
 public:
  explicit Scratch(std::int64_t H) : H_(H) {
    floats().resize(std::max(floats().size(), static_cast<std::size_t>(8 * H)));
  }

  float* operator[](std::int64_t i) const { return floats().data() + i * H_; }

 private:
  static std::vector<float>& floats() {
    static thread_local std::vector<float> floats;
    return floats;
  }

  std::int64_t H_;
};

void values(Function f, const float* x, float* y, std::int64_t n) {
  if (f == Function::softmax) {
    softmax(x, y, 1, n);
  } else if (f == Function::log_softmax) {
    log_softmax(x, y, 1, n);
  } else {
    apply(f, x, y, n);
  }
}

/// dx from dy and what is kept, x or y; all may be the same.
void gradients(Function f, const float* kept, const float* dy, float* dx, std::int64_t n) {
  if (f == Function::softmax) {
    softmax_gradient(kept, dy, dx, 1, n);
  } else if (f == Function::log_softmax) {
    log_softmax_gradient(kept, dy, dx, 1, n);
  } else {
    apply_gradient(f, kept, dy, dx, n);
  }
}

/// The values of a gate's pre-activations z. They take their place, or go to `to` when z is what
/// the derivative needs.
float* value(Function f, float* z, float* to, std::int64_t n) {
  float* y = keeps_input(f) ? to : z;
  values(f, z, y, n);
  return y;
}

/// The same values later, out of what was kept.
float* value_again(Function f, float* kept, float* to, std::int64_t n) {
  return keeps_input(f) ? value(f, kept, to, n) : kept;
}

void store(float* y, const float* h, std::int64_t n) {
  if (y != nullptr) {
    std::copy_n(h, n, y);
  }
}

/// The whole gradient of h, into `to`.
const float* gradient_of_h(const BackwardRow& row, float* to, std::int64_t n) {
  for (std::int64_t u = 0; u < n; ++u) {
    to[u] = row.dh[u] + (row.dy == nullptr ? 0.0f : row.dy[u]);
  }
  return to;
}

}  // namespace

void AnyCell::forward(const ForwardRow& row) const noexcept {
  switch (spec_.cell) {
    case Cell::simple_rnn:
      values(spec_.activation, row.z, row.h, spec_.H);
      store(row.y, row.h, spec_.H);
      return;
    case Cell::lstm:
      return forward_lstm(row);
    case Cell::gru_reset_after:
    case Cell::gru_reset_before:
      return forward_gru(row);
  }
}

void AnyCell::backward(const BackwardRow& row) const noexcept {
  const std::int64_t H = spec_.H;
  switch (spec_.cell) {
    case Cell::simple_rnn: {
      const Scratch s(H);
      const float* kept = keeps_input(spec_.activation) ? row.z : row.h;
      gradients(spec_.activation, kept, gradient_of_h(row, s[0], H), row.z, H);
      return;
    }
    case Cell::lstm:
      return backward_lstm(row);
    case Cell::gru_reset_after:
    case Cell::gru_reset_before:
      return backward_gru(row);
  }
}

void AnyCell::forward_lstm(const ForwardRow& row) const {
  const std::int64_t H = spec_.H;
  const Function gate = spec_.recurrent_activation;
  const Scratch s(H);
  const float* i = value(gate, row.z, s[0], H);
  const float* forget = value(gate, row.z + H, s[1], H);
  const float* g = value(spec_.activation, row.z + 2 * H, s[2], H);
  const float* o = value(gate, row.z + 3 * H, s[3], H);
  for (std::int64_t u = 0; u < H; ++u) {
    row.c[u] = forget[u] * row.c_before[u] + i[u] * g[u];
  }
  values(spec_.activation, row.c, row.h, H);
  multiply(row.h, o, row.h, H);
  store(row.y, row.h, H);
}

void AnyCell::backward_lstm(const BackwardRow& row) const {
  const std::int64_t H = spec_.H;
  const Function gate = spec_.recurrent_activation;
  const Scratch s(H);
  float *zi = row.z, *zf = zi + H, *zg = zf + H, *zo = zg + H;
  const float* i = value_again(gate, zi, s[0], H);
  const float* forget = value_again(gate, zf, s[1], H);
  const float* g = value_again(spec_.activation, zg, s[2], H);
  const float* o = value_again(gate, zo, s[3], H);
  float *a = s[4], *dc = s[5], *d = s[6];
  values(spec_.activation, row.c, a, H);  // h = o a
  const float* dh = gradient_of_h(row, s[7], H);
  multiply(dh, o, dc, H);
  gradients(spec_.activation, keeps_input(spec_.activation) ? row.c : a, dc, dc, H);
  add(row.dc, dc, H);
  multiply(dc, forget, row.dc, H);
  multiply(dh, a, d, H);
  gradients(gate, zo, d, zo, H);
  multiply(dc, g, d, H);
  multiply(dc, i, a, H);  // a is done with: the gradient of g
  gradients(gate, zi, d, zi, H);
  gradients(spec_.activation, zg, a, zg, H);
  multiply(dc, row.c_before, d, H);
  gradients(gate, zf, d, zf, H);
}

void AnyCell::reset(float* z, const float* h, float* reset_h) const noexcept {
  const std::int64_t H = spec_.H;
  const Function gate = spec_.recurrent_activation;
  const Scratch s(H);
  value(gate, z + H, s[0], H);
  multiply(value(gate, z + 2 * H, s[1], H), h, reset_h, H);
}

void AnyCell::forward_gru(const ForwardRow& row) const {
  const std::int64_t H = spec_.H;
  const Function gate = spec_.recurrent_activation;
  const Scratch s(H);
  float *zg = row.z, *zz = zg + H, *zr = zz + H, *zh = zr + H;
  const bool is_after = spec_.cell == Cell::gru_reset_after;
  const float* z = is_after ? value(gate, zz, s[0], H) : value_again(gate, zz, s[0], H);
  if (is_after) {
    const float* r = value(gate, zr, s[1], H);
    for (std::int64_t u = 0; u < H; ++u) {
      zg[u] += r[u] * zh[u];
    }
  }
  const float* g = value(spec_.activation, zg, s[2], H);
  for (std::int64_t u = 0; u < H; ++u) {
    row.h[u] = z[u] * row.h_before[u] + (1 - z[u]) * g[u];
  }
  store(row.y, row.h, H);
}

void AnyCell::backward_gru(const BackwardRow& row) const {
  const std::int64_t H = spec_.H;
  const Function gate = spec_.recurrent_activation;
  const Scratch s(H);
  float *zg = row.z, *zz = zg + H, *zr = zz + H, *zh = zr + H;
  const float* g = value_again(spec_.activation, zg, s[0], H);
  const float* z = value_again(gate, zz, s[1], H);
  const float* dh = gradient_of_h(row, s[2], H);
  float *dz = s[3], *dg = s[4];
  for (std::int64_t u = 0; u < H; ++u) {
    dz[u] = dh[u] * (row.h_before[u] - g[u]);
    dg[u] = dh[u] * (1 - z[u]);
    row.carry[u] = dh[u] * z[u];
  }
  gradients(spec_.activation, zg, dg, zg, H);
  gradients(gate, zz, dz, zz, H);
  if (spec_.cell == Cell::gru_reset_after) {
    const float* r = value_again(gate, zr, s[5], H);
    multiply(zg, zh, dz, H);  // of r; the candidate took r h_h
    multiply(zg, r, zh, H);
    gradients(gate, zr, dz, zr, H);
  }
}

void AnyCell::reset_backward(const BackwardRow& row,
                             const float* d_reset_h,
                             const float* factor) const noexcept {
  const std::int64_t H = spec_.H;
  const Function gate = spec_.recurrent_activation;
  const Scratch s(H);
  float* zr = row.z + 2 * H;
  const float* r = value_again(gate, zr, s[0], H);
  float* dr = s[1];
  for (std::int64_t u = 0; u < H; ++u) {
    const float d = d_reset_h[u] * (factor == nullptr ? 1.0f : factor[u]);
    dr[u] = d * row.h_before[u];
    row.carry[u] += d * r[u];
  }
  gradients(gate, zr, dr, zr, H);
}

}  // namespace engram::kernels
