// SPDX-License-Identifier: Apache-2.0
/// The activation at the end of a layer, forward and back.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/recurrent.hpp"  // Function
#include "layers/layer_spec.hpp"

namespace engram {

class ActivationPass {
 public:
  explicit ActivationPass(Activation activation);

  /// y = f(x) of `rows` rows of `columns` values; may be in place, unless keeps_input() and a
  /// backward pass follows.
  void forward(const float* x, float* y, std::int64_t rows, std::int64_t columns) const;

  /// Whether the backward pass needs x.
  bool keeps_input() const { return function_ && kernels::keeps_input(*function_); }

  /// The gradient by x: run.output.gradient itself where nothing changes it, else `dx`, filled.
  /// x: may be dx, and null unless keeps_input().
  const float* backward(const SliceRun& run,
                        const float* x,
                        float* dx,
                        std::int64_t rows,
                        std::int64_t columns) const;

 private:
  Activation activation_;
  std::optional<kernels::Function> function_;  ///< none: one of the whole axis
};

/// What a layer that ends in `activation` has behind its output.
LogitsOf logits_behind(Activation activation);

}  // namespace engram
