// SPDX-License-Identifier: Apache-2.0
#include "io/weights_h5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "base/error.hpp"
#include "io/vocabularies.hpp"
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

H5Dataset dataset(const Shape& shape, const float* values) {
  return {.shape = shape, .values = std::vector<float>(values, values + size_of(shape))};
}

/// Keras keeps the learning rate as a variable unless a schedule gives it.
bool has_rate(const Compiled& compiled) {
  return !compiled.optimizer.spec().common(compiled.optimizer.options()).learning_rate.schedule;
}

/// Reads the file's arrays, or only checks them, so that a model never gets a part of a bad file.
class WeightsReader {
 public:
  WeightsReader(const H5File& file, std::string_view where, bool allow_non_finite, bool only_checks)
      : file_(file),
        where_(where),
        allow_non_finite_(allow_non_finite),
        only_checks_(only_checks) {}

  bool only_checks() const { return only_checks_; }

  bool has(const std::string& path) const { return file_.datasets.contains(path); }

  void read(const std::string& path, const Shape& shape, float* into) const {
    const H5Dataset& found = find(path);
    if (found.shape != shape) {
      fail(path, "shape " + to_string(shape), to_string(found.shape));
    }
    std::visit([&](const auto& values) { take(path, values, into); }, found.values);
  }

  double scalar(const std::string& path) const {
    const H5Dataset& found = find(path);
    if (size_of(found.shape) != 1) {
      fail(path, "a single number", to_string(found.shape));
    }
    return std::visit([](const auto& values) { return static_cast<double>(values[0]); },
                      found.values);
  }

  /// Errors: FileError for an array below `root` that is none of `known`, nor a random state, which
  /// older Keras keeps beside the weights.
  void refuse_others(const std::string& root, const std::set<std::string>& known) const {
    for (const auto& [path, dataset] : file_.datasets) {
      if (path.starts_with(root) && !known.contains(path) &&
          path.find("/seed_generator/") == path.npos) {
        fail(path, "no array", to_string(dataset.shape), "The file is of another model.");
      }
    }
  }

  [[noreturn]] void fail(const std::string& path,
                         const std::string& expected,
                         const std::string& got,
                         const std::string& remedy = "") const {
    throw error<FileError>({.where = fmt::format("{}: {}", where_, path),
                            .expected = expected,
                            .got = got,
                            .remedy = remedy});
  }

 private:
  template <class Values>
  void take(const std::string& path, const Values& values, float* into) const {
    if (!only_checks_) {
      std::copy(values.begin(), values.end(), into);
    } else if (!allow_non_finite_ && !std::ranges::all_of(values, [](auto value) {
                 return std::isfinite(static_cast<float>(value));
               })) {
      fail(path,
           "finite values",
           "NaN or infinity",
           "Set allow_non_finite to load it all the same.");
    }
  }

  const H5Dataset& find(const std::string& path) const {
    const auto found = file_.datasets.find(path);
    if (found == file_.datasets.end()) {
      fail(path, "an array", "nothing of this name", "The file is of another model, or damaged.");
    }
    return found->second;
  }

  const H5File& file_;
  std::string_view where_;
  bool allow_non_finite_, only_checks_;
};

void read_optimizer(const WeightsReader& reader, ModelData& data) {
  Compiled& compiled = *data.compiled;
  const auto path = [](std::size_t i) { return fmt::format("optimizer/vars/{}", i); };
  if (!reader.has(path(0))) {
    return;  // saved without an optimizer
  }
  const double iterations = reader.scalar(path(0));
  if (!(iterations >= 0 && iterations < 9e15)) {
    reader.fail(path(0), "a number of iterations", fmt::format("{}", iterations));
  }
  std::size_t next = 1;
  const LearningRate& scheduled =
      compiled.optimizer.spec().common(compiled.optimizer.options()).learning_rate;
  double rate = scheduled.at(std::max<std::int64_t>(static_cast<std::int64_t>(iterations) - 1, 0));
  if (has_rate(compiled)) {
    rate = reader.scalar(path(next++));
    if (!(rate >= 0 && std::isfinite(static_cast<float>(rate)))) {
      reader.fail(path(1), "a learning rate of 0 or more", fmt::format("{}", rate));
    }
  }
  if (!reader.only_checks()) {
    compiled.iterations = static_cast<std::int64_t>(iterations);
    compiled.learning_rate = static_cast<float>(rate);
  }
  if (!reader.has(path(next)) && iterations == 0) {
    return;  // saved before the first step
  }
  for (const SlotArray& array : slot_arrays(data.network, compiled.optimizer)) {
    float* into = compiled.slots[array.slot].data() + array.weight->offset;
    reader.read(path(next++), array.shape, into);
  }
  if (compiled.optimizer.spec().last_scalar != nullptr) {
    reader.scalar(path(next++));  // must be there; its value follows from the iterations
  }
  if (reader.has(path(next))) {
    reader.fail(path(next), fmt::format("{} optimizer variables", next), "more");
  }
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
  if (data.compiled && foreign_of(data.compiled->optimizer) == nullptr) {
    const Compiled& compiled = *data.compiled;
    const auto path = [](std::size_t i) { return fmt::format("optimizer/vars/{}", i); };
    file.groups["optimizer/vars"]["name"] = std::string(compiled.optimizer.spec().name);
    file.datasets[path(0)] = {.shape = {},
                              .values = std::vector<std::int64_t>{compiled.iterations}};
    std::size_t next = 1;
    if (has_rate(compiled)) {
      file.datasets[path(next++)] = {.shape = {},
                                     .values = std::vector<float>{compiled.learning_rate}};
    }
    for (const SlotArray& array : slot_arrays(data.network, compiled.optimizer)) {
      file.datasets[path(next++)] =
          dataset(array.shape, compiled.slots[array.slot].data() + array.weight->offset);
    }
    const OptimizerSpec& spec = compiled.optimizer.spec();
    if (spec.last_scalar != nullptr) {
      const void* options = compiled.optimizer.options();
      const std::int64_t steps = spec.common(options).accumulation_steps;
      const float value = spec.last_scalar(options, compiled.iterations / steps);
      file.datasets[path(next)] = {.shape = {}, .values = std::vector<float>{value}};
    }
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
    if (data.compiled && foreign_of(data.compiled->optimizer) == nullptr) {
      read_optimizer(reader, data);
    }
  }
  touch_weights(data);
}

}  // namespace engram::io
