// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/group_normalization.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/normalize.hpp"
#include "layers/gamma_and_beta.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(GroupNormalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("groups", o.groups, at_least(-1));
  v.option("axis", o.axis, any());
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("center", o.center);
  v.option("scale", o.scale);
  v.option("beta_initializer", o.beta_initializer);
  v.option("gamma_initializer", o.gamma_initializer);
  visit_kind(v, "beta_regularizer", o.beta_regularizer);
  visit_kind(v, "gamma_regularizer", o.gamma_regularizer);
  visit_kind(v, "beta_constraint", o.beta_constraint);
  visit_kind(v, "gamma_constraint", o.gamma_constraint);
}

/// The values of a group of a row, in a signal strewn over its places, are gathered to one row of a
/// matrix (rows, groups, places, features of a group), normalized there, and put back.
/// Letters: G groups, F features of one, P places.
class GroupNormalizationPlan final : public LayerPlan {
 public:
  GroupNormalizationPlan(const GroupNormalization& o, const LayerSizes& sizes)
      : o_(o),
        C_(sizes.output.back()),
        G_(o.groups < 0 ? C_ : o.groups),
        F_(C_ / G_),
        P_(size_of(sizes.output) / C_),
        steps_(TimeMajor(sizes.output).steps),
        matrix_(aligned_floats(sizes.rows * P_ * C_)),
        statistics_(aligned_floats(2 * sizes.rows * G_)),
        is_training_(sizes.is_training) {}

  /// The gathered inputs; mean and 1 / deviation of each group; what is gathered of gradients, the
  /// normalized values, and arrays (C).
  std::int64_t workspace_floats() const override {
    return matrix_ * (is_training_ ? 4 : 2) + statistics_ + 3 * aligned_floats(C_);
  }

  void forward(const SliceRun& run) const override {
    float *x = run.workspace, *normal = x + matrix_;
    gather(run.inputs[0].value, x, run.rows);
    k::normalize_rows(
        x, nullptr, nullptr, o_.epsilon, normal, statistics(run), run.rows * G_, P_ * F_);
    scatter(normal, run.output.value, run.rows);
    if (!o_.scale && !o_.center) {
      return;
    }
    float *zeros = columns(run, 0), *ones = columns(run, 1);
    std::fill_n(zeros, C_, 0.0f);
    std::fill_n(ones, C_, 1.0f);
    k::normalize_columns(run.output.value,
                         zeros,
                         o_.scale ? run.weights[0] : ones,
                         o_.center ? run.weights[beta()] : zeros,
                         run.output.value,
                         run.rows * P_,
                         C_);
  }

  void backward(const SliceRun& run) const override {
    float *x = run.workspace, *normal = x + matrix_, *d = normal + matrix_, *dx = d + matrix_;
    const float* dy = run.output.gradient;
    const std::int64_t places = run.rows * P_;
    float* sums = columns(run, 0);
    if (o_.center && run.gradients[beta()] != nullptr) {
      k::column_sums({.x = dy}, sums, places, C_);
      k::add(sums, run.gradients[beta()], C_);
    }
    if (o_.scale && run.gradients[0] != nullptr) {
      scatter(normal, d, run.rows);  // as dy lies
      k::column_sums({.x = d, .factor = dy}, sums, places, C_);
      k::add(sums, run.gradients[0], C_);
    }
    if (run.inputs[0].gradient == nullptr) {
      return;
    }
    if (o_.scale) {
      float* zeros = columns(run, 0);
      std::fill_n(zeros, C_, 0.0f);
      k::normalize_columns(dy, zeros, run.weights[0], zeros, dx, places, C_);
      dy = dx;
    }
    gather(dy, d, run.rows);
    k::normalize_rows_gradient(
        {.x = x, .statistics = statistics(run), .dy = d, .dx = dx}, run.rows * G_, P_ * F_);
    scatter(dx, run.inputs[0].gradient, run.rows);
  }

 private:
  float* statistics(const SliceRun& run) const {
    return run.workspace + matrix_ * (is_training_ ? 4 : 2);
  }

  float* columns(const SliceRun& run, std::int64_t i) const {
    return statistics(run) + statistics_ + i * aligned_floats(C_);
  }

  std::size_t beta() const { return o_.scale ? 1 : 0; }

  /// visit(place in a signal, place in the matrix) of each F values that lie together.
  template <class Visit>
  void each(std::int64_t rows, const Visit& visit) const {
    const std::int64_t inner = P_ / steps_;
    for (std::int64_t t = 0; t < steps_; ++t) {
      for (std::int64_t row = 0; row < rows; ++row) {
        for (std::int64_t i = 0; i < inner; ++i) {
          const std::int64_t place = ((t * rows + row) * inner + i) * C_;
          for (std::int64_t group = 0; group < G_; ++group) {
            visit(place + group * F_, ((row * G_ + group) * P_ + t * inner + i) * F_);
          }
        }
      }
    }
  }

  void gather(const float* signal, float* matrix, std::int64_t rows) const {
    each(rows,
         [&](std::int64_t from, std::int64_t to) { std::copy_n(signal + from, F_, matrix + to); });
  }

  void scatter(const float* matrix, float* signal, std::int64_t rows) const {
    each(rows,
         [&](std::int64_t to, std::int64_t from) { std::copy_n(matrix + from, F_, signal + to); });
  }

  GroupNormalization o_;
  std::int64_t C_, G_, F_, P_, steps_, matrix_, statistics_;
  bool is_training_;
};

Shape group_normalization_output_shape(const void* options,
                                       std::span<const Shape> inputs,
                                       std::string_view where) {
  const GroupNormalization& o = options_as<GroupNormalization>(options);
  require_last_axis(o.axis, inputs[0], where);
  const std::int64_t features = inputs[0].back();
  if (o.groups == 0 || (o.groups > 0 && features % o.groups != 0)) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "groups that divide the features, or -1",
                              .got = fmt::format("{} of {}", o.groups, features)});
  }
  return inputs[0];
}

std::vector<WeightSpec> group_normalization_weights(const void* options,
                                                    std::span<const Shape> inputs) {
  return gamma_and_beta(options_as<GroupNormalization>(options), {inputs[0].back()});
}

}  // namespace

const LayerSpec& group_normalization_spec() {
  static const LayerSpec spec = {.class_name = "GroupNormalization",
                                 .auto_name = "group_normalization",
                                 .access = options_access<GroupNormalization, visit_options>(),
                                 .output_shape = group_normalization_output_shape,
                                 .weights = group_normalization_weights,
                                 .plan = make_plan<GroupNormalizationPlan, GroupNormalization>,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const GroupNormalization&) { return group_normalization_spec(); }

}  // namespace engram
