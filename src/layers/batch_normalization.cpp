// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/batch_normalization.hpp"

#include <algorithm>
#include <cmath>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/normalize.hpp"
#include "layers/gamma_and_beta.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace k = kernels;

namespace {

void visit_options(BatchNormalization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis, any());
  v.option("momentum", o.momentum, any());
  v.option("epsilon", o.epsilon, at_least(0));
  v.option("center", o.center);
  v.option("scale", o.scale);
  v.option("beta_initializer", o.beta_initializer);
  v.option("gamma_initializer", o.gamma_initializer);
  v.option("moving_mean_initializer", o.moving_mean_initializer);
  v.option("moving_variance_initializer", o.moving_variance_initializer);
  visit_kind(v, "beta_regularizer", o.beta_regularizer);
  visit_kind(v, "gamma_regularizer", o.gamma_regularizer);
  visit_kind(v, "beta_constraint", o.beta_constraint);
  visit_kind(v, "gamma_constraint", o.gamma_constraint);
  v.ignored("synchronized", false);  // about replicas, of which there is one here
  v.fixed("renorm", false);
  v.fixed("renorm_clipping", {});
  v.ignored("renorm_momentum", 0.99);
}

class BatchNormalizationPlan final : public LayerPlan {
 public:
  BatchNormalizationPlan(const BatchNormalization& o, const LayerSizes& sizes)
      : o_(o),
        C_(sizes.output.back()),
        places_(size_of(sizes.output) / C_),
        takes_batch_(sizes.is_training && o.trainable),
        has_mask_(sizes.has_mask) {
    if (has_mask_ && sizes.output.size() != 2) {
      throw error<ShapeError>({.where = "BatchNormalization",
                               .expected = "no mask for input that is no sequence of vectors",
                               .got = to_string(sizes.output) + " a sample"});
    }
  }

  std::int64_t workspace_floats() const override { return kArrays * aligned_floats(C_); }

  void forward(const SliceRun& run) const override {
    float *mean = array(run, kMean), *variance = array(run, kVariance);
    if (takes_batch_) {
      const float* x = run.inputs[0].value;
      const double share = 1 / counted(run);
      sum(run, {.x = x, .mask = mask(run), .scale = share}, mean);
      sum(run,
          {.x = x, .center = mean, .is_square = true, .mask = mask(run), .scale = share},
          variance);
    } else {
      std::copy_n(run.weights[moving()], C_, mean);
      std::copy_n(run.weights[moving() + 1], C_, variance);
    }
    float *scale = array(run, kScale), *shift = array(run, kShift);
    for (std::int64_t i = 0; i < C_; ++i) {
      const float rstd = 1 / std::sqrt(variance[i] + o_.epsilon);
      scale[i] = o_.scale ? run.weights[0][i] * rstd : rstd;
      shift[i] = o_.center ? run.weights[o_.scale ? 1 : 0][i] : 0.0f;
    }
    k::normalize_columns(
        run.inputs[0].value, mean, scale, shift, run.output.value, run.rows * places_, C_);
  }

  /// With S the sum over all places, W those that count, z = (x - mean) / deviation:
  /// dx = gamma / deviation (dy - [counts] (S dy + z S(dy z)) / W).
  void backward(const SliceRun& run) const override {
    const Signal& x = run.inputs[0];
    float *mean = array(run, kMean), *variance = array(run, kVariance);
    float *offset = array(run, kShift), *tilt = array(run, kTilt), *scale = array(run, kScale);
    const float* dy = run.output.gradient;
    sum(run, {.x = dy}, offset);
    sum(run, {.x = x.value, .center = mean, .factor = dy}, tilt);
    const double count = counted(run);
    for (std::int64_t i = 0; i < C_; ++i) {
      const float rstd = 1 / std::sqrt(variance[i] + o_.epsilon);
      if (o_.trainable && o_.scale) {
        run.gradients[0][i] += tilt[i] * rstd;
      }
      if (o_.trainable && o_.center) {
        run.gradients[o_.scale ? 1 : 0][i] += offset[i];
      }
      const float share = takes_batch_ ? scale[i] / static_cast<float>(count) : 0.0f;
      offset[i] *= share;
      tilt[i] *= share * rstd * rstd;
    }
    if (takes_batch_) {  // what the averages move towards
      std::copy_n(mean, C_, run.gradients[moving()]);
      std::copy_n(variance, C_, run.gradients[moving() + 1]);
    }
    if (x.gradient != nullptr) {
      k::normalize_columns_gradient({.x = x.value,
                                     .dy = dy,
                                     .center = mean,
                                     .slope = scale,
                                     .offset = offset,
                                     .tilt = tilt,
                                     .mask = mask(run)},
                                    x.gradient,
                                    run.rows * places_,
                                    C_);
    }
  }

 private:
  // The arrays (C) of the workspace.
  enum Array { kMean, kVariance, kScale, kShift, kTilt, kArrays };

  float* array(const SliceRun& run, Array which) const {
    return run.workspace + which * aligned_floats(C_);
  }

  std::size_t moving() const { return (o_.scale ? 1u : 0u) + (o_.center ? 1u : 0u); }

  const std::uint8_t* mask(const SliceRun& run) const {
    return has_mask_ && takes_batch_ ? run.inputs[0].mask : nullptr;
  }

  /// Places that count; with a mask, as in Keras, a little more, so that there are never none.
  double counted(const SliceRun& run) const {
    const std::int64_t all = run.rows * places_;
    if (mask(run) == nullptr) {
      return static_cast<double>(all);
    }
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < all; ++i) {
      count += mask(run)[i] != 0 ? 1 : 0;
    }
    return static_cast<double>(count) + 1e-7;
  }

  void sum(const SliceRun& run, const k::ColumnSums& what, float* to) const {
    k::column_sums(what, to, run.rows * places_, C_);
  }

  BatchNormalization o_;
  std::int64_t C_, places_;
  bool takes_batch_, has_mask_;
};

Shape batch_normalization_output_shape(const void* options,
                                       std::span<const Shape> inputs,
                                       std::string_view where) {
  require_last_axis(options_as<BatchNormalization>(options).axis, inputs[0], where);
  return inputs[0];
}

std::vector<WeightSpec> batch_normalization_weights(const void* options,
                                                    std::span<const Shape> inputs) {
  const BatchNormalization& o = options_as<BatchNormalization>(options);
  const Shape shape = {inputs[0].back()};
  std::vector<WeightSpec> specs = gamma_and_beta(o, shape);
  specs.push_back({.name = "moving_mean",
                   .shape = shape,
                   .initializer = o.moving_mean_initializer,
                   .use = WeightUse::moving_average,
                   .momentum = o.momentum});
  specs.push_back({.name = "moving_variance",
                   .shape = shape,
                   .initializer = o.moving_variance_initializer,
                   .use = WeightUse::moving_average,
                   .momentum = o.momentum});
  return specs;
}

bool batch_normalization_needs_whole_batch(const void* options) {
  return options_as<BatchNormalization>(options).trainable;
}

}  // namespace

const LayerSpec& batch_normalization_spec() {
  static const LayerSpec spec = {.class_name = "BatchNormalization",
                                 .auto_name = "batch_normalization",
                                 .access = options_access<BatchNormalization, visit_options>(),
                                 .output_shape = batch_normalization_output_shape,
                                 .weights = batch_normalization_weights,
                                 .plan = make_plan<BatchNormalizationPlan, BatchNormalization>,
                                 .needs_whole_batch = batch_normalization_needs_whole_batch};
  return spec;
}

const LayerSpec& spec_of(const BatchNormalization&) { return batch_normalization_spec(); }

}  // namespace engram
