// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/bidirectional.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "layers/bidirectional_plan.hpp"
#include "layers/recurrent_layer.hpp"
#include "layers/stack_plan.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 4> kMergeModes = {"concat", "sum", "mul", "ave"};

void visit_options(Bidirectional& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("merge_mode", o.merge_mode, kMergeModes);
  v.option("layer", o.layer);
  v.option("backward_layer", o.backward_layer);
  visit_layers(o, v);
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

/// The layers that `o` has one on the other, each of both directions.
std::vector<Bidirectional> layers_of(const Bidirectional& o) {
  std::vector<Bidirectional> layers(static_cast<std::size_t>(o.num_layers), o);
  for (Bidirectional& layer : layers) {
    layer.num_layers = 1;
    if (&layer != &layers.back()) {
      layer.layer = with_options(*o.layer, {{"return_sequences", true}});
      if (o.backward_layer) {
        layer.backward_layer = with_options(*o.backward_layer, {{"return_sequences", true}});
      }
    }
  }
  return layers;
}

/// States of a direction of one layer.
std::size_t states_of(const Bidirectional& o, std::span<const Shape> inputs) {
  const Layer giving = with_options(*o.layer, {{"return_state", true}});
  return giving.spec().more_outputs(giving.options(), inputs).size();
}

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
  if (o.num_layers > 1 && !o.merge_mode) {
    fail("a merge_mode with num_layers", "None");
  }
  if (forth.return_sequences != back.return_sequences || forth.stateful != back.stateful) {
    fail("the same return_sequences and stateful in both layers", "different ones");
  }
}

/// "layer_1/" before the names of the weights of layer 1, nothing for a single one.
std::string part_name(const std::vector<Bidirectional>& layers, std::size_t i) {
  return layers.size() == 1 ? "" : "layer_" + std::to_string(i) + "/";
}

/// What each direction gives.
Shape inner_shape(const InnerLayer& direction, std::span<const Shape> inputs) {
  const LayerSpec& spec = direction.layer.spec();
  return spec.output_shape(direction.layer.options(), inputs, name_of(direction.layer));
}

Shape shape_of_one(const Bidirectional& o, std::span<const Shape> inputs, std::string_view where) {
  const auto both = directions(o);
  const std::size_t given = (inputs.size() - 1) / 2;
  if (given > kMostDirectionStates) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "at most 16 initial states each way",
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

/// What layer `i` of `layers` takes: a sequence, and its share of the states.
std::vector<Shape> inputs_of(const std::vector<Bidirectional>& layers,
                             std::size_t i,
                             std::span<const Shape> inputs) {
  Shape below = inputs[0];
  for (std::size_t k = 0; k < i; ++k) {
    below = shape_of_one(layers[k], std::array{below}, "");
  }
  const std::size_t states = inputs.size() > 1 ? 2 * states_of(layers[i], std::array{below}) : 0;
  return stacked_inputs(inputs, below, i * states, states);
}

Shape bidirectional_output_shape(const void* options,
                                 std::span<const Shape> inputs,
                                 std::string_view where) {
  const Bidirectional& o = options_as<Bidirectional>(options);
  check(o, where);
  if (o.num_layers == 1) {
    return shape_of_one(o, inputs, where);
  }
  const std::size_t states = 2 * states_of(o, inputs.first(1));
  if (states > kMostPartStates) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "num_layers here or in the layer inside",
                              .got = "both"});
  }
  const std::size_t all = states * static_cast<std::size_t>(o.num_layers);
  if (inputs.size() != 1 && inputs.size() != 1 + all) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = std::to_string(all) + " initial states",
                             .got = std::to_string(inputs.size() - 1)});
  }
  const std::vector<Bidirectional> layers = layers_of(o);
  Shape shape;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    shape = shape_of_one(layers[i], inputs_of(layers, i, inputs), where);
  }
  return shape;
}

/// Without a merge the backward sequence; then the states of both layers.
std::vector<Shape> outputs_of_one(const Bidirectional& o, std::span<const Shape> inputs) {
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

std::vector<Shape> bidirectional_more_outputs(const void* options, std::span<const Shape> inputs) {
  std::vector<Shape> all;
  const std::vector<Bidirectional> layers = layers_of(options_as<Bidirectional>(options));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    std::ranges::move(outputs_of_one(layers[i], inputs_of(layers, i, inputs.first(1))),
                      std::back_inserter(all));
  }
  return all;
}

std::vector<WeightSpec> bidirectional_weights(const void* options, std::span<const Shape> inputs) {
  std::vector<WeightSpec> all;
  const std::vector<Bidirectional> layers = layers_of(options_as<Bidirectional>(options));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::vector<Shape> own = inputs_of(layers, i, inputs.first(1));
    for (WeightSpec& weight : inner_weights(directions(layers[i]), own)) {
      const std::string place = part_name(layers, i);
      weight.name = place + weight.name;
      weight.group = place + weight.group;
      all.push_back(std::move(weight));
    }
  }
  return all;
}

std::unique_ptr<LayerPlan> plan_of_one(const Bidirectional& o, const LayerSizes& sizes) {
  const std::span<const Shape> sequence = std::span(sizes.inputs).first(1);
  const auto both = directions(o);
  return bidirectional_plan(both, o.merge_mode.value_or(""), sizes, inner_shape(both[0], sequence));
}

std::unique_ptr<LayerPlan> bidirectional_plan(const void* options, const LayerSizes& sizes) {
  const Bidirectional& o = options_as<Bidirectional>(options);
  if (o.num_layers == 1) {
    return plan_of_one(o, sizes);
  }
  std::vector<StackPart> parts;
  const std::vector<Bidirectional> layers = layers_of(o);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::vector<Shape> inputs = inputs_of(layers, i, sizes.inputs);
    const std::span<const Shape> sequence = std::span(inputs).first(1);
    const Shape output = shape_of_one(layers[i], inputs, "");
    parts.push_back({.plan = plan_of_one(layers[i], stacked_sizes(sizes, inputs, output, i == 0)),
                     .weights = inner_weights(directions(layers[i]), sequence).size(),
                     .states = 2 * states_of(layers[i], sequence),
                     .size = size_of(output)});
    const float rate = i + 1 < layers.size() ? o.layer_dropout : 0;
    if (auto between = stacked_dropout(sizes, output, rate, {})) {
      parts.push_back(std::move(*between));
    }
  }
  return stack_plan(std::move(parts), sizes, false);
}

MaskRule bidirectional_mask_rule(const void* options) {
  return common(*options_as<Bidirectional>(options).layer).return_sequences ? MaskRule::passes
                                                                            : MaskRule::drops;
}

std::int64_t bidirectional_flops(const void* options, std::span<const Shape> inputs) {
  std::int64_t sum = 0;
  const std::vector<Bidirectional> layers = layers_of(options_as<Bidirectional>(options));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::vector<Shape> own = inputs_of(layers, i, inputs.first(1));
    for (const InnerLayer& direction : directions(layers[i])) {
      sum += direction.layer.spec().flops(direction.layer.options(), own);
    }
  }
  return sum;
}

std::int64_t bidirectional_carried_floats(const void* options, std::span<const Shape> inputs) {
  std::int64_t sum = 0;
  for (const InnerLayer& direction : directions(options_as<Bidirectional>(options))) {
    sum += direction.layer.spec().carried_floats(direction.layer.options(), inputs);
  }
  return sum * options_as<Bidirectional>(options).num_layers;
}

std::vector<WeightGroup> bidirectional_weight_groups(const void* options) {
  std::vector<WeightGroup> all;
  const std::vector<Bidirectional> layers = layers_of(options_as<Bidirectional>(options));
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string part = part_name(layers, i);
    if (!part.empty()) {
      all.push_back({part.substr(0, part.size() - 1), part.substr(0, part.size() - 1)});
    }
    for (WeightGroup& group : inner_groups(directions(layers[i]))) {
      group.path = part + group.path;
      all.push_back(std::move(group));
    }
  }
  return all;
}

}  // namespace

const LayerSpec& bidirectional_spec() {
  static const LayerSpec spec = {.class_name = "Bidirectional",
                                 .auto_name = "bidirectional",
                                 .access = options_access<Bidirectional, visit_options>(),
                                 .output_shape = bidirectional_output_shape,
                                 .weights = bidirectional_weights,
                                 .plan = bidirectional_plan,
                                 .mask_rule = bidirectional_mask_rule,
                                 .is_identity = is_never_identity,
                                 .logits_of = no_logits,
                                 .flops = bidirectional_flops,
                                 .more_outputs = bidirectional_more_outputs,
                                 .carried_floats = bidirectional_carried_floats,
                                 .weight_groups = bidirectional_weight_groups};
  return spec;
}

const LayerSpec& spec_of(const Bidirectional&) { return bidirectional_spec(); }

}  // namespace engram
