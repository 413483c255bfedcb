// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/normalization.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "layers/affine_plan.hpp"
#include "layers/shapes.hpp"

namespace engram {

void Normalization::adapt(const Tensor& data) {
  if (data.size() == 0 || data.rank() < 1) {
    throw error<ShapeError>({.where = "Normalization: adapt",
                             .expected = "at least one row",
                             .got = to_string(data.shape())});
  }
  const auto features = static_cast<std::size_t>(axis.empty() ? 1 : data.shape().back());
  const std::span<const float> values = data.values();
  const auto rows = static_cast<double>(values.size() / features);
  std::vector<double> means(features), squares(features);
  for (std::size_t i = 0; i < values.size(); ++i) {
    means[i % features] += values[i] / rows;
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double off = values[i] - means[i % features];
    squares[i % features] += off * off / rows;
  }
  mean.assign(means.begin(), means.end());
  variance.assign(squares.begin(), squares.end());
}

namespace {

void visit_options(Normalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis);
  v.option("invert", o.invert);
  v.numbers("mean", o.mean);
  v.numbers("variance", o.variance);
}

Shape normalization_output_shape(const void* options,
                                 std::span<const Shape> inputs,
                                 std::string_view where) {
  const Normalization& o = options_as<Normalization>(options);
  if (!o.axis.empty()) {
    require_last_axis(o.axis, inputs[0], where);
  }
  const auto features = static_cast<std::size_t>(inputs[0].empty() ? 1 : inputs[0].back());
  for (const auto* list : {&o.mean, &o.variance}) {
    if (list->size() != o.mean.size() || (list->size() > 1 && list->size() != features)) {
      throw error<ShapeError>(
          {.where = std::string(where),
           .expected = fmt::format("mean and variance of 1 or {} values, or none", features),
           .got = fmt::format("{} and {}", o.mean.size(), o.variance.size())});
    }
  }
  return inputs[0];
}

std::vector<WeightSpec> normalization_weights(const void* options, std::span<const Shape> inputs) {
  const Normalization& o = options_as<Normalization>(options);
  if (!o.mean.empty()) {
    return {};
  }
  const Shape shape = o.axis.empty() ? Shape{} : Shape{inputs[0].back()};
  const WeightUse use = WeightUse::constant;
  return {{.name = "mean", .shape = shape, .initializer = "zeros", .use = use},
          {.name = "variance", .shape = shape, .initializer = "ones", .use = use},
          {.name = "count", .shape = {}, .initializer = "zeros", .use = use}};
}

std::unique_ptr<LayerPlan> normalization_plan(const void* options, const LayerSizes& sizes) {
  const auto values = [o = options_as<Normalization>(options)](const SliceRun& run,
                                                               std::int64_t feature) {
    const bool is_given = !o.mean.empty();
    const bool is_one = is_given ? o.mean.size() == 1 : o.axis.empty();
    const std::int64_t i = is_one ? 0 : feature;
    const float mean = (is_given ? o.mean.data() : run.weights[0])[i];
    const float variance = (is_given ? o.variance.data() : run.weights[1])[i];
    const float deviation = std::max(std::sqrt(variance), 1e-7f);  // Keras's epsilon
    return o.invert ? Affine{.scale = deviation, .shift = mean}
                    : Affine{.center = mean, .scale = 1 / deviation};
  };
  return std::make_unique<AffinePlan<decltype(values)>>(values, sizes);
}

}  // namespace

const LayerSpec& normalization_spec() {
  static const LayerSpec spec = {.class_name = "Normalization",
                                 .auto_name = "normalization",
                                 .access = options_access<Normalization, visit_options>(),
                                 .output_shape = normalization_output_shape,
                                 .weights = normalization_weights,
                                 .plan = normalization_plan};
  return spec;
}

const LayerSpec& spec_of(const Normalization&) { return normalization_spec(); }

}  // namespace engram
