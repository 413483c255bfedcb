// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/discretization.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/error.hpp"
#include "layers/encode_plan.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

constexpr std::string_view kDiscretization = "Discretization";
constexpr std::array<std::string_view, 4> kDiscretizationModes = {
    "int", "one_hot", "multi_hot", "count"};

void visit_options(Discretization& o, OptionVisitor& v) {
  v.numbers("bin_boundaries", o.bin_boundaries);
  v.option("num_bins", o.num_bins, in_range(1, 1 << 20));
  v.option("epsilon", o.epsilon, above(0));
  v.choice("output_mode", o.output_mode, kDiscretizationModes);
  v.fixed("sparse", false);
  v.option("name", o.name);  // Keras's has no `trainable`
}

/// The boundaries of a layer that is used. Errors: OptionError.
const std::vector<float>& boundaries_of(const Discretization& o) {
  const bool is_open = o.bin_boundaries.empty() && o.num_bins != 1;
  if (is_open || !std::ranges::is_sorted(o.bin_boundaries)) {
    throw error<OptionError>({.where = std::string(kDiscretization),
                              .expected = "bin_boundaries that ascend",
                              .got = is_open ? "none" : "one below the one before",
                              .remedy = "Give them, or num_bins and call adapt."});
  }
  return o.bin_boundaries;
}

Shape discretization_output_shape(const void* options,
                                  std::span<const Shape> inputs,
                                  std::string_view where) {
  const Discretization& o = options_as<Discretization>(options);
  const auto bins = static_cast<std::int64_t>(boundaries_of(o).size()) + 1;
  return encoded_shape(o.output_mode, bins, inputs[0], where);
}

std::unique_ptr<LayerPlan> discretization_plan(const void* options, const LayerSizes& sizes) {
  const Discretization& o = options_as<Discretization>(options);
  const auto id_of = [boundaries = boundaries_of(o)](float value, std::uint32_t) {
    return std::upper_bound(boundaries.begin(), boundaries.end(), value) - boundaries.begin();
  };
  return encode_plan({.output_mode = o.output_mode,
                      .depth = static_cast<std::int64_t>(o.bin_boundaries.size()) + 1},
                     id_of,
                     sizes);
}

/// Values with the number of values that each stands for.
struct Summary {
  std::vector<double> values, weights;
};

/// numpy.interp: y at x on the line through the points, constant outside.
double interpolate(double x, const std::vector<double>& xs, const std::vector<double>& ys) {
  const auto above = std::ranges::upper_bound(xs, x);
  if (above == xs.begin()) {
    return ys.front();
  }
  const auto i = static_cast<std::size_t>(above - xs.begin()) - 1;
  if (above == xs.end()) {
    return ys.back();
  }
  return (ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]) * (x - xs[i]) + ys[i];
}

/// Source: keras/src/layers/preprocessing/discretization.py, compress_summary.
Summary compressed(const Summary& summary, double epsilon) {
  if (static_cast<double>(summary.values.size()) * epsilon < 1) {
    return summary;
  }
  std::vector<double> sums, shares;
  float sum = 0;  // float32, as the summary of Keras is
  for (const double weight : summary.weights) {
    sums.push_back(sum += static_cast<float>(weight));
  }
  for (const double part : sums) {
    shares.push_back(static_cast<float>(part) / sum);
  }
  Summary result;
  double before = 0;
  const auto steps = static_cast<std::int64_t>(std::ceil(1 / epsilon));
  for (std::int64_t i = 0; i < steps; ++i) {
    const double share = epsilon + static_cast<double>(i) * epsilon;
    const double weight = interpolate(share, shares, sums);
    result.values.push_back(static_cast<float>(interpolate(share, shares, summary.values)));
    result.weights.push_back(static_cast<float>(weight - before));
    before = weight;
  }
  return result;
}

/// The same file, summarize.
Summary summarized(std::vector<float> values, double epsilon) {
  std::ranges::sort(values);
  const double step = std::max(static_cast<double>(values.size()) / (1 / epsilon), 1.0);
  Summary summary;
  for (auto i = static_cast<std::size_t>(step - 1); i < values.size();
       i += static_cast<std::size_t>(step)) {
    summary.values.push_back(values[i]);
    summary.weights.push_back(static_cast<float>(step));
  }
  return summary;
}

}  // namespace

void Discretization::adapt(const Tensor& data) {
  if (!num_bins || *num_bins < 1 || !(epsilon > 0) || data.empty()) {
    throw error<OptionError>(
        {.where = "Discretization: adapt",
         .expected = "num_bins, epsilon above 0 and values",
         .got = num_bins ? fmt::format("{} values", data.size()) : "no num_bins",
         .remedy = "A layer with bin_boundaries needs no adapt."});
  }
  if (!std::ranges::all_of(data.values(), [](float value) { return std::isfinite(value); })) {
    throw error<DataError>(
        {.where = "Discretization: adapt", .expected = "finite values", .got = "NaN or infinity"});
  }
  const double exactness = std::stod(fmt::format("{}", epsilon));  // 0.01f is Keras's 0.01
  const Summary merged =
      compressed(summarized({data.values().begin(), data.values().end()}, exactness), exactness);
  const Summary bins = compressed(merged, 1 / static_cast<double>(*num_bins));
  bin_boundaries.assign(bins.values.begin(), bins.values.end() - 1);
}

const LayerSpec& discretization_spec() {
  static const LayerSpec spec = {.class_name = kDiscretization,
                                 .auto_name = "discretization",
                                 .access = options_access<Discretization, visit_options>(),
                                 .output_shape = discretization_output_shape,
                                 .plan = discretization_plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const Discretization&) { return discretization_spec(); }

}  // namespace engram
