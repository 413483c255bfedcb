// SPDX-License-Identifier: Apache-2.0
/// What wrappers share: layers that are options of another layer.
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "layers/layer_spec.hpp"

namespace engram {

/// An option to set by its name.
using NamedValue = std::pair<std::string_view, std::variant<bool, std::string>>;

/// A copy of `layer` with these options; those that it does not have are passed by.
Layer with_options(const Layer& layer, std::initializer_list<NamedValue> values);

/// The layer as a call with these options runs it.
/// Errors: OptionError, with `where` as the place, for an option that the layer does not have.
Layer called_with(const Layer& layer, const CallOptions& call, std::string_view where);

/// Whether it is a layer whose calls are in reverse, as only a graph's can be.
bool is_reversed(const Layer& layer);

/// The layer's own name, or the one that its kind gives.
std::string name_of(const Layer& layer);

/// The layers' own names, or those of their kinds with a count.
std::vector<std::string> names_of(std::span<const Layer> layers);

/// A layer inside another one: the name of its part in Keras's files, and itself.
struct InnerLayer {
  std::string path;  ///< "forward_layer"
  Layer layer;
};

/// The weights of inner layers one after another, named "<layer>/<weight>".
std::vector<WeightSpec> inner_weights(std::span<const InnerLayer> layers,
                                      std::span<const Shape> inputs);

std::vector<WeightGroup> inner_groups(std::span<const InnerLayer> layers);

/// The plan of an inner layer, and the place of its data among those of the whole.
struct InnerPlan {
  std::unique_ptr<LayerPlan> plan;
  std::size_t first_weight = 0, weights = 0;
  std::int64_t packed = 0, workspace = 0, states = 0;
  std::uint64_t part = 0;  ///< of the whole, from 1: each has random numbers of its own

  /// What the inner layer is given of the whole layer's run, but for its signals.
  SliceRun run(const SliceRun& whole) const;
};

/// A wrapper's inner plans with the sums of their sizes. `workspace` begins at what the wrapper
/// itself needs.
class InnerPlans {
 public:
  explicit InnerPlans(std::int64_t own_workspace = 0) : workspace_(own_workspace) {}

  /// With the penalty on the layer's outputs, if it has one.
  void add(const Layer& layer, const LayerSizes& sizes);
  void add(std::unique_ptr<LayerPlan> plan, std::size_t weights);

  const InnerPlan& operator[](std::size_t i) const { return plans_[i]; }

  std::int64_t packed_floats() const { return packed_; }

  std::int64_t workspace_floats() const { return workspace_; }

  std::int64_t state_floats() const { return states_; }

  std::int64_t pack_parts() const;
  void pack(std::span<const float* const> weights, float* packed, std::int64_t part) const;

 private:
  std::vector<InnerPlan> plans_;
  std::int64_t packed_ = 0, workspace_ = 0, states_ = 0;
  std::size_t weights_ = 0;
};

/// The plan of a layer whose weights, packed floats and states are those of its inner plans.
class PlanOfPlans : public LayerPlan {
 public:
  std::int64_t packed_floats() const override { return plans_.packed_floats(); }

  std::int64_t pack_parts() const override { return plans_.pack_parts(); }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    plans_.pack(weights, packed, part);
  }

  std::int64_t workspace_floats() const override { return plans_.workspace_floats(); }

  std::int64_t state_floats() const override { return plans_.state_floats(); }

 protected:
  InnerPlans plans_;
};

}  // namespace engram
