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

  /// y = f(x) of `rows` rows of `columns` values; may be in place.
  void forward(const float* x, float* y, std::int64_t rows, std::int64_t columns) const;

  /// The gradient by x: run.output.gradient itself where nothing changes it, else `dx`, filled.
  const float* backward(const SliceRun& run,
                        float* dx,
                        std::int64_t rows,
                        std::int64_t columns) const;

 private:
  std::optional<kernels::Function> function_;  ///< none: softmax
};

/// What a layer that ends in `activation` has behind its output.
LogitsOf logits_behind(Activation activation);

}  // namespace engram
