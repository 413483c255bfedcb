// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/bidirectional.hpp"

#include <algorithm>
#include <array>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/elementwise.hpp"
#include "layers/inner_layer.hpp"

namespace engram {

namespace k = kernels;

namespace {

constexpr std::array<std::string_view, 4> kMergeModes = {"concat", "sum", "mul", "ave"};

void visit_options(Bidirectional& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("merge_mode", o.merge_mode, kMergeModes);
  v.option("layer", o.layer);
  v.option("backward_layer", o.backward_layer);
}

const Bidirectional& options_of(const void* options) {
  return *static_cast<const Bidirectional*>(options);
}

std::string without_prefix(std::string name, std::string_view prefix) {
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

CommonOptions common(const Layer& layer) { return common_options(layer.spec(), layer.options()); }

/// The two layers that run: named as Keras names them, silent at masked steps of a sequence.
std::array<InnerLayer, 2> directions(const Bidirectional& o) {
  const Layer& layer = *o.layer;
  const std::string name = name_of(layer);
  const bool sequences = common(layer).return_sequences;
  const Layer backward = o.backward_layer.value_or(with_options(
      layer, {{"name", "backward_" + without_prefix(name, "backward_")}, {"go_backwards", true}}));
  return {{{"forward_layer",
            with_options(layer,
                         {{"name", "forward_" + without_prefix(name, "forward_")},
                          {"zero_output_for_mask", sequences}})},
           {"backward_layer", with_options(backward, {{"zero_output_for_mask", sequences}})}}};
}

/// Runs both directions with whole sequences of their own, then merges.
class BidirectionalPlan final : public LayerPlan {
 public:
  BidirectionalPlan(const Bidirectional& o, const LayerSizes& sizes, const Shape& inner)
      : mode_(o.merge_mode.value_or("")),
        steps_(inner.size() > 1 ? inner[0] : 1),
        units_(inner.back()),
        values_(aligned_floats(steps_ * sizes.rows * units_)),
        inputs_(size_of(sizes.inputs[0])),
        needs_dx_(sizes.is_training && sizes.needs_input_gradient),
        plans_(values_ * (sizes.is_training ? 4 : 2) +
               (needs_dx_ ? aligned_floats(inputs_ * sizes.rows) : 0)) {
    LayerSizes inner_sizes = sizes;
    inner_sizes.inputs.resize(1 + (sizes.inputs.size() - 1) / 2);
    inner_sizes.output = inner;
    inner_sizes.keeps_logits = false;
    for (const InnerLayer& direction : directions(o)) {
      plans_.add(direction.layer, inner_sizes);
    }
  }

  std::int64_t packed_floats() const override { return plans_.packed_floats(); }

  std::int64_t pack_parts() const override { return plans_.pack_parts(); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    plans_.pack(weights, packed, part);
  }

  std::int64_t workspace_floats() const override { return plans_.workspace_floats(); }

  std::int64_t state_floats() const override { return plans_.state_floats(); }

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

  using Inputs = std::array<Signal, 3>;  // the sequence, and the states to begin from

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
  InnerPlans plans_;
};

void check(const Bidirectional& o, std::string_view where) {
  const auto fail = [&](const std::string& expected, const std::string& got) {
    throw error<OptionError>({.where = std::string(where), .expected = expected, .got = got});
  };
  if (!o.layer) {
    fail("a layer", "none");
  }
  for (const InnerLayer& direction : directions(o)) {
    if (!common(direction.layer).is_recurrent) {
      fail("a recurrent layer", std::string(direction.layer.spec().class_name));
    }
    check_options(direction.layer.spec().access,
                  direction.layer.options(),
                  std::string(where) + ": " + name_of(direction.layer));
  }
  const auto both = directions(o);
  const CommonOptions forth = common(both[0].layer), back = common(both[1].layer);
  if (forth.go_backwards == back.go_backwards) {
    fail("layers that go different ways", forth.go_backwards ? "go_backwards in both" : "neither");
  }
  if (forth.return_sequences != back.return_sequences || forth.stateful != back.stateful) {
    fail("the same return_sequences and stateful in both layers", "different ones");
  }
}

/// What each direction gives.
Shape inner_shape(const InnerLayer& direction, std::span<const Shape> inputs) {
  const LayerSpec& spec = direction.layer.spec();
  return spec.output_shape(direction.layer.options(), inputs, name_of(direction.layer));
}

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const Bidirectional& o = options_of(options);
  check(o, where);
  const auto both = directions(o);
  const std::size_t given = (inputs.size() - 1) / 2;
  if (given > 2) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "at most 4 initial states, those of one cell each way",
                             .got = std::to_string(inputs.size() - 1)});
  }
  if (inputs.size() % 2 == 0) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "as many initial states for both directions",
                             .got = std::to_string(inputs.size() - 1)});
  }
  std::vector<Shape> forth_inputs(inputs.begin(), inputs.end() - static_cast<long>(given));
  std::vector<Shape> back_inputs(inputs.end() - static_cast<long>(given), inputs.end());
  back_inputs.insert(back_inputs.begin(), inputs[0]);
  Shape shape = inner_shape(both[0], forth_inputs);
  const Shape back = inner_shape(both[1], back_inputs);
  if (back != shape) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "outputs of one shape in both directions",
                             .got = to_string(shape) + " and " + to_string(back)});
  }
  shape.back() *= o.merge_mode == "concat" ? 2 : 1;
  return shape;
}

/// Without a merge the backward sequence; then the states of both layers.
std::vector<Shape> more_outputs(const void* options, std::span<const Shape> inputs) {
  const Bidirectional& o = options_of(options);
  std::vector<Shape> shapes;
  const auto both = directions(o);
  if (!o.merge_mode) {
    shapes.push_back(inner_shape(both[1], inputs.first(1)));
  }
  for (const InnerLayer& direction : both) {
    const LayerSpec& spec = direction.layer.spec();
    for (Shape& shape : spec.more_outputs(direction.layer.options(), inputs)) {
      shapes.push_back(std::move(shape));
    }
  }
  return shapes;
}

std::vector<WeightSpec> weights(const void* options, std::span<const Shape> inputs) {
  return inner_weights(directions(options_of(options)), inputs);
}

std::unique_ptr<LayerPlan> plan(const void* options, const LayerSizes& sizes) {
  const Bidirectional& o = options_of(options);
  const std::span<const Shape> sequence = std::span(sizes.inputs).first(1);
  return std::make_unique<BidirectionalPlan>(o, sizes, inner_shape(directions(o)[0], sequence));
}

MaskRule mask_rule(const void* options) {
  return common(*options_of(options).layer).return_sequences ? MaskRule::passes : MaskRule::drops;
}

std::int64_t flops(const void* options, std::span<const Shape> inputs) {
  std::int64_t sum = 0;
  for (const InnerLayer& direction : directions(options_of(options))) {
    sum += direction.layer.spec().flops(direction.layer.options(), inputs);
  }
  return sum;
}

std::int64_t carried_floats(const void* options, std::span<const Shape> inputs) {
  std::int64_t sum = 0;
  for (const InnerLayer& direction : directions(options_of(options))) {
    sum += direction.layer.spec().carried_floats(direction.layer.options(), inputs);
  }
  return sum;
}

std::vector<WeightGroup> weight_groups(const void* options) {
  return inner_groups(directions(options_of(options)));
}

}  // namespace

const LayerSpec& bidirectional_spec() {
  static const LayerSpec spec = {.class_name = "Bidirectional",
                                 .auto_name = "bidirectional",
                                 .access = options_access<Bidirectional, visit_options>(),
                                 .output_shape = output_shape,
                                 .weights = weights,
                                 .plan = plan,
                                 .mask_rule = mask_rule,
                                 .is_identity = is_never_identity,
                                 .logits_of = no_logits,
                                 .flops = flops,
                                 .more_outputs = more_outputs,
                                 .carried_floats = carried_floats,
                                 .weight_groups = weight_groups};
  return spec;
}

const LayerSpec& spec_of(const Bidirectional&) { return bidirectional_spec(); }

}  // namespace engram
