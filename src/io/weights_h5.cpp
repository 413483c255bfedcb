// SPDX-License-Identifier: Apache-2.0
#include "io/weights_h5.hpp"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "base/error.hpp"
#include "io/optimizer_h5.hpp"
#include "io/vocabularies.hpp"
#include "io/weights_reader.hpp"
#include "parts/foreign.hpp"

namespace engram::io {

using formats::H5Dataset;
using formats::H5File;

namespace {

/// A layer with Keras's group of it.
struct LayerGroup {
  const NetworkNode& node;
  std::string name;
};

std::vector<LayerGroup> layer_groups(const Network& network) {
  const std::vector<std::string> names = file_groups(network);
  std::vector<LayerGroup> groups;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto node = static_cast<std::size_t>(network.layers[i]);
    groups.push_back({network.nodes[node], names[i]});
  }
  return groups;
}

/// The paths of a layer's weights below its own group: each part of the layer counts its weights.
/// "vars/0", or "cell/vars/0" where Keras keeps them in the layer's cell.
std::vector<std::string> weight_paths(const Network& network, const NetworkNode& node) {
  std::vector<std::string> paths;
  std::map<std::string, int> counts;
  for (const int w : node.weights) {
    const std::string& group = network.weights[static_cast<std::size_t>(w)].group;
    paths.push_back(fmt::format("{}{}vars/{}", group, group.empty() ? "" : "/", counts[group]++));
  }
  return paths;
}

void read_layers(const WeightsReader& reader, const std::string& root, ModelData& data) {
  std::set<std::string> known;
  for (const auto& [node, group] : layer_groups(data.network)) {
    const std::vector<std::string> paths = weight_paths(data.network, node);
    for (std::size_t w = 0; w < node.weights.size(); ++w) {
      const NetworkWeight& weight = data.network.weights[static_cast<std::size_t>(node.weights[w])];
      const auto path = known.insert(root + group + "/" + paths[w]).first;
      reader.read(*path, weight.shape, data.weights.data() + weight.offset);
    }
    add_vocabulary_names(node.layer, root + group + "/", known);
  }
  reader.refuse_others(root, known);
}

}  // namespace

H5File weights_h5(const ModelData& data) {
  H5File file;
  file.groups["vars"]["name"] = data.name;
  file.groups["layers"];
  for (const auto& [node, group] : layer_groups(data.network)) {
    if (node.spec().class_name == "InputLayer" && !data.is_graph) {
      continue;  // Keras's Sequential does not count it among its layers
    }
    const std::string layer = "layers/" + group + "/";
    file.groups[layer + "vars"]["name"] = node.name;
    if (node.spec().weight_groups != nullptr) {
      for (const WeightGroup& part : node.spec().weight_groups(node.options())) {
        file.groups[layer + part.path + "/vars"]["name"] = part.name;
      }
    }
    add_vocabulary_arrays(node.layer, layer, file);
    const std::vector<std::string> paths = weight_paths(data.network, node);
    for (std::size_t w = 0; w < node.weights.size(); ++w) {
      const NetworkWeight& weight = data.network.weights[static_cast<std::size_t>(node.weights[w])];
      file.datasets[layer + paths[w]] = dataset(weight.shape, data.weights.data() + weight.offset);
    }
  }
  if (data.compiled && foreign_of(data.compiled->optimizers[0].optimizer) == nullptr) {
    add_optimizer(data, file);
  }
  return file;
}

void read_weights_h5(const H5File& file,
                     std::string_view where,
                     bool allow_non_finite,
                     ModelData& data) {
  // Files of about TensorFlow 2.12 have another name for the group of all layers.
  const std::string root =
      file.groups.contains("layers") ? "layers/" : "_layer_checkpoint_dependencies/";
  for (const bool only_checks : {true, false}) {
    const WeightsReader reader(file, where, allow_non_finite, only_checks);
    read_layers(reader, root, data);
    if (data.compiled && foreign_of(data.compiled->optimizers[0].optimizer) == nullptr) {
      read_optimizer(reader, data);
    }
  }
  touch_weights(data);
}

}  // namespace engram::io
