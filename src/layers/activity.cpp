// SPDX-License-Identifier: Apache-2.0
#include "layers/activity.hpp"

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/elementwise.hpp"

namespace engram {

namespace k = kernels;

namespace {

/// Of the layer's outputs.
Regularizer regularizer_of_outputs(const LayerSpec& spec, const void* options) {
  return spec.output_regularizer != nullptr
             ? spec.output_regularizer(options)
             : rules_of(spec.access, options, "activity").regularizer;
}

class Finder final : public LookingVisitor {
 public:
  using LookingVisitor::option;

  std::vector<Regularizer> found;

  void look(const LayerSpec& spec, const void* options) {
    if (spec.output_regularizer != nullptr) {
      add(spec.output_regularizer(options));
    }
    spec.access.visit(const_cast<void*>(options), *this);  // this visitor only looks
  }

  void option(std::string_view name, KindOption& value) override {
    if (name == "activity_regularizer") {
      add(dynamic_cast<RegularizerOption&>(value).value);
    }
  }

  void option(std::string_view, std::optional<Layer>& layer) override {
    if (layer) {
      look(layer->spec(), layer->options());
    }
  }

 private:
  void add(const Regularizer& regularizer) {
    if (regularizer.choice) {
      found.push_back(regularizer);
    }
  }
};

/// Another plan with a penalty on its outputs.
class PenalizedPlan final : public LayerPlan {
 public:
  PenalizedPlan(std::unique_ptr<LayerPlan> plan,
                Regularizer regularizer,
                LogitsOf logits,
                const LayerSizes& sizes,
                std::span<const Shape> more)
      : plan_(std::move(plan)),
        regularizer_(std::move(regularizer)),
        logits_(logits),
        columns_(sizes.output.back()),
        sizes_{size_of(sizes.output)},
        own_(aligned_floats(plan_->workspace_floats())),
        scratch_(sizes.is_training && sizes.keeps_logits ? sizes_[0] * sizes.rows : 0) {
    for (const Shape& shape : more) {
      sizes_.push_back(size_of(shape));
    }
  }

  std::int64_t packed_floats() const override { return plan_->packed_floats(); }

  std::int64_t pack_parts() const override { return plan_->pack_parts(); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    plan_->pack(weights, packed, part);
  }

  std::int64_t workspace_floats() const override { return own_ + scratch_; }

  std::int64_t state_floats() const override { return plan_->state_floats(); }

  void forward(const SliceRun& run) const override {
    plan_->forward(run);
    penalize(regularizer_, run, run.output.value, sizes_[0]);
    for (std::size_t i = 0; i < run.more_outputs.size(); ++i) {
      penalize(regularizer_, run, run.more_outputs[i].value, sizes_[i + 1]);
    }
  }

  void backward(const SliceRun& run) const override {
    if (run.is_gradient_of_logits) {
      add_gradient_of_logits(run);
    } else {
      add(run, run.output, 0);
    }
    for (std::size_t i = 0; i < run.more_outputs.size(); ++i) {
      add(run, run.more_outputs[i], i + 1);
    }
    plan_->backward(run);
  }

 private:
  void add(const SliceRun& run, const Signal& y, std::size_t i) const {
    add_penalty_gradient(regularizer_, run, y.value, sizes_[i], y.gradient);
  }

  /// The penalty is one on the values, which come of the logits.
  void add_gradient_of_logits(const SliceRun& run) const {
    const std::int64_t n = sizes_[0] * run.rows;
    float* slope = run.workspace + own_;
    std::fill_n(slope, n, 0.0f);
    add_penalty_gradient(regularizer_, run, run.output.value, sizes_[0], slope);
    if (logits_ == LogitsOf::softmax) {
      k::softmax_gradient(run.output.value, slope, slope, n / columns_, columns_);
    } else {
      k::apply_gradient(k::Function::sigmoid, run.output.value, slope, slope, n);
    }
    k::add(slope, run.output.gradient, n);
  }

  std::unique_ptr<LayerPlan> plan_;
  Regularizer regularizer_;
  LogitsOf logits_;
  std::int64_t columns_;
  std::vector<std::int64_t> sizes_;  ///< of the outputs, floats a row
  std::int64_t own_, scratch_;
};

Penalized penalized(const SliceRun& run, const float* values, std::int64_t size) {
  return {.values = values,
          .shape = {run.rows, size},
          .share = 1 / static_cast<double>(run.batch_rows)};
}

}  // namespace

std::vector<Regularizer> activity_regularizers(const LayerSpec& spec, const void* options) {
  Finder finder;
  finder.look(spec, options);
  return std::move(finder.found);
}

std::unique_ptr<LayerPlan> plan_of(const LayerSpec& spec,
                                   const void* options,
                                   const LayerSizes& sizes) {
  std::unique_ptr<LayerPlan> plan = spec.plan(options, sizes);
  Regularizer regularizer = regularizer_of_outputs(spec, options);
  if (!regularizer.choice) {
    return plan;
  }
  if (regularizer.choice->spec().joins_rows && sizes.output.size() != 1) {
    throw error<OptionError>({.where = std::string(spec.class_name) + ": activity_regularizer",
                              .expected = "an output of rank 2 (batch, features)",
                              .got = to_string(sizes.output) + " a sample"});
  }
  const std::vector<Shape> more = spec.more_outputs != nullptr
                                      ? spec.more_outputs(options, sizes.inputs)
                                      : std::vector<Shape>();
  return std::make_unique<PenalizedPlan>(
      std::move(plan), std::move(regularizer), spec.logits_of(options), sizes, more);
}

void penalize(const Regularizer& regularizer,
              const SliceRun& run,
              const float* values,
              std::int64_t size) {
  if (run.penalty != nullptr && regularizer.choice) {
    const Choice<RegularizerSpec>& chosen = *regularizer.choice;
    *run.penalty += chosen.spec().penalty(chosen.options(), penalized(run, values, size));
  }
}

void add_penalty_gradient(const Regularizer& regularizer,
                          const SliceRun& run,
                          const float* values,
                          std::int64_t size,
                          float* gradient) {
  if (regularizer.choice && gradient != nullptr) {
    const Choice<RegularizerSpec>& chosen = *regularizer.choice;
    Penalized whole = penalized(run, values, size);
    whole.gradient = gradient;
    chosen.spec().penalty(chosen.options(), whole);
  }
}

}  // namespace engram
