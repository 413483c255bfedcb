// SPDX-License-Identifier: Apache-2.0
/// Forward passes and gradients of each layer and option against real Keras.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "dot_product.hpp"
#include "engram/layers/embedding.hpp"
#include "golden.hpp"
#include "model/batches.hpp"

namespace engram {

namespace {

using golden::json;

std::vector<json> layer_cases() {
  std::vector<json> cases = golden::read("layers.json")["cases"];
  const json wrappers = golden::read("wrappers.json")["cases"];
  cases.insert(cases.end(), wrappers.begin(), wrappers.end());
  for (const char* name :
       {"one_input_layers.json", "windows.json", "more_layers.json", "einsum_dense.json"}) {
    const json more = golden::read(name)["cases"];
    cases.insert(cases.end(), more.begin(), more.end());
  }
  return cases;
}

class GoldenLayers : public testing::TestWithParam<json> {};

/// x goes in as the table of an Embedding, so that its gradient is the table's. Cases of ids have
/// no such layer.
struct Case {
  Sequential model;
  Tensor x;
};

Case build_case(const json& golden) {
  const Shape shape = golden["input_shape"].get<Shape>();
  const std::uint64_t seed = golden["seed"].get<std::uint64_t>() * 1000;
  std::vector<Layer> layers;
  std::vector<Tensor> weights = golden::weights_of(golden);
  Tensor x;
  if (golden.contains("words")) {
    x = golden::stream_of_ids(seed, shape, golden["words"].get<std::uint64_t>());
  } else {
    const std::int64_t rows = size_of(shape) / shape.back();
    layers.push_back(Embedding{.input_dim = rows, .output_dim = shape.back()});
    weights.insert(weights.begin(), golden::stream(seed, {rows, shape.back()}));
    x = Tensor(Shape(shape.begin(), shape.end() - 1));
    for (std::int64_t i = 0; i < rows; ++i) {
      x.values()[static_cast<std::size_t>(i)] = static_cast<float>(i);
    }
  }
  for (const json& layer : golden["layers"]) {
    layers.push_back(golden::layer_of(layer));
  }
  Case result{Sequential(layers), x};
  result.model.compile({.optimizer = "sgd", .loss = Loss(DotProduct{})});
  result.model.build(Shape(x.shape().begin() + 1, x.shape().end()));
  result.model.set_weights(weights);
  return result;
}

TEST_P(GoldenLayers, ForwardAgrees) {
  const json& golden = GetParam();
  Case c = build_case(golden);
  // The project's bound for forward passes; the largest cases stay a factor of ten below it.
  golden::expect_near(c.model.predict(c.x), golden["output"], 2e-5);
}

TEST_P(GoldenLayers, GradientsAgree) {
  const json& golden = GetParam();
  if (golden["name"].get<std::string>().find("dropout") != std::string::npos) {
    GTEST_SKIP() << "the stored gradient is that of inference; training drops values";
  }
  Case c = build_case(golden);
  const Shape output = golden["output"]["shape"].get<Shape>();
  const Tensor r = golden::stream(golden["seed"].get<std::uint64_t>() * 1000 + 900, output);
  std::vector<Tensor> gradients = gradients_of(c.model.data(), c.x, r);
  const auto allowed = [](const json& stored) {
    // Rounding as measured between Keras in float32 and float64, with a margin, and 5 ulp of the
    // activations carried along the sequence; both scale with the gradient.
    const json& values = stored.contains("values") ? stored["values"] : stored["first"];
    double largest = 0;
    for (const json& value : values) {
      largest = std::max(largest, std::abs(value.get<double>()));
    }
    return 1e-5 * std::max(1.0, largest) + 20 * stored["error"].get<double>();
  };
  if (golden.contains("input_gradient")) {
    golden::expect_near(gradients[0], golden["input_gradient"], allowed(golden["input_gradient"]));
    gradients.erase(gradients.begin());
  }
  const std::vector<WeightInfo> infos = c.model.weights();
  const std::size_t first = infos.size() - gradients.size();
  for (std::size_t i = gradients.size(); i-- > 0;) {
    if (!infos[first + i].is_trainable) {
      gradients.erase(gradients.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  ASSERT_EQ(gradients.size(), golden["gradients"].size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    golden::expect_near(gradients[i], golden["gradients"][i], allowed(golden["gradients"][i]));
  }
}

TEST_P(GoldenLayers, AveragesMoveAsInKeras) {
  const json& golden = GetParam();
  if (!golden.contains("moved")) {
    GTEST_SKIP() << "no training step is stored";
  }
  Case c = build_case(golden);
  const Tensor y(golden["output"]["shape"].get<Shape>());
  c.model.train_on_batch(c.x, y);
  std::size_t next = 0;
  for (std::size_t i = 0; i < c.model.weights().size(); ++i) {
    if (!c.model.weights()[i].is_trainable) {
      golden::expect_near(c.model.get_weights()[i], golden["moved"][next++], 1e-6);
    }
  }
  EXPECT_EQ(next, golden["moved"].size());
}

INSTANTIATE_TEST_SUITE_P(Keras,
                         GoldenLayers,
                         testing::ValuesIn(layer_cases()),
                         [](const auto& test) {
                           return test.param["name"].template get<std::string>();
                         });

/// Columns of the last axis, gate by gate, in the order `gates`.
Tensor with_gates(const Tensor& weight, std::span<const int> gates) {
  const std::int64_t columns = weight.shape().back();
  const std::int64_t units = columns / static_cast<std::int64_t>(gates.size());
  Tensor permuted(weight.shape());
  for (std::int64_t i = 0; i < weight.size(); ++i) {
    const std::int64_t row = i / columns, gate = i % columns / units, unit = i % units;
    const std::int64_t from = gates[static_cast<std::size_t>(gate)] * units + unit;
    permuted.data()[i] = weight.data()[row * columns + from];
  }
  return permuted;
}

/// Keras's order of gates is the only one that gives Keras's values.
TEST(GoldenGates, EveryOtherOrderFails) {
  const json cases = golden::read("layers.json")["cases"];
  for (const auto& [name, count] :
       {std::pair("lstm_plain", 4), std::pair("gru_plain", 3), std::pair("gru_before_plain", 3)}) {
    const auto golden =
        std::find_if(cases.begin(), cases.end(), [&](const json& c) { return c["name"] == name; });
    ASSERT_NE(golden, cases.end()) << name;
    Case c = build_case(*golden);
    const std::vector<Tensor> weights = c.model.get_weights();
    const std::vector<double> expected = (*golden)["output"]["values"].get<std::vector<double>>();
    std::vector<int> gates(static_cast<std::size_t>(count));
    std::iota(gates.begin(), gates.end(), 0);
    int orders = 0, right = 0;
    do {
      std::vector<Tensor> permuted = weights;  // the first is the Embedding that holds x
      for (std::size_t i = 1; i < permuted.size(); ++i) {
        permuted[i] = with_gates(weights[i], gates);
      }
      c.model.set_weights(permuted);
      const Tensor y = c.model.predict(c.x);
      double largest = 0;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        largest = std::max(largest, std::abs(y.values()[i] - expected[i]));
      }
      ++orders;
      right += largest <= 2e-5;  // as in ForwardAgrees
      EXPECT_EQ(largest <= 2e-5, std::is_sorted(gates.begin(), gates.end())) << name << orders;
    } while (std::next_permutation(gates.begin(), gates.end()));
    EXPECT_EQ(orders, count == 4 ? 24 : 6);
    EXPECT_EQ(right, 1);
  }
}

}  // namespace
}  // namespace engram
