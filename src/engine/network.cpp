// SPDX-License-Identifier: Apache-2.0
#include "engine/network.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/layers/input.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace {

/// Errors: ShapeError for a shape of more values than any machine holds, which a file may ask for:
/// products of sizes would overflow.
void check_size(const Shape& shape, const std::string& where) {
  constexpr double kMost = 0x1p40;
  double size = 1;
  for (const std::int64_t axis : shape) {
    size *= static_cast<double>(axis < 0 ? 1 : axis);
  }
  if (size > kMost) {
    throw error<ShapeError>(
        {.where = where, .expected = "at most 2^40 values in one piece", .got = to_string(shape)});
  }
}

}  // namespace

std::string NetworkNode::where() const {
  return std::string(spec().class_name) + " '" + name + "'";
}

bool ignores_mask(const NetworkNode& node) {
  return node.inputs.size() > 1 && (node.spec().class_name == "Bidirectional" ||
                                    common_options(node.spec(), node.options()).is_recurrent);
}

bool reads_texts(const Network& network, const NetworkNode& node) {
  const LayerSpec& spec = node.spec();
  if (spec.text_reader == nullptr || spec.text_use != TextUse::read_or_numbers) {
    return spec.text_reader != nullptr && spec.text_use == TextUse::read;
  }
  return !node.inputs.empty() &&
         is_text_input(network.nodes[static_cast<std::size_t>(node.inputs[0].node)].layer);
}

MaskRule mask_rule_of(const Network& network, const NetworkNode& node) {
  const bool stops =
      network.masks_stop_at_recurrent &&
      (node.spec().class_name == "Bidirectional" || node.spec().class_name == "TimeDistributed" ||
       common_options(node.spec(), node.options()).is_recurrent);
  return stops ? MaskRule::drops : node.spec().mask_rule(node.options());
}

bool hides_mask(const NetworkNode& node) { return node.spec().class_name == "ReversibleEmbedding"; }

bool shows_mask(const std::vector<bool>& shown, Port port) {
  return port.output == 0 && !port.is_of_nested && shown[static_cast<std::size_t>(port.node)];
}

namespace {

/// Whether a node shows a mask when those before it show `shown`.
bool shows_mask(const Network& network, const NetworkNode& node, const std::vector<bool>& shown) {
  const auto is_shown = [&](Port port) { return shows_mask(shown, port); };
  switch (mask_rule_of(network, node)) {
    case MaskRule::makes:
      return !hides_mask(node);
    case MaskRule::passes:
      return !node.inputs.empty() && is_shown(node.inputs[0]);
    case MaskRule::joins_any:
      return std::ranges::any_of(node.inputs, is_shown);
    case MaskRule::joins_all:
      return std::ranges::all_of(node.inputs, is_shown);
    case MaskRule::drops:
      break;
  }
  return false;
}

}  // namespace

std::vector<bool> shown_masks(const Network& network) {
  std::vector<bool> shown;
  for (const NetworkNode& node : network.nodes) {
    // An Input shows none, that of a nested model neither.
    shown.push_back(node.layer.get_if<Input>() == nullptr && shows_mask(network, node, shown));
  }
  return shown;
}

namespace {

/// Keras's map_graph: walks back from the outputs, then takes each layer at its greatest depth.
class KerasOrder {
 public:
  explicit KerasOrder(const Network& network)
      : network_(network), meetings_(network.nodes.size(), -1), depths_(network.nodes.size()) {
    for (const Port& port : network.outputs) {
      visit(port.node);
    }
  }

  std::vector<int> layers() {
    for (auto node = finished_.rbegin(); node != finished_.rend(); ++node) {
      // A layer that is called again lies as deep as its deepest call.
      int& depth = depths_[place(*node)];
      int& of_layer = depths_[place(layer_of(*node))];
      depth = of_layer = std::max(depth, of_layer);
      for (const Port& port : network_.nodes[place(*node)].inputs) {
        depths_[place(port.node)] = std::max(depths_[place(port.node)], depth + 1);
      }
    }
    std::vector<int> layers;
    for (std::size_t i = 0; i < network_.nodes.size(); ++i) {
      if (network_.nodes[i].first_call < 0) {
        layers.push_back(static_cast<int>(i));
      }
    }
    std::ranges::stable_sort(layers, [&](int a, int b) {
      return std::pair(-depths_[place(a)], meetings_[place(a)]) <
             std::pair(-depths_[place(b)], meetings_[place(b)]);
    });
    return layers;
  }

 private:
  static std::size_t place(int node) { return static_cast<std::size_t>(node); }

  int layer_of(int node) const {
    const int first = network_.nodes[place(node)].first_call;
    return first < 0 ? node : first;
  }

  void visit(int node) {
    if (!seen_.insert(node).second) {
      return;
    }
    if (int& meeting = meetings_[place(layer_of(node))]; meeting < 0) {
      meeting = next_++;
    }
    for (const Port& port : network_.nodes[place(node)].inputs) {
      visit(port.node);
    }
    finished_.push_back(node);
  }

  const Network& network_;
  std::vector<int> meetings_, depths_;  // of the nodes that call a layer first; depths of all
  std::set<int> seen_;
  std::vector<int> finished_;
  int next_ = 0;
};

}  // namespace

std::vector<int> keras_order(const Network& network) { return KerasOrder(network).layers(); }

std::vector<std::string> file_groups(const Network& network) {
  std::vector<std::string> groups;
  std::map<std::string, int> counts;
  for (const int layer : network.layers) {
    const std::string name(network.nodes[static_cast<std::size_t>(layer)].spec().auto_name);
    const int count = counts[name]++;
    groups.push_back(count == 0 ? name : name + "_" + std::to_string(count));
  }
  return groups;
}

namespace {

[[noreturn]] void refuse_mask(const NetworkNode& maker, std::string reader) {
  throw error<ShapeError>(
      {.where = maker.where(),
       .expected = "a layer that drops masks, such as Reshape, behind ids of several axes with "
                   "mask_zero",
       .got = std::move(reader),
       .remedy = "A mask has one value a step."});
}

/// Errors: ShapeError where a mask of several axes goes to what would pass it on or use it.
void check_masks(const Network& network, const NetworkShapes& shapes) {
  const auto maker_at = [&](Port port) -> const NetworkNode* {
    const auto i = static_cast<std::size_t>(port.node);
    const NetworkNode& node = network.nodes[i];
    return port.output == 0 && masks_places(node, shapes.inputs[i]) ? &node : nullptr;
  };
  for (const NetworkNode& node : network.nodes) {
    const LayerSpec& spec = node.spec();
    const bool drops = spec.plan != nullptr && spec.carried_floats == nullptr &&
                       spec.mask_rule(node.options()) == MaskRule::drops;
    for (const Port& port : node.inputs) {
      if (const NetworkNode* maker = drops ? nullptr : maker_at(port)) {
        refuse_mask(*maker, node.where());
      }
    }
  }
  for (const Port& port : network.outputs) {
    if (const NetworkNode* maker = maker_at(port)) {
      refuse_mask(*maker, "the model's output");
    }
  }
}

}  // namespace

bool masks_places(const NetworkNode& node, std::span<const Shape> inputs) {
  const std::string_view name = node.spec().class_name;
  return (name == "Embedding" || name == "ReversibleEmbedding") && inputs[0].size() > 1 &&
         node.spec().mask_rule(node.options()) == MaskRule::makes;
}

Shape output_shape(const Network& network, const NetworkNode& node, std::span<const Shape> inputs) {
  return reads_texts(network, node)
             ? inputs[0]
             : node.spec().output_shape(node.options(), inputs, node.where());
}

NetworkShapes shapes_of(const Network& network, std::span<const Shape> inputs) {
  NetworkShapes shapes;
  for (const NetworkNode& node : network.nodes) {
    std::vector<Shape> taken;
    for (const Port& port : node.inputs) {
      taken.push_back(shapes.of(port));
    }
    if (node.inputs.empty()) {
      const auto at = std::ranges::find(network.inputs, static_cast<int>(shapes.outputs.size()));
      taken.push_back(inputs[static_cast<std::size_t>(at - network.inputs.begin())]);
    }
    std::vector<Shape> given = {output_shape(network, node, taken)};
    if (node.spec().more_outputs != nullptr) {
      std::ranges::copy(node.spec().more_outputs(node.options(), taken), std::back_inserter(given));
    }
    for (const Shape& shape : given) {
      check_size(shape, node.where());
    }
    shapes.inputs.push_back(std::move(taken));
    shapes.outputs.push_back(std::move(given));
  }
  check_masks(network, shapes);
  return shapes;
}

namespace {

/// A weight's path in Keras: "rnn/stacked_rnn_cells/gru_cell/kernel".
std::string path_of(const NetworkNode& node, const WeightSpec& weight) {
  std::string path = node.name;
  if (node.spec().weight_groups != nullptr) {
    for (const WeightGroup& part : node.spec().weight_groups(node.options())) {
      const bool holds_it = (weight.group + "/").starts_with(part.path + "/");
      path += holds_it ? "/" + part.name : "";
    }
  }
  return path + "/" + weight.name.substr(weight.name.rfind('/') + 1);
}

/// Places the weights of a node that does not share another's.
void place_node(Network& network, NetworkNode& node, std::span<const Shape> inputs) {
  const bool is_free = common_options(node.spec(), node.options()).trainable;
  for (const WeightSpec& spec : weights_of(node.spec(), node.options(), inputs)) {
    if (std::any_of(spec.shape.begin(), spec.shape.end(), [](auto n) { return n < 1; })) {
      throw error<ShapeError>({.where = node.where(),
                               .expected = "a known number of input features",
                               .got = to_string(inputs[0]) + " a sample",
                               .remedy = "Give the last axis of Input::shape."});
    }
    check_size(spec.shape, node.where());
    node.weights.push_back(static_cast<int>(network.weights.size()));
    NetworkWeight weight = {
        .path = path_of(node, spec),
        .layer = node.name,
        .name = spec.name,
        .group = spec.group,
        .shape = spec.shape,
        .offset = network.floats,
        .size = size_of(spec.shape),
        .is_trainable = is_free && spec.is_trainable && spec.use == WeightUse::trained,
        .rules = spec.rules};
    if (is_free && spec.is_trainable && spec.use == WeightUse::moving_average) {
      weight.momentum = spec.momentum;
    }
    network.weights.push_back(std::move(weight));
    network.floats += aligned_floats(size_of(spec.shape));
  }
}

void place_states(Network& network, NetworkNode& node, std::span<const Shape> inputs) {
  const auto carried = node.spec().carried_floats;
  node.carried = carried != nullptr ? carried(node.options(), inputs) : 0;
  node.carried_at = std::exchange(network.carried, network.carried + node.carried);
}

/// Errors: ShapeError when a layer that is called again has weights of other shapes then.
void check_shared(const Network& network, const NetworkNode& node, std::span<const Shape> inputs) {
  const std::vector<WeightSpec> specs = weights_of(node.spec(), node.options(), inputs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const NetworkWeight& weight = network.weights[static_cast<std::size_t>(node.weights[i])];
    if (specs[i].shape != weight.shape) {
      throw error<ShapeError>({.where = node.where() + ", called again",
                               .expected = weight.name + " of shape " + to_string(weight.shape),
                               .got = to_string(specs[i].shape),
                               .remedy = "Give it inputs of the same features each time."});
    }
  }
}

}  // namespace

void place_weights(Network& network, std::span<const Shape> inputs) {
  const NetworkShapes shapes = shapes_of(network, inputs);
  network.weights.clear();
  network.floats = network.carried = 0;
  for (const int layer : network.layers) {
    const auto i = static_cast<std::size_t>(layer);
    network.nodes[i].weights.clear();
    place_node(network, network.nodes[i], shapes.inputs[i]);
    place_states(network, network.nodes[i], shapes.inputs[i]);
  }
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    NetworkNode& node = network.nodes[i];
    if (node.first_call >= 0) {
      const NetworkNode& first = network.nodes[static_cast<std::size_t>(node.first_call)];
      node.weights = first.weights;
      node.carried = first.carried;
      node.carried_at = first.carried_at;
      check_shared(network, node, shapes.inputs[i]);
    }
  }
}

void initialize_weights(const Network& network,
                        std::span<const Shape> inputs,
                        std::uint64_t seed,
                        float* flat) {
  const NetworkShapes shapes = shapes_of(network, inputs);
  std::uint64_t position = 0;
  for (const int layer : network.layers) {
    const auto n = static_cast<std::size_t>(layer);
    const NetworkNode& node = network.nodes[n];
    const std::vector<WeightSpec> specs = node.spec().weights(node.options(), shapes.inputs[n]);
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const NetworkWeight& weight = network.weights[static_cast<std::size_t>(node.weights[i])];
      float* values = flat + weight.offset;
      initialize(specs[i].initializer, weight.shape, seed + ++position, values);
      std::fill(values + specs[i].ones_begin, values + specs[i].ones_end, 1.0f);
    }
    const NestedModel* nested = nested_model(node.layer);
    if (nested != nullptr && !node.weights.empty()) {
      const auto first = static_cast<std::size_t>(node.weights[0]);  // they lie one after another
      const std::span<const NetworkWeight> weights = network.weights;
      take_values(*nested, shapes.inputs[n], weights.subspan(first, node.weights.size()), flat);
    }
  }
}

std::int64_t forward_flops(const Network& network, const NetworkShapes& shapes) {
  std::int64_t flops = 0;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const NetworkNode& node = network.nodes[i];
    flops += node.spec().flops(node.options(), shapes.inputs[i]);
  }
  return flops;
}

}  // namespace engram
