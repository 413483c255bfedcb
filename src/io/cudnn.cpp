// SPDX-License-Identifier: Apache-2.0
#include "io/cudnn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "base/error.hpp"
#include "engram/tensor.hpp"
#include "layers/layer_spec.hpp"

namespace engram::io {

using formats::H5Dataset;
using formats::H5File;
using formats::JsonAt;

namespace {

struct CudnnLayer {
  std::string_view class_name, plain, group;
  std::int64_t gates;
};

constexpr std::array<CudnnLayer, 2> kCudnnLayers = {
    {{"CuDNNLSTM", "LSTM", "cu_dnnlstm", 4}, {"CuDNNGRU", "GRU", "cu_dnngru", 3}}};

const CudnnLayer* find_cudnn(std::string_view class_name) {
  const auto found = std::ranges::find(kCudnnLayers, class_name, &CudnnLayer::class_name);
  return found == kCudnnLayers.end() ? nullptr : &*found;
}

/// Takes each gate of a kernel (rows, gates * units) from a block (units, rows) in its memory.
template <class Values>
Values transposed_blocks(const Values& from, std::int64_t rows, std::int64_t units) {
  Values to(from.size());
  const std::int64_t columns = static_cast<std::int64_t>(from.size()) / rows;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t column = 0; column < columns; ++column) {
      const std::int64_t place = column % units * rows + row;  // in the gate, row by row as it lies
      const std::int64_t source = place / units * columns + column / units * units + place % units;
      to[static_cast<std::size_t>(row * columns + column)] = from[static_cast<std::size_t>(source)];
    }
  }
  return to;
}

/// Where the layers of one model lie in a file, and where ours look for them.
class GroupMover {
 public:
  GroupMover(std::string_view where, H5File& file) : where_(where), file_(file) {}

  bool has_moved() const { return has_moved_; }

  /// The layers of {class_name, config: {layers}}, whose arrays lie below `root`.
  void move(const JsonAt& model, const std::string& root) {
    const JsonAt inner = model["config"];
    const JsonAt layers = inner.value().is_array() ? inner : inner["layers"];
    std::map<std::string, int> counts, our_counts;
    std::map<std::string, std::string> places;  // ours by the file's
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const std::string& name = layers[i]["class_name"].as_string();
      const CudnnLayer* cudnn = find_cudnn(name);
      const std::string ours = group_of(plain_class(name));
      const std::string group =
          counted(counts, cudnn != nullptr ? std::string(cudnn->group) : ours);
      places.emplace(group, counted(our_counts, ours));
      const std::string path = root + group + "/";
      if (cudnn != nullptr) {
        convert(path, cudnn->gates);
      } else if (name == "Bidirectional" || name == "TimeDistributed") {
        convert_inner(layers[i]["config"], path);
      } else if (name == "Sequential" || name == "Functional" || name == "Model") {
        move(layers[i], path + "layers/");
      }
    }
    rename(root, places);
  }

 private:
  static std::string group_of(std::string_view class_name) {
    if (class_name == "Sequential") {
      return "sequential";
    }
    if (class_name == "Functional" || class_name == "Model") {
      return "functional";
    }
    const LayerSpec* spec = find_layer(class_name);
    return std::string(spec != nullptr ? spec->auto_name : class_name);
  }

  static std::string counted(std::map<std::string, int>& counts, const std::string& name) {
    const int count = counts[name]++;
    return count == 0 ? name : fmt::format("{}_{}", name, count);
  }

  void convert_inner(const JsonAt& config, const std::string& path) {
    for (const auto& [key, part] : {std::pair("layer", "forward_layer/"),
                                    std::pair("layer", "layer/"),
                                    std::pair("backward_layer", "backward_layer/")}) {
      const JsonAt layer = config.has(key) ? config[key] : config["layer"];
      const CudnnLayer* cudnn = find_cudnn(layer["class_name"].as_string());
      if (cudnn != nullptr && file_.datasets.contains(path + part + "vars/0")) {
        convert(path + part, cudnn->gates);
      }
    }
  }

  /// Moves vars/0, 1, 2 of a layer to its cell, as Keras's layers have them, in Keras's form.
  void convert(const std::string& path, std::int64_t gates) {
    std::array<H5Dataset, 3> weights;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const auto found = file_.datasets.find(fmt::format("{}vars/{}", path, i));
      if (found == file_.datasets.end()) {
        return;  // the reader says what is missing
      }
      weights[i] = std::move(found->second);
      file_.datasets.erase(found);
    }
    if (!is_cudnn(weights, gates)) {
      throw error<FileError>(
          {.where = fmt::format("{}: {}vars", where_, path),
           .expected = fmt::format("a kernel, a recurrent kernel and a bias of {} gates", gates),
           .got = fmt::format("{}, {} and {}",
                              to_string(weights[0].shape),
                              to_string(weights[1].shape),
                              to_string(weights[2].shape))});
    }
    weights_from_cudnn(weights, gates);
    for (std::size_t i = 0; i < weights.size(); ++i) {
      file_.datasets[fmt::format("{}cell/vars/{}", path, i)] = std::move(weights[i]);
    }
    has_moved_ = true;
  }

  void rename(const std::string& root, const std::map<std::string, std::string>& places) {
    if (std::ranges::all_of(places, [](const auto& p) { return p.first == p.second; })) {
      return;
    }
    std::map<std::string, H5Dataset> renamed;
    for (auto& [path, dataset] : file_.datasets) {
      std::string to = path;
      if (path.starts_with(root)) {
        const std::string group =
            path.substr(root.size(), path.find('/', root.size()) - root.size());
        if (const auto place = places.find(group); place != places.end()) {
          to = root + place->second + path.substr(root.size() + group.size());
        }
      }
      renamed.emplace(std::move(to), std::move(dataset));
    }
    file_.datasets = std::move(renamed);
  }

  std::string_view where_;
  H5File& file_;
  bool has_moved_ = false;
};

}  // namespace

std::string_view plain_class(std::string_view class_name) {
  const CudnnLayer* cudnn = find_cudnn(class_name);
  return cudnn != nullptr ? cudnn->plain : class_name;
}

bool is_cudnn(std::span<const H5Dataset> weights, std::int64_t gates) {
  const auto has_rank = [&](std::size_t i, std::size_t rank) {
    return weights[i].shape.size() == rank;
  };
  if (weights.size() != 3 || !has_rank(0, 2) || !has_rank(1, 2) || !has_rank(2, 1)) {
    return false;
  }
  const std::int64_t units = weights[1].shape[0], columns = gates * units;
  return units > 0 && weights[0].shape[0] > 0 && weights[0].shape[1] == columns &&
         weights[1].shape[1] == columns && weights[2].shape[0] == 2 * columns;
}

void weights_from_cudnn(std::span<H5Dataset> weights, std::int64_t gates) {
  const std::int64_t units = weights[1].shape[0];
  for (H5Dataset& kernel : weights.first(2)) {
    std::visit([&](auto& values) { values = transposed_blocks(values, kernel.shape[0], units); },
               kernel.values);
  }
  H5Dataset& bias = weights[2];
  if (gates == 3) {
    bias.shape = {2, gates * units};
    return;
  }
  bias.shape = {gates * units};
  std::visit(
      [&](auto& values) {
        const std::size_t half = values.size() / 2;
        for (std::size_t i = 0; i < half; ++i) {
          values[i] += values[half + i];
        }
        values.resize(half);
      },
      bias.values);
}

void take_cudnn_layers(const JsonAt& config, std::string_view where, H5File& file) {
  GroupMover mover(where, file);
  mover.move(config,
             file.groups.contains("layers") ? "layers/" : "_layer_checkpoint_dependencies/");
  if (mover.has_moved()) {
    std::erase_if(file.datasets, [](const auto& d) { return d.first.starts_with("optimizer/"); });
  }
}

}  // namespace engram::io
