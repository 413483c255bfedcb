// SPDX-License-Identifier: Apache-2.0
/// Makes the nodes of a functional model's config, as its outputs ask for them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "io/config.hpp"

namespace engram::io {

class GraphReader {
 public:
  GraphReader(const JsonAt& config, ModelData& data, int depth);

  /// The port that [layer, call, output] names among the model's outputs.
  Port output(const JsonAt& history);

  /// The port that [layer, call, output] names, its calls counted from `first_call`.
  Port port(const JsonAt& history, std::int64_t first_call = 0);

  /// The layers in the order of the file.
  std::vector<int> order() const;

  /// Masks that the file spells out are those that the layers make themselves, in Keras up to 3.15
  /// or from 3.16 on.
  void check_masks();

 private:
  /// What a call of a layer says.
  struct Call {
    std::vector<Port> inputs = {};
    std::optional<JsonAt> mask = {};
    std::set<std::string> options = {};  // call options that are true
  };

  int node_of(std::size_t place, std::int64_t call, const JsonAt& asked);
  Layer called_layer(const JsonAt& at, const Call& call) const;
  int add(std::size_t place, const JsonAt& at, const Call& call);
  void read_call(const JsonAt& call, const LayerSpec* spec, Call& read);
  static bool has_call_option(const LayerSpec* spec, const std::string& name);
  void read_tensors(const JsonAt& at, std::vector<Port>& inputs);
  static JsonAt history_of(const JsonAt& tensor);
  static bool is_operation(const JsonAt& layer);
  void compare_masks();
  const std::set<int>& masks_of(Port port);
  void find_masks(const JsonAt& tensor, std::set<int>& found);
  void find_masks_in(const JsonAt& at, std::set<int>& found);
  static bool makes_mask_of(const NetworkNode& node, double value);

  ModelData& data_;
  JsonAt layers_;
  int depth_;
  std::map<std::string, std::size_t> places_;  // of the layers in the file
  std::map<std::pair<std::size_t, std::int64_t>, int> nodes_;
  std::map<std::size_t, int> first_calls_;
  std::map<int, std::size_t> file_places_;
  std::set<std::pair<std::size_t, std::int64_t>> open_;
  std::vector<std::pair<int, JsonAt>> masks_;
  std::map<int, std::set<int>> made_masks_;  // of the first outputs of nodes
  std::set<std::size_t> seen_;               // the operations of one mask
};

}  // namespace engram::io
