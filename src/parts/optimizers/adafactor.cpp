// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/elementwise.hpp"
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

void visit_options(Adafactor& o, OptionVisitor& v) {
  visit_optimizer_options(o, v, "adafactor");
  v.option("beta_2_decay", o.beta_2_decay, {.high = 0});
  v.option("epsilon_1", o.epsilon_1, at_least(0));
  v.option("epsilon_2", o.epsilon_2, at_least(0));
  v.option("clip_threshold", o.clip_threshold, above(0));
  v.option("relative_step", o.relative_step);
}

std::vector<std::string_view> adafactor_slots(const void*) { return {"r", "c", "velocity"}; }

/// Means over the rows and the columns of the last two axes; of a vector a number without use.
std::optional<Shape> adafactor_slot_shape(const void*,
                                          std::size_t slot,
                                          const UpdateVariable& variable) {
  Shape shape = variable.shape;
  if (slot == 2) {
    return shape;
  }
  if (shape.size() < 2) {
    return Shape{};
  }
  shape.erase(shape.end() - (slot == 0 ? 1 : 2));
  return shape;
}

double mean_square(const float* x, std::int64_t n) {
  return kernels::sum_of_squares(x, n) / static_cast<double>(n);
}

/// v of one matrix (rows, columns) out of the running means of its rows and columns.
void factor_matrix(const float* g,
                   const Shape& size,
                   const Adafactor& o,
                   float beta,
                   const UpdateRange& r,
                   std::int64_t matrix) {
  const std::int64_t rows = size[0], columns = size[1];
  float* of_row = r.slots[0] + matrix * rows;
  float* of_column = r.slots[1] + matrix * columns;
  std::vector<double> column_sums(static_cast<std::size_t>(columns));
  double all = 0;
  for (std::int64_t i = 0; i < rows; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < columns; ++j) {
      const float square = g[i * columns + j] * g[i * columns + j] + o.epsilon_1;
      sum += square;
      column_sums[static_cast<std::size_t>(j)] += square;
    }
    of_row[i] = beta * of_row[i] + (1 - beta) * static_cast<float>(sum / columns);
    all += of_row[i];
  }
  const auto mean = static_cast<float>(all / static_cast<double>(rows));
  for (std::int64_t j = 0; j < columns; ++j) {
    const double sum = column_sums[static_cast<std::size_t>(j)];
    of_column[j] = beta * of_column[j] + (1 - beta) * static_cast<float>(sum / rows);
  }
  float* v = r.slots[2] + matrix * rows * columns;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      v[i * columns + j] = of_row[i] / mean * of_column[j];
    }
  }
}

/// step = g / sqrt(v), limited to a root mean square of clip_threshold;
/// w -= min(lr, 1 / sqrt(t)) max(epsilon_2, root mean square of w) step.
void update_by_adafactor(const void* options, const UpdateRange& r) {
  const auto& o = options_as<Adafactor>(options);
  decay_weights(o.weight_decay, r);
  const auto t = static_cast<float>(r.iteration);
  const float beta = 1 - std::pow(t, o.beta_2_decay);
  const Shape& shape = r.variable->shape;
  float* v = r.slots[2];
  if (shape.size() >= 2) {
    const Shape size(shape.end() - 2, shape.end());
    const std::int64_t floats = size_of(size);
    for (std::int64_t matrix = 0; matrix * floats < r.n; ++matrix) {
      factor_matrix(r.gradient + matrix * floats, size, o, beta, r, matrix);
    }
  } else {
    for (std::int64_t i = 0; i < r.n; ++i) {
      v[i] = beta * v[i] + (1 - beta) * (r.gradient[i] * r.gradient[i] + o.epsilon_1);
    }
  }
  const double size = std::sqrt(mean_square(r.weights, r.n));
  double squares = 0;
  for (std::int64_t i = 0; i < r.n; ++i) {
    squares += static_cast<double>(r.gradient[i]) * r.gradient[i] / v[i];
  }
  const double step_size = std::sqrt(squares / static_cast<double>(r.n));
  const auto rate = static_cast<float>(std::max<double>(o.epsilon_2, size) *
                                       std::min(r.learning_rate, 1 / std::sqrt(t)) /
                                       std::max(1.0, step_size / o.clip_threshold));
  for (std::int64_t i = 0; i < r.n; ++i) {
    r.weights[i] -= rate * r.gradient[i] / std::sqrt(v[i]);
  }
}

}  // namespace

const OptimizerSpec& adafactor_spec() {
  static const OptimizerSpec spec = {.class_name = "Adafactor",
                                     .name = "adafactor",
                                     .access = options_access<Adafactor, visit_options>(),
                                     .slots = adafactor_slots,
                                     .common = common_of<Adafactor>,
                                     .interleaved_slots = 3,
                                     .slot_shape = adafactor_slot_shape,
                                     .needs_whole_variable = true,
                                     .update = update_by_adafactor};
  return spec;
}

const OptimizerSpec& spec_of(const Adafactor&) { return adafactor_spec(); }

}  // namespace engram
