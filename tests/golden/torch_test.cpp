// SPDX-License-Identifier: Apache-2.0
/// Projections, several layers in one and packed sequences against real PyTorch: outputs, states
/// and all gradients, with weights taken over by the names of its state_dict.
#include "engram/torch.hpp"

#include <algorithm>
#include <numeric>

#include "dot_product.hpp"
#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "golden.hpp"
#include "model/batches.hpp"

namespace engram {
namespace {

using golden::json;
using NamedArrays = std::map<std::string, Tensor>;

class GoldenTorch : public testing::TestWithParam<json> {};

/// A model of the layer alone, whose inputs are rows of Embeddings, so that they have gradients.
struct TorchCase {
  Functional model;
  std::vector<Tensor> ids;
  std::vector<std::int64_t> lengths;
  NamedArrays arrays;

  std::vector<RowsView> x() const {
    std::vector<RowsView> views(ids.begin(), ids.end());
    views[0] = lengths.empty() ? views[0] : views[0].with_lengths(lengths);
    return views;
  }
};

Tensor numbers_from(std::int64_t first, const Shape& shape) {
  Tensor numbers(shape);
  std::iota(numbers.values().begin(), numbers.values().end(), static_cast<float>(first));
  return numbers;
}

std::uint64_t seed_of(const json& golden) { return golden["seed"].get<std::uint64_t>() * 1000; }

NamedArrays arrays_of(const json& golden) {
  NamedArrays arrays;
  std::uint64_t index = 2;
  for (const json& array : golden["arrays"]) {
    arrays[array["name"]] = golden::stream(
        seed_of(golden) + index++, array["shape"].get<Shape>(), array["scale"].get<float>());
  }
  return arrays;
}

TorchCase build_torch(const json& golden) {
  const Shape shape = golden["input_shape"].get<Shape>();
  const std::int64_t N = shape[0], T = shape[1];
  std::vector<KerasTensor> inputs = {Input{.shape = {T}}};
  std::vector<Tensor> ids = {numbers_from(0, {N, T})};
  std::vector<Tensor> tables = {golden::stream(seed_of(golden), {N * T, shape[2]})};
  std::vector<KerasTensor> given = {
      Layer(Embedding{.input_dim = N * T, .output_dim = shape[2], .name = "table_0"})(inputs[0])};
  for (std::size_t i = 0; golden.value("given", false) && i < golden["states"].size(); ++i) {
    const Shape state = golden["states"][i]["shape"].get<Shape>();
    inputs.push_back(Input{.shape = {1}});
    ids.push_back(numbers_from(0, {N, 1}));
    tables.push_back(golden::stream(seed_of(golden) + 700 + i, state));
    const Layer table = Embedding{
        .input_dim = N, .output_dim = state[1], .name = "table_" + std::to_string(given.size())};
    given.push_back(Layer(Flatten{})(table(inputs.back())));
  }
  json layer = golden["layer"];
  layer["config"]["name"] = "layer";
  const KerasTensor y = golden::layer_of(layer)(given);
  std::vector<KerasTensor> outputs = {y};
  for (std::size_t i = 0; i < golden["states"].size(); ++i) {
    outputs.push_back(y.output(i + 1));
  }
  TorchCase c{Functional(inputs, outputs), ids, {}, arrays_of(golden)};
  if (golden.contains("lengths")) {
    c.lengths = golden["lengths"].get<std::vector<std::int64_t>>();
  }
  c.model.compile({.optimizer = "sgd", .loss = Loss(DotProduct{})});
  std::vector<Tensor> weights = c.model.get_weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const std::string name = c.model.weights()[i].layer;
    if (name.starts_with("table_")) {
      weights[i] = tables[std::stoul(name.substr(6))];
    }
  }
  c.model.set_weights(weights);
  set_torch_weights(c.model, "layer", c.arrays);
  return c;
}

/// Zeros behind the sequences' ends, as PyTorch pads them.
void clear_ends(Tensor& y, const std::vector<std::int64_t>& lengths) {
  const Shape& shape = y.shape();
  for (std::size_t row = 0; row < lengths.size(); ++row) {
    float* values = y.data() + static_cast<std::int64_t>(row) * shape[1] * shape[2];
    std::fill(values + lengths[row] * shape[2], values + shape[1] * shape[2], 0.0f);
  }
}

TEST_P(GoldenTorch, ForwardAgrees) {
  const json& golden = GetParam();
  TorchCase c = build_torch(golden);
  std::vector<Tensor> y = c.model.predict(c.x());
  clear_ends(y[0], c.lengths);
  golden::expect_near(y[0], golden["output"], 2e-6);
  for (std::size_t i = 1; i < y.size(); ++i) {
    SCOPED_TRACE("state " + std::to_string(i - 1));
    golden::expect_near(y[i], golden["states"][i - 1], 2e-6);
  }
}

/// The gradients of the layer's weights as those of PyTorch's arrays: where each element went is
/// seen by numbers in place of the arrays' values. Biases that are added have the same gradient.
NamedArrays torch_gradients(TorchCase& c, const std::vector<Tensor>& gradients, bool is_gru) {
  NamedArrays places, result;
  std::vector<float*> targets = {nullptr};
  const auto is_other = [&](const std::string& name) {
    return !is_gru && name.starts_with("bias_hh");
  };
  for (const auto& [name, array] : c.arrays) {
    result[name] = Tensor(array.shape());
    places[name] = is_other(name)
                       ? Tensor(array.shape())
                       : numbers_from(static_cast<std::int64_t>(targets.size()), array.shape());
    for (float& value : result[name].values()) {
      if (!is_other(name)) {
        targets.push_back(&value);
      }
    }
  }
  set_torch_weights(c.model, "layer", places);
  const std::vector<Tensor> sources = c.model.get_weights();
  for (std::size_t w = 0; w < sources.size(); ++w) {
    for (std::size_t i = 0; c.model.weights()[w].layer == "layer" && i < sources[w].values().size();
         ++i) {
      *targets[static_cast<std::size_t>(sources[w].values()[i])] = gradients[w].values()[i];
    }
  }
  for (auto& [name, array] : result) {
    array = is_other(name) ? result.at("bias_ih" + name.substr(7)) : array;
  }
  return result;
}

TEST_P(GoldenTorch, GradientsAgree) {
  const json& golden = GetParam();
  TorchCase c = build_torch(golden);
  std::vector<Tensor> r = {golden::stream(seed_of(golden) + 900, golden["output"]["shape"])};
  clear_ends(r[0], c.lengths);
  for (std::size_t i = 0; i < golden["states"].size(); ++i) {
    r.push_back(golden::stream(seed_of(golden) + 901 + i, golden["states"][i]["shape"]));
  }
  const std::vector<RowsView> x = c.x(), y(r.begin(), r.end());

  const std::vector<Tensor> gradients = gradients_of(c.model.data(), x, y);

  const auto expect = [](const Tensor& actual, const json& stored, const std::string& name) {
    SCOPED_TRACE(name);
    double largest = 1;
    for (const json& value : stored.contains("values") ? stored["values"] : stored["first"]) {
      largest = std::max(largest, std::abs(value.get<double>()));
    }
    // As for Keras's layers: rounding with a margin, and 5 ulp of the activations.
    golden::expect_near(actual, stored, 1e-5 * largest + 20 * stored["error"].get<double>());
  };
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::string name = c.model.weights()[i].layer;
    if (name.starts_with("table_")) {
      expect(gradients[i], golden["gradients"][std::stoul(name.substr(6))], name);
    }
  }
  const bool is_gru = golden["torch"]["class_name"] == "GRU";
  NamedArrays arrays = torch_gradients(c, gradients, is_gru);
  for (std::size_t i = 0; i < golden["arrays"].size(); ++i) {
    const std::string name = golden["arrays"][i]["name"];
    expect(arrays.at(name), golden["gradients"][x.size() + i], name);
  }
}

TEST(TorchWeights, AreRefusedByName) {
  Sequential model({LSTM{.units = 2, .name = "lstm"}, ActivationLayer{.name = "act"}});
  NamedArrays arrays = {{"weight_ih_l0", Tensor({8, 1})}, {"weight_hh_l0", Tensor({8, 2})}};
  EXPECT_ERROR(set_torch_weights(model, "lstm", arrays),
               StateError,
               "set_torch_weights: 'lstm': expected a built model, got another.");
  model.build({3, 1});
  EXPECT_ERROR(set_torch_weights(model, "lstm", arrays),
               DataError,
               "set_torch_weights: 'lstm': expected an array 'bias_ih_l0', got none.");
  arrays["bias_ih_l0"] = arrays["bias_hh_l0"] = Tensor({7});
  EXPECT_ERROR(set_torch_weights(model, "lstm", arrays),
               ShapeError,
               "set_torch_weights: 'lstm': 'bias_ih_l0': expected (8,), got (7,).");
  arrays["bias_ih_l0"] = arrays["bias_hh_l0"] = arrays["bias_ih_l1"] = Tensor({8});
  EXPECT_ERROR(set_torch_weights(model, "lstm", arrays),
               DataError,
               "set_torch_weights: 'lstm': expected only arrays that the layer has, got "
               "'bias_ih_l1'.");
  EXPECT_ERROR(set_torch_weights(model, "other", arrays),
               OptionError,
               "set_torch_weights: 'other': expected a layer of the model, got none.");
  EXPECT_ERROR(set_torch_weights(model, "act", arrays),
               OptionError,
               "set_torch_weights: 'act': expected a layer that PyTorch has: SimpleRNN, LSTM, GRU "
               "with reset_after, one of them in Bidirectional, Dense or Embedding, got "
               "Activation.");
}

TEST(TorchWeights, OfLinearAreTurnedRound) {
  Sequential model({Dense{.units = 2, .name = "out"}});
  model.build({3});
  set_torch_weights(model,
                    "out",
                    {{"head.weight", Tensor({2, 3}, {1, 2, 3, 4, 5, 6})},
                     {"head.bias", Tensor({2}, {7, 8})},
                     {"other", Tensor(Shape{1})}},
                    "head.");
  EXPECT_EQ(model.get_weights()[0], Tensor({3, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(model.get_weights()[1], Tensor({2}, {7, 8}));
}

std::vector<json> cases() {
  return golden::read("torch_layers.json")["cases"].get<std::vector<json>>();
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenTorch, testing::ValuesIn(cases()), [](const auto& test) {
  return test.param["name"].template get<std::string>();
});

}  // namespace
}  // namespace engram
