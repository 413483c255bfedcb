// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/time_distributed.hpp"

#include <algorithm>
#include <array>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "layers/inner_layer.hpp"

namespace engram {

namespace {

void visit_options(TimeDistributed& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("layer", o.layer);
}

const Layer& inner_of(const void* options) { return *options_as<TimeDistributed>(options).layer; }

std::array<InnerLayer, 1> inner_list(const void* options) {
  return {{{"layer", inner_of(options)}}};
}

/// One step's shape.
Shape step_shape(const Shape& shape) { return Shape(shape.begin() + 1, shape.end()); }

/// Steps and rows together are the rows of the layer: (T, rows, D) is (T * rows, D) as it lies.
/// What has more axes than D is copied so that its own first axis comes first.
class TimeDistributedPlan final : public PlanOfPlans {
 public:
  TimeDistributedPlan(const Layer& layer, const LayerSizes& sizes)
      : steps_(sizes.inputs[0][0]),
        needs_dx_(sizes.is_training && sizes.needs_input_gradient),
        in_{step_shape(sizes.inputs[0])},
        out_{step_shape(sizes.output)} {
    std::int64_t own = 0;
    for (Copied* copied : {&in_, &out_}) {
      if (copied->shape.size() > 1) {
        const std::int64_t floats = aligned_floats(size_of(copied->shape) * steps_ * sizes.rows);
        copied->value = std::exchange(own, own + floats);
        copied->gradient = std::exchange(own, own + (sizes.is_training ? floats : 0));
      }
    }
    plans_ = InnerPlans(own);
    LayerSizes inner = sizes;
    inner.inputs = {in_.shape};
    inner.output = out_.shape;
    inner.rows = steps_ * sizes.rows;
    inner.has_mask = false;
    // Keras calls past the penalty on the layer's outputs.
    plans_.add(layer.spec().plan(layer.options(), inner),
               layer.spec().weights(layer.options(), inner.inputs).size());
  }

  std::int64_t state_floats() const override { return 0; }

  void forward(const SliceRun& run) const override {
    Signal input;
    const SliceRun inner = inner_run(run, input);
    if (in_.is_copied()) {
      to_inner(in_, inner.rows, run.inputs[0].value, input.value);
    }
    plans_[0].plan->forward(inner);
    if (out_.is_copied()) {
      from_inner(out_, inner.rows, inner.output.value, run.output.value);
    }
  }

  void backward(const SliceRun& run) const override {
    Signal input;
    const SliceRun inner = inner_run(run, input);
    if (out_.is_copied()) {
      to_inner(out_, inner.rows, run.output.gradient, inner.output.gradient);
    }
    plans_[0].plan->backward(inner);
    if (in_.is_copied() && needs_dx_) {
      from_inner(in_, inner.rows, input.gradient, run.inputs[0].gradient);
    }
  }

 private:
  struct Copied {
    Shape shape;                           ///< of a step
    std::int64_t value = 0, gradient = 0;  ///< places in the workspace

    bool is_copied() const { return shape.size() > 1; }
  };

  /// The layer's run; `input` holds its input signal.
  SliceRun inner_run(const SliceRun& run, Signal& input) const {
    SliceRun inner = plans_[0].run(run);
    inner.rows = steps_ * run.rows;
    inner.first_row = steps_ * run.first_row;
    inner.is_gradient_of_logits = run.is_gradient_of_logits;
    inner.states = nullptr;
    input = {.value = run.inputs[0].value, .gradient = run.inputs[0].gradient};
    if (in_.is_copied()) {
      input = {.value = run.workspace + in_.value,
               .gradient = needs_dx_ ? run.workspace + in_.gradient : nullptr};
    }
    inner.inputs = {&input, 1};
    inner.output.mask = nullptr;
    if (out_.is_copied()) {
      inner.output.value = run.workspace + out_.value;
      inner.output.gradient = run.workspace + out_.gradient;
    }
    return inner;
  }

  /// (rows, A, ...) to (A, rows, ...).
  static void to_inner(const Copied& c, std::int64_t rows, const float* from, float* to) {
    const std::int64_t A = c.shape[0], n = size_of(c.shape) / A;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t a = 0; a < A; ++a) {
        std::copy_n(from + (row * A + a) * n, n, to + (a * rows + row) * n);
      }
    }
  }

  static void from_inner(const Copied& c, std::int64_t rows, const float* from, float* to) {
    const std::int64_t A = c.shape[0], n = size_of(c.shape) / A;
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t a = 0; a < A; ++a) {
        std::copy_n(from + (a * rows + row) * n, n, to + (row * A + a) * n);
      }
    }
  }

  std::int64_t steps_;
  bool needs_dx_;
  Copied in_, out_;
};

Shape time_distributed_output_shape(const void* options,
                                    std::span<const Shape> inputs,
                                    std::string_view where) {
  const auto& o = options_as<TimeDistributed>(options);
  if (!o.layer) {
    throw error<OptionError>({.where = std::string(where), .expected = "a layer", .got = "none"});
  }
  if (inputs[0].size() < 2) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "input of rank 3 or more (batch, time, ...)",
                             .got = to_string(inputs[0]) + " a sample",
                             .remedy = "Add a time or a feature axis."});
  }
  const std::string place = std::string(where) + ": " + name_of(*o.layer);
  if (o.layer->spec().plan == nullptr) {
    throw error<OptionError>({.where = place, .expected = "a layer", .got = "a model"});
  }
  if (is_reversed(*o.layer)) {
    throw error<OptionError>({.where = place,
                              .expected = "a call without reverse",
                              .got = "one in reverse",
                              .remedy = "Such a call takes any number of axes by itself."});
  }
  check_options(o.layer->spec().access, o.layer->options(), place);
  const std::vector<Shape> step = {step_shape(inputs[0])};
  if (common_options(o.layer->spec(), o.layer->options()).stateful) {
    throw error<OptionError>({.where = place,
                              .expected = "a layer that is not stateful",
                              .got = "stateful = true",
                              .remedy = "Steps that share a layer have no states to carry."});
  }
  Shape shape = o.layer->spec().output_shape(o.layer->options(), step, place);
  shape.insert(shape.begin(), inputs[0][0]);
  return shape;
}

std::vector<WeightSpec> time_distributed_weights(const void* options,
                                                 std::span<const Shape> inputs) {
  const std::vector<Shape> step = {step_shape(inputs[0])};
  return inner_weights(inner_list(options), step);
}

std::unique_ptr<LayerPlan> time_distributed_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<TimeDistributedPlan>(inner_of(options), sizes);
}

bool time_distributed_is_identity(const void* options, bool is_training) {
  const Layer& layer = inner_of(options);
  return layer.spec().is_identity(layer.options(), is_training);
}

LogitsOf time_distributed_logits(const void* options) {
  const Layer& layer = inner_of(options);
  return layer.spec().logits_of(layer.options());
}

std::int64_t time_distributed_flops(const void* options, std::span<const Shape> inputs) {
  const Layer& layer = inner_of(options);
  const std::vector<Shape> step = {step_shape(inputs[0])};
  return inputs[0][0] * layer.spec().flops(layer.options(), step);
}

bool time_distributed_needs_whole_batch(const void* options) {
  const Layer& layer = inner_of(options);
  const auto needs = layer.spec().needs_whole_batch;
  return needs != nullptr && needs(layer.options());
}

std::vector<WeightGroup> time_distributed_weight_groups(const void* options) {
  return inner_groups(inner_list(options));
}

}  // namespace

const LayerSpec& time_distributed_spec() {
  static const LayerSpec spec = {.class_name = "TimeDistributed",
                                 .auto_name = "time_distributed",
                                 .access = options_access<TimeDistributed, visit_options>(),
                                 .output_shape = time_distributed_output_shape,
                                 .weights = time_distributed_weights,
                                 .plan = time_distributed_plan,
                                 .mask_rule = passes_mask,
                                 .is_identity = time_distributed_is_identity,
                                 .logits_of = time_distributed_logits,
                                 .flops = time_distributed_flops,
                                 .weight_groups = time_distributed_weight_groups,
                                 .needs_whole_batch = time_distributed_needs_whole_batch};
  return spec;
}

const LayerSpec& spec_of(const TimeDistributed&) { return time_distributed_spec(); }

}  // namespace engram
