// SPDX-License-Identifier: Apache-2.0
/// A fully connected layer on any axes, as an equation of letters says.
///
/// Example: model.add(EinsumDense{.equation = "abc,cde->abde",
///                                .output_shape = {-1, 2, 8},
///                                .bias_axes = "de"});
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engram/activations.hpp"
#include "engram/constraints.hpp"
#include "engram/initializers.hpp"
#include "engram/layers/layer.hpp"
#include "engram/regularizers.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// y = activation(sum of x * kernel over the letters that y does not have + bias).
///
/// The equation names the axes of input, kernel and result: "ab,bc->ac" is Dense, "...x,xy->...y"
/// Dense on any number of axes, "abc,cde->abde" a projection to heads. Its first letter, or the
/// ellipsis, is the batch; an ellipsis is in front ("...ab,bc->...ac") or at the end
/// ("ab...,bc->ac...") of input and result. No letter is twice on one side.
/// Shapes: output_shape leaves out the batch and the ellipsis; -1 is a length of the input. An axis
/// that the kernel has needs its length there. Weights: kernel, its axes in the equation's order;
/// bias, of the axes in bias_axes, 1 for others behind the first of them; no bias_axes, no bias.
/// A mask ends here.
struct EinsumDense {
  std::string equation = "";
  Shape output_shape = {};
  Activation activation = "linear";
  std::optional<std::string> bias_axes = {};
  Initializer kernel_initializer = "glorot_uniform";
  Initializer bias_initializer = "zeros";
  Regularizer kernel_regularizer = {};
  Regularizer bias_regularizer = {};
  Regularizer activity_regularizer = {};
  Constraint kernel_constraint = {};
  Constraint bias_constraint = {};
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const EinsumDense&);

}  // namespace engram
