// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cmath>

#include "kernels/elementwise.hpp"
#include "kernels/update.hpp"
#include "parts/optimizers/optimizer_options.hpp"
#include "parts/pattern.hpp"

namespace engram {

namespace {

void visit_options(Muon& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "muon");
  v.option("adam_beta_1", o.adam_beta_1, in_range_below(0, 1));
  v.option("adam_beta_2", o.adam_beta_2, in_range_below(0, 1));
  v.option("epsilon", o.epsilon, at_least(0));
  v.texts("exclude_layers", o.exclude_layers);
  std::ranges::for_each(o.exclude_layers, [](const std::string& text) { Pattern check(text); });
  v.option("muon_a", o.muon_a, any());
  v.option("muon_b", o.muon_b, any());
  v.option("muon_c", o.muon_c, any());
  v.option("adam_lr_ratio", o.adam_lr_ratio, at_least(0));
  v.option("momentum", o.momentum, in_range(0, 1));
  v.option("ns_steps", o.ns_steps, at_least(0));
  v.option("nesterov", o.nesterov);
  v.option("exclude_embeddings", o.exclude_embeddings);
  v.option("adam_weight_decay", o.adam_weight_decay, at_least(0));
  v.option("rms_rate", o.rms_rate, at_least(0));
}

std::vector<std::string_view> muon_slots(const void*) { return {"momentum", "velocity"}; }

/// All but matrices, the layers named, and embeddings if told so, are left to AdamW.
bool is_adams(const Muon& o, const UpdateVariable& variable) {
  std::string path(variable.path);
  std::ranges::transform(
      path, path.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return variable.shape.size() != 2 ||
         (o.exclude_embeddings && path.find("embedding") != path.npos) ||
         std::ranges::any_of(o.exclude_layers, [&](const std::string& text) {
           return Pattern(text).is_in(variable.path);
         });
}

std::optional<Shape> muon_slot_shape(const void* options,
                                     std::size_t slot,
                                     const UpdateVariable& variable) {
  const bool has = slot == 0 || is_adams(options_as<Muon>(options), variable);
  return has ? std::optional(variable.shape) : std::nullopt;
}

void adam(const Muon& o, const UpdateRange& r) {
  const float rate = r.learning_rate * o.adam_lr_ratio;
  const double correction =
      std::sqrt(1 - power(o.adam_beta_2, r.iteration)) / (1 - power(o.adam_beta_1, r.iteration));
  kernels::adam_update({.alpha = static_cast<float>(rate * correction),
                        .beta_1 = o.adam_beta_1,
                        .beta_2 = o.adam_beta_2,
                        .epsilon = o.epsilon,
                        .weight_decay = o.adam_weight_decay.value_or(0) * r.learning_rate,
                        .g = r.gradient,
                        .w = r.weights,
                        .m = r.slots[0],
                        .v = r.slots[1]},
                       r.n);
}

using Matrix = std::vector<float>;

/// a (rows, inner) times b (inner, columns).
Matrix product(const Matrix& a, const Matrix& b, std::size_t inner) {
  const std::size_t rows = a.size() / inner, columns = b.size() / inner;
  Matrix c(rows * columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t k = 0; k < inner; ++k) {
      const float factor = a[i * inner + k];
      for (std::size_t j = 0; j < columns; ++j) {
        c[i * columns + j] += factor * b[k * columns + j];
      }
    }
  }
  return c;
}

Matrix transposed(const Matrix& a, std::size_t columns) {
  const std::size_t rows = a.size() / columns;
  Matrix t(a.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      t[j * rows + i] = a[i * columns + j];
    }
  }
  return t;
}

/// An approximation of the nearest matrix with orthonormal rows, rows <= columns.
void orthogonalize(Matrix& x, std::size_t columns, const Muon& o) {
  const auto n = static_cast<std::int64_t>(x.size());
  const double norm = std::sqrt(kernels::sum_of_squares(x.data(), n)) + 1e-7;
  kernels::scale(x.data(), static_cast<float>(1 / norm), n);
  const std::size_t rows = x.size() / columns;
  for (std::int64_t step = 0; step < o.ns_steps; ++step) {
    const Matrix a = product(x, transposed(x, columns), columns);
    Matrix b = product(a, a, rows);
    for (std::size_t i = 0; i < b.size(); ++i) {
      b[i] = o.muon_b * a[i] + o.muon_c * b[i];
    }
    const Matrix bx = product(b, x, rows);
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = o.muon_a * x[i] + bx[i];
    }
  }
}

/// m = momentum m + g; w -= lr rms_rate sqrt(longer side) orthogonalize(m, or g + momentum m).
/// Source: Jordan et al. 2024; five steps of Newton and Schulz's iteration.
void update_by_muon(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Muon>(options);
  if (is_adams(o, *r.variable)) {
    adam(o, r);
    return;
  }
  decay_weights(o.weight_decay, r);
  float* m = r.slots[0];
  Matrix x(static_cast<std::size_t>(r.n));
  for (std::int64_t i = 0; i < r.n; ++i) {
    m[i] = r.gradient[i] + o.momentum * m[i];
    x[static_cast<std::size_t>(i)] = o.nesterov ? r.gradient[i] + o.momentum * m[i] : m[i];
  }
  const auto rows = static_cast<std::size_t>(r.variable->shape[0]);
  const auto columns = static_cast<std::size_t>(r.variable->shape[1]);
  if (rows > columns) {
    x = transposed(x, columns);
    orthogonalize(x, rows, o);
    x = transposed(x, rows);
  } else {
    orthogonalize(x, columns, o);
  }
  const float longer = std::sqrt(static_cast<float>(std::max(rows, columns)));
  const float rate = r.learning_rate * (o.rms_rate ? longer * *o.rms_rate : 1.0f);
  for (std::int64_t i = 0; i < r.n; ++i) {
    r.weights[i] -= rate * x[static_cast<std::size_t>(i)];
  }
}

}  // namespace

const OptimizerSpec& muon_spec() {
  static const OptimizerSpec spec = {.class_name = "Muon",
                                     .name = "muon",
                                     .access = options_access<Muon, visit_options>(),
                                     .slots = muon_slots,
                                     .common = common_of<Muon>,
                                     .interleaved_slots = 2,
                                     .slot_shape = muon_slot_shape,
                                     .needs_whole_variable = true,
                                     .update = update_by_muon};
  return spec;
}

const OptimizerSpec& spec_of(const Muon&) { return muon_spec(); }

}  // namespace engram
