// SPDX-License-Identifier: Apache-2.0
#include "layers/bidirectional_plan.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/aligned.hpp"
#include "kernels/elementwise.hpp"

namespace engram {

namespace k = kernels;

namespace {

/// Runs both directions with whole sequences of their own, then merges.
class BidirectionalPlan final : public PlanOfPlans {
 public:
  BidirectionalPlan(std::span<const InnerLayer> directions,
                    std::string mode,
                    const LayerSizes& sizes,
                    const Shape& inner)
      : mode_(std::move(mode)),
        steps_(inner.size() > 1 ? inner[0] : 1),
        units_(inner.back()),
        values_(aligned_floats(steps_ * sizes.rows * units_)),
        inputs_(size_of(sizes.inputs[0])),
        needs_dx_(sizes.is_training && sizes.needs_input_gradient) {
    plans_ = InnerPlans(values_ * (sizes.is_training ? 4 : 2) +
                        (needs_dx_ ? aligned_floats(inputs_ * sizes.rows) : 0));
    LayerSizes inner_sizes = sizes;
    inner_sizes.inputs.resize(1 + (sizes.inputs.size() - 1) / 2);
    inner_sizes.output = inner;
    inner_sizes.keeps_logits = false;
    for (const InnerLayer& direction : directions) {
      plans_.add(direction.layer, inner_sizes);
    }
  }

  void forward(const SliceRun& run) const override {
    for (const std::size_t i : {0, 1}) {
      Inputs inputs;
      plans_[i].plan->forward(inner_run(run, i, inputs));
    }
    if (mode_.empty()) {
      std::copy_n(value(run, 0), steps_ * run.rows * units_, run.output.value);
    }
    for (std::int64_t t = 0; t < steps_; ++t) {
      if (mode_.empty()) {
        std::copy_n(value(run, 1) + turned(t) * run.rows * units_,
                    run.rows * units_,
                    run.more_outputs[0].value + t * run.rows * units_);
        continue;
      }
      merge(run.rows,
            value(run, 0) + t * run.rows * units_,
            value(run, 1) + turned(t) * run.rows * units_,
            run.output.value + t * run.rows * (mode_ == "concat" ? 2 : 1) * units_);
    }
  }

  void backward(const SliceRun& run) const override {
    for (std::int64_t t = 0; t < steps_; ++t) {
      split(run, t);
    }
    for (const std::size_t i : {0, 1}) {
      Inputs inputs;
      plans_[i].plan->backward(inner_run(run, i, inputs));
    }
    if (needs_dx_) {
      k::add(second_dx(run), run.inputs[0].gradient, inputs_ * run.rows);
    }
  }

 private:
  /// The place of step t in the backward layer's output, which is in the order of processing.
  std::int64_t turned(std::int64_t t) const { return steps_ - 1 - t; }

  // The workspace: outputs, their gradients, the backward layer's share of dx.
  float* value(const SliceRun& run, std::size_t i) const {
    return run.workspace + static_cast<std::int64_t>(i) * values_;
  }

  float* gradient(const SliceRun& run, std::size_t i) const { return value(run, i + 2); }

  float* second_dx(const SliceRun& run) const { return value(run, 4); }

  using Inputs =
      std::array<Signal, 1 + kMostDirectionStates>;  // the sequence, and the states to begin from

  /// The run of a direction; `inputs` holds its input signals. States are those of the forward
  /// layer, then those of the backward layer.
  SliceRun inner_run(const SliceRun& run, std::size_t i, Inputs& inputs) const {
    SliceRun inner = plans_[i].run(run);
    inputs[0] = run.inputs[0];
    if (i == 1 && needs_dx_) {
      inputs[0].gradient = second_dx(run);
    }
    const std::size_t given = (run.inputs.size() - 1) / 2;
    std::ranges::copy(run.inputs.subspan(1 + i * given, given), inputs.begin() + 1);
    inner.inputs = std::span(inputs).first(1 + given);
    const std::size_t first = mode_.empty() ? 1 : 0;
    const std::size_t kept = run.more_outputs.empty() ? 0 : (run.more_outputs.size() - first) / 2;
    inner.more_outputs = run.more_outputs.subspan(kept == 0 ? 0 : first + i * kept, kept);
    inner.output = {.value = value(run, i), .gradient = gradient(run, i)};
    return inner;
  }

  /// The output of one step out of those of both directions.
  void merge(std::int64_t rows, const float* forth, const float* back, float* to) const {
    const std::int64_t n = rows * units_;
    if (mode_ == "concat") {
      for (std::int64_t row = 0; row < rows; ++row) {
        std::copy_n(forth + row * units_, units_, to + 2 * row * units_);
        std::copy_n(back + row * units_, units_, to + (2 * row + 1) * units_);
      }
    } else if (mode_ == "mul") {
      k::multiply(forth, back, to, n);
    } else {
      std::copy_n(forth, n, to);
      k::add(back, to, n);
      if (mode_ == "ave") {
        k::scale(to, 0.5f, n);
      }
    }
  }

  /// The gradients of both directions' outputs at step t.
  void split(const SliceRun& run, std::int64_t t) const {
    const std::int64_t n = run.rows * units_, forth = t * n, back = turned(t) * n;
    float* to_forth = gradient(run, 0) + forth;
    float* to_back = gradient(run, 1) + back;
    if (mode_.empty()) {
      std::copy_n(run.output.gradient + forth, n, to_forth);
      if (const float* from = run.more_outputs[0].gradient) {
        std::copy_n(from + forth, n, to_back);
      } else {
        std::fill_n(to_back, n, 0.0f);
      }
      return;
    }
    if (mode_ == "concat") {
      const float* from = run.output.gradient + 2 * forth;
      for (std::int64_t row = 0; row < run.rows; ++row) {
        std::copy_n(from + 2 * row * units_, units_, to_forth + row * units_);
        std::copy_n(from + (2 * row + 1) * units_, units_, to_back + row * units_);
      }
      return;
    }
    const float* from = run.output.gradient + forth;
    if (mode_ == "mul") {
      k::multiply(from, value(run, 1) + back, to_forth, n);
      k::multiply(from, value(run, 0) + forth, to_back, n);
      return;
    }
    for (float* to : {to_forth, to_back}) {
      std::copy_n(from, n, to);
      if (mode_ == "ave") {
        k::scale(to, 0.5f, n);
      }
    }
  }

  std::string mode_;
  std::int64_t steps_, units_, values_, inputs_;
  bool needs_dx_;
};

}  // namespace

std::unique_ptr<LayerPlan> bidirectional_plan(std::span<const InnerLayer> directions,
                                              std::string mode,
                                              const LayerSizes& sizes,
                                              const Shape& inner) {
  return std::make_unique<BidirectionalPlan>(directions, std::move(mode), sizes, inner);
}

}  // namespace engram
