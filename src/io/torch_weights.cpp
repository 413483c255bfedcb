// SPDX-License-Identifier: Apache-2.0
#include "engram/torch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "engram/layers/bidirectional.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/embedding.hpp"
#include "engram/layers/gru.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/layers/simple_rnn.hpp"
#include "model/model_data.hpp"

namespace engram {

namespace {

/// The arrays of a layer, each to be taken once.
class TorchArrays {
 public:
  TorchArrays(const std::map<std::string, Tensor>& arrays, std::string prefix, std::string where)
      : arrays_(arrays), prefix_(std::move(prefix)), where_(std::move(where)) {
    for (const auto& [name, array] : arrays) {
      if (name.starts_with(prefix_)) {
        left_.insert(name);
      }
    }
  }

  /// Errors: DataError when it is missing; ShapeError for another shape.
  const Tensor& take(const std::string& name, const Shape& shape) {
    const auto found = arrays_.find(prefix_ + name);
    if (found == arrays_.end()) {
      throw error<DataError>(
          {.where = where_, .expected = "an array " + in_quotes(prefix_ + name), .got = "none"});
    }
    if (found->second.shape() != shape) {
      throw error<ShapeError>({.where = fmt::format("{}: {}", where_, in_quotes(prefix_ + name)),
                               .expected = to_string(shape),
                               .got = to_string(found->second.shape())});
    }
    left_.erase(found->first);
    return found->second;
  }

  void refuse_rest() const {
    if (!left_.empty()) {
      throw error<DataError>({.where = where_,
                              .expected = "only arrays that the layer has",
                              .got = in_quotes(*left_.begin())});
    }
  }

 private:
  const std::map<std::string, Tensor>& arrays_;
  std::string prefix_, where_;
  std::set<std::string> left_;
};

/// Where PyTorch has gate `gate` of Keras: GRU's r, z, n are Keras's z, r, h.
std::int64_t torch_gate(std::int64_t gate, bool is_gru) {
  return is_gru && gate < 2 ? 1 - gate : gate;
}

/// `from` (G*H, columns) turned round, its gates in Keras's order, added to `to` (columns, G*H).
void add_turned(const Tensor& from, std::int64_t H, bool is_gru, float* to) {
  const std::int64_t rows = from.shape()[0];
  const std::int64_t columns = from.shape().size() > 1 ? from.shape()[1] : 1;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* source = from.data() + (torch_gate(row / H, is_gru) * H + row % H) * columns;
    for (std::int64_t column = 0; column < columns; ++column) {
      to[column * rows + row] += source[column];
    }
  }
}

Shape turned(const Shape& shape) { return {shape[1], shape[0]}; }

/// The weights of one layer and direction, whose names in PyTorch end in `suffix`.
void set_cell(TorchArrays& arrays,
              const std::string& suffix,
              bool is_gru,
              std::span<const WeightInfo> infos,
              std::span<Tensor> weights) {
  const std::int64_t columns = infos[1].shape[1];
  const std::int64_t H = is_gru ? columns / 3 : columns;  // the order of LSTM's gates is Keras's
  for (std::size_t i = 0; i < infos.size(); ++i) {
    const Shape& shape = infos[i].shape;
    const std::string name = infos[i].name.substr(infos[i].name.rfind('/') + 1);
    std::ranges::fill(weights[i].values(), 0.0f);
    float* to = weights[i].data();
    if (name == "kernel") {
      add_turned(arrays.take("weight_ih" + suffix, turned(shape)), H, is_gru, to);
    } else if (name == "recurrent_kernel") {
      add_turned(arrays.take("weight_hh" + suffix, turned(shape)), H, is_gru, to);
    } else if (name == "projection_kernel") {
      add_turned(arrays.take("weight_hr" + suffix, turned(shape)), shape[1], false, to);
    } else {
      add_turned(arrays.take("bias_ih" + suffix, {columns}), H, is_gru, to);
      add_turned(
          arrays.take("bias_hh" + suffix, {columns}), H, is_gru, to + (is_gru ? columns : 0));
    }
  }
}

/// Errors: OptionError for a layer that PyTorch does not have.
void set_layer(const Layer& layer,
               const std::string& where,
               TorchArrays& arrays,
               std::span<const WeightInfo> infos,
               std::span<Tensor> weights) {
  if (layer.get_if<Dense>() != nullptr) {
    std::ranges::fill(weights[0].values(), 0.0f);
    const Shape& shape = infos[0].shape;
    add_turned(arrays.take("weight", turned(shape)), shape[1], false, weights[0].data());
    if (weights.size() > 1) {
      weights[1] = arrays.take("bias", infos[1].shape);
    }
    return;
  }
  if (layer.get_if<Embedding>() != nullptr) {
    weights[0] = arrays.take("weight", infos[0].shape);
    return;
  }
  const auto* both = layer.get_if<Bidirectional>();
  const Layer& cell = both != nullptr && both->layer ? *both->layer : layer;
  const auto* gru = cell.get_if<GRU>();
  const auto* lstm = cell.get_if<LSTM>();
  const auto* rnn = cell.get_if<SimpleRNN>();
  const auto is_stack_in_both = [&](const auto* o) {
    return both != nullptr && o != nullptr && o->num_layers > 1;
  };
  if (is_stack_in_both(gru) || is_stack_in_both(lstm) || is_stack_in_both(rnn)) {
    throw error<OptionError>({.where = where,
                              .expected = "num_layers of the Bidirectional, as PyTorch's",
                              .got = "of the layer inside"});
  }
  const bool is_known = rnn != nullptr || lstm != nullptr || (gru != nullptr && gru->reset_after);
  if (!is_known) {
    throw error<OptionError>(
        {.where = where,
         .expected = "a layer that PyTorch has: SimpleRNN, LSTM, GRU with reset_after, one of them "
                     "in Bidirectional, Dense or Embedding",
         .got = std::string(cell.spec().class_name)});
  }
  const std::size_t directions = both != nullptr ? 2 : 1;
  std::size_t first = 0;
  for (std::size_t part = 0; first < infos.size(); ++part) {
    std::size_t last = first + 1;
    while (last < infos.size() && !infos[last].name.ends_with("/kernel")) {
      ++last;
    }
    set_cell(arrays,
             fmt::format("_l{}{}", part / directions, part % directions == 1 ? "_reverse" : ""),
             gru != nullptr,
             infos.subspan(first, last - first),
             weights.subspan(first, last - first));
    first = last;
  }
}

}  // namespace

void set_torch_weights(Model& model,
                       const std::string& layer,
                       const std::map<std::string, Tensor>& arrays,
                       const std::string& prefix) {
  const std::string where = "set_torch_weights: " + in_quotes(layer);
  if (!model.is_built()) {
    throw error<StateError>({.where = where, .expected = "a built model", .got = "another"});
  }
  const std::vector<NetworkNode>& nodes = model.data().network.nodes;
  const auto node = std::ranges::find(nodes, layer, &NetworkNode::name);
  if (node == nodes.end()) {
    throw error<OptionError>({.where = where, .expected = "a layer of the model", .got = "none"});
  }
  std::vector<WeightInfo> infos = model.weights();
  std::vector<Tensor> weights = model.get_weights();
  const auto is_its = [&](const WeightInfo& info) { return info.layer == layer; };
  const auto begin = std::ranges::find_if(infos, is_its);
  const auto count = static_cast<std::size_t>(std::ranges::count_if(infos, is_its));
  const auto first = static_cast<std::size_t>(begin - infos.begin());
  TorchArrays named(arrays, prefix, where);
  set_layer(node->layer,
            where,
            named,
            std::span(infos).subspan(first, count),
            std::span(weights).subspan(first, count));
  named.refuse_rest();
  model.set_weights(weights);
}

}  // namespace engram
