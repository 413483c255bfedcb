// SPDX-License-Identifier: Apache-2.0
/// Masks that a file of a functional model spells out, compared with those that the layers make.
#include "base/error.hpp"
#include "engine/network.hpp"
#include "engram/layers/embedding.hpp"
#include "engram/layers/masking.hpp"
#include "io/graph_reader.hpp"

namespace engram::io {

void GraphReader::check_masks() {
  try {
    compare_masks();
  } catch (const FileError&) {
    data_.network.masks_stop_at_recurrent = true;
    made_masks_.clear();
    try {
      compare_masks();
      return;
    } catch (const FileError&) {
      data_.network.masks_stop_at_recurrent = false;
    }
    throw;
  }
}

void GraphReader::compare_masks() {
  for (const auto& [node, mask] : masks_) {
    const NetworkNode& reader = data_.network.nodes[static_cast<std::size_t>(node)];
    std::set<int> stated;
    seen_.clear();
    if (!mask.is_null()) {
      find_masks(mask, stated);
    }
    if (!mask.is_null() && ignores_mask(reader)) {
      mask.refuse("no mask beside an initial state", "Keras hands such a call none by itself.");
    }
    if (!ignores_mask(reader) && stated != masks_of(reader.inputs[0])) {
      mask.refuse("the mask that comes with the input",
                  "Masks of another origin are not supported.");
    }
  }
}

/// The nodes that make the mask of a port.
const std::set<int>& GraphReader::masks_of(Port port) {
  const auto [entry, is_new] =
      made_masks_.emplace(port.output == 0 ? port.node : -1, std::set<int>{});
  std::set<int>& found = entry->second;
  if (!is_new || port.output != 0) {
    return found;
  }
  const NetworkNode& node = data_.network.nodes[static_cast<std::size_t>(port.node)];
  const MaskRule rule = mask_rule_of(data_.network, node);
  if (rule == MaskRule::makes) {
    if (!hides_mask(node)) {
      found = {port.node};
    }
  } else if (rule != MaskRule::drops) {
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (i == 0 || rule != MaskRule::passes) {
        const std::set<int>& of_input = masks_of(node.inputs[i]);
        if (rule == MaskRule::joins_all && of_input.empty()) {
          found.clear();
          break;
        }
        found.insert(of_input.begin(), of_input.end());
      }
    }
  }
  return found;
}

/// The nodes whose masks an operation's tensor is made of: it goes back to NotEqual(x, value),
/// where x is what an Embedding or a Masking layer reads.
void GraphReader::find_masks(const JsonAt& tensor, std::set<int>& found) {
  const JsonAt history = history_of(tensor);
  const auto place = places_.find(history[0].as_string());
  if (place == places_.end() || !is_operation(layers_[place->second]) ||
      !seen_.insert(place->second).second) {
    return;  // a tensor that lends its shape, or an operation that was looked at
  }
  const JsonAt operation = layers_[place->second];
  const JsonAt args = operation["inbound_nodes"][0]["args"];
  if (operation["class_name"].as_string() != "NotEqual") {
    find_masks_in(args, found);
  } else {
    const Port source = port(history_of(args[0]));
    for (std::size_t i = 0; i < data_.network.nodes.size(); ++i) {
      const NetworkNode& node = data_.network.nodes[i];
      if (makes_mask_of(node, args[1].as_double()) && node.inputs == std::vector{source}) {
        found.insert(static_cast<int>(i));
      }
    }
  }
}

void GraphReader::find_masks_in(const JsonAt& at, std::set<int>& found) {
  if (at.value().is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      find_masks_in(at[i], found);
    }
  } else if (at.value().is_object()) {
    find_masks(at, found);
  }
}

bool GraphReader::makes_mask_of(const NetworkNode& node, double value) {
  if (const auto* masking = node.layer.get_if<Masking>()) {
    return static_cast<double>(masking->mask_value) == value ||
           masking->mask_value == static_cast<float>(value);
  }
  const auto* embedding = node.layer.get_if<Embedding>();
  return embedding != nullptr && embedding->mask_zero && value == 0;
}

}  // namespace engram::io
