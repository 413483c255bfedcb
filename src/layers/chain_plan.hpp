// SPDX-License-Identifier: Apache-2.0
/// Plans that run one behind another as one layer.
#pragma once

#include <memory>
#include <vector>

#include "layers/inner_layer.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

/// A plan of a chain, with what lies between it and the next one.
struct ChainLink {
  std::unique_ptr<LayerPlan> plan;
  std::size_t weights = 0;     ///< how many of the layer's are its own
  Shape output = {};           ///< a sample's
  bool needs_gradient = true;  ///< anyone learns from the gradient of its result
};

/// All of them see the mask of the layer's input; only the last one gives logits.
class ChainPlan final : public PlanOfPlans {
 public:
  ChainPlan(std::vector<ChainLink> links, const LayerSizes& sizes);

  void forward(const SliceRun& run) const override;
  void backward(const SliceRun& run) const override;

 private:
  static constexpr std::int64_t kNowhere = -1;

  /// Of a result between two plans, in the workspace.
  struct Place {
    std::int64_t value = 0, gradient = kNowhere;
  };

  /// The run of plan i; `input` holds its input signal.
  SliceRun run_of(std::size_t i, const SliceRun& run, Signal& input) const;
  Signal between(std::size_t i, const SliceRun& run) const;

  std::vector<Place> places_;
};

}  // namespace engram
