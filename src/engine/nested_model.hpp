// SPDX-License-Identifier: Apache-2.0
/// A model that is a layer of another one: for names, weights, files and tables a layer like
/// others; for the engine its nodes take its place.
#pragma once

#include <string>
#include <vector>

#include "engine/network.hpp"

namespace engram {

/// The options of a layer that is a model.
struct NestedModel {
  std::string name = "";
  bool trainable = true;
  bool is_graph = false;  ///< Keras's Functional, not Sequential
  Network network;
  std::vector<float> values = {};  ///< first values of all weights, one after another; empty: those
                                   ///< that initializers give
};

Layer nested_layer(NestedModel model);

/// The model that a layer is, or null.
const NestedModel* nested_model(const Layer& layer);

/// Models within models: files have so many levels of groups, and shapes are worked out more than
/// once at each.
inline constexpr int kDeepestModel = 4;

/// 0 without nested models.
int depth_of(const Network& network);

/// Checks that nested models get what their Input layers declare. Not when sizes are worked out for
/// a single step. Errors: ShapeError.
void check_nested(const Network& network, std::span<const Shape> inputs);

/// Puts the first values that the model has into its node's weights in `flat`.
void take_values(const NestedModel& model,
                 std::span<const Shape> inputs,
                 std::span<const NetworkWeight> weights,
                 float* flat);

bool has_nested(const Network& network);

/// The network, laid out for such inputs, with the nodes of nested models in their places. The
/// weights and the states of stateful layers are where they were.
Network expanded(const Network& network, std::span<const Shape> inputs);

}  // namespace engram
