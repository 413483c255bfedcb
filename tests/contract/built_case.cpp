// SPDX-License-Identifier: Apache-2.0
/// The model of a case, and its gradients against differences of its loss.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.hpp"
#include "contract/layer_cases.hpp"
#include "dot_product.hpp"
#include "layers/activity.hpp"
#include "model/batches.hpp"

namespace engram {

namespace {

/// Distinct values, 0.05 apart and from 0, so that no step of a difference crosses a kink.
void fill_distinct(std::span<float> values, Random& random) {
  std::iota(values.begin(), values.end(), 0.0f);
  for (std::size_t i = values.size(); i-- > 1;) {
    std::swap(values[i], values[random.below(i + 1)]);
  }
  const float middle = 0.5f * static_cast<float>(values.size()) - 0.5f;
  for (float& v : values) {
    v = 0.05f * (v - middle);
    v += v >= 0 ? 0.02f : -0.02f;
  }
}

/// The same line of layers as a Functional model.
Model line_as_graph(const std::vector<Layer>& layers, const Shape& batch) {
  const KerasTensor x = Input{.shape = Shape(batch.begin() + 1, batch.end())};
  KerasTensor y = x;
  for (const Layer& layer : layers) {
    y = layer(y);
  }
  return Functional({x}, {y});
}

}  // namespace

Built build_case(const LayerCase& c, std::int64_t rows) {
  Random random(5);
  const std::int64_t places = size_of(c.sample) / c.sample.back();
  Shape ids = {rows};
  ids.insert(ids.end(), c.sample.begin(), c.sample.end() - 1);
  std::vector<Layer> layers = {Embedding{.input_dim = rows * places + 1,
                                         .output_dim = c.sample.back(),
                                         .mask_zero = c.is_masked,
                                         .name = "input"}};
  layers.insert(layers.end(), c.layers.begin(), c.layers.end());
  Built b{c.is_graph ? line_as_graph(layers, ids) : Sequential(layers), Tensor(ids), {}};
  b.model.data().seed = 5;
  std::iota(b.x.values().begin(), b.x.values().end(), 1.0f);
  if (c.is_masked) {  // the first step of a row, one within the next, the last of it
    for (const std::int64_t i : {std::int64_t{0}, places + 1, 2 * places - 1}) {
      b.x.values()[static_cast<std::size_t>(i)] = 0;
    }
  }
  b.model.compile({.optimizer = SGD{.learning_rate = 0.0f}, .loss = Loss(DotProduct{})});
  b.model.build(Shape(ids.begin() + 1, ids.end()));
  std::vector<Tensor> weights = b.model.get_weights();
  for (Tensor& weight : weights) {
    if (&weight == &weights[0]) {
      fill_distinct(weight.values(), random);
      continue;
    }
    const bool is_positive =
        b.model.weights()[static_cast<std::size_t>(&weight - &weights[0])].name.ends_with(
            "variance");
    for (float& v : weight.values()) {
      v = static_cast<float>(0.5 * random.normal());
      v = is_positive ? 0.5f + std::abs(v) : v;
    }
  }
  b.model.set_weights(weights);
  b.y = Tensor(b.model.predict(b.x).shape());
  for (float& v : b.y.values()) {
    v = static_cast<float>(random.normal());
  }
  return b;
}

namespace {

/// The loss in training, with the same random numbers each time. DotProduct gives the gradient of
/// the sum, penalties are what is left of the loss when all targets are zero.
double training_loss(Built& b) {
  const auto loss = [&](const Tensor& y) {
    b.model.data().compiled->iterations = 0;
    return *find(b.model.train_on_batch(b.x, y), "loss");
  };
  const bool is_penalized = std::ranges::any_of(b.model.data().network.nodes, [](const auto& node) {
    return !activity_regularizers(node.spec(), node.options()).empty();
  });
  const Shape& shape = b.y.shape();
  const double penalty = is_penalized ? loss(Tensor(shape)) : 0;
  return (loss(b.y) - penalty) * static_cast<double>(size_of(shape) / shape.back()) + penalty;
}

}  // namespace

void expect_gradients_equal_differences(Built b) {
  b.model.data().compiled->iterations = 0;
  const std::vector<Tensor> gradients = gradients_of(b.model.data(), b.x, b.y);
  const std::vector<Tensor> start = b.model.get_weights();
  const float step = 1e-2f;
  for (std::size_t w = 0; w < start.size(); ++w) {
    double largest = 0.1;
    for (const float g : gradients[w].values()) {
      largest = std::max(largest, static_cast<double>(std::abs(g)));
    }
    for (std::size_t i = 0; b.model.weights()[w].is_trainable && i < start[w].values().size();
         ++i) {
      const auto loss_at = [&](float change) {
        std::vector<Tensor> weights = start;
        weights[w].values()[i] += change;
        b.model.set_weights(weights);
        return training_loss(b);
      };
      const double slope = (loss_at(step) - loss_at(-step)) / (2.0 * step);
      // Third derivatives of tanh and softmax times step^2, and float32's rounding over the step.
      ASSERT_NEAR(gradients[w].values()[i], slope, 1e-3 * largest)
          << b.model.weights()[w].path << " element " << i;
    }
  }
}

}  // namespace engram
