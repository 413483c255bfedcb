// SPDX-License-Identifier: Apache-2.0
/// Gradients of the engine against central differences of the float64 reference, through time and
/// through stacked layers, for every layer and option.
#include <gtest/gtest.h>

#include <functional>

#include "base/random.hpp"
#include "engram/sequential.hpp"
#include "model/batches.hpp"
#include "reference/network.hpp"

namespace engram {
namespace {

struct GradientCase {
  std::string name;
  std::vector<Layer> layers;
  Shape input;               ///< (N, T, D), or (N, T) of ids
  std::int64_t ids = 0;      ///< above 0: the input is ids below it
  std::int64_t classes = 0;  ///< above 0: sparse cross-entropy
  bool has_masked_steps = false;
};

void PrintTo(const GradientCase& c, std::ostream* out) { *out << c.name; }

/// The options that all three cells share, for one of them.
template <class Cell>
void add_cell(std::vector<GradientCase>& cases, const std::string& kind, const Cell& base) {
  const Shape input = {5, 6, 3};
  const Dense out{.units = 2};
  const auto add = [&](const std::string& name, const Cell& cell) {
    cases.push_back({kind + "_" + name, {cell, out}, input});
  };
  const auto with = [&](auto change) {
    Cell cell = base;
    change(cell);
    return cell;
  };
  add("plain", base);
  add("no_bias", with([](Cell& c) { c.use_bias = false; }));
  add("backwards", with([](Cell& c) { c.go_backwards = true; }));
  add("sequences", with([](Cell& c) { c.return_sequences = true; }));
  add("sequences_backwards", with([](Cell& c) { c.return_sequences = c.go_backwards = true; }));
  for (const char* name : {"linear", "sigmoid", "hard_sigmoid", "relu"}) {
    add(name, with([&](Cell& c) { c.activation = name; }));
  }
  add("dropout", with([](Cell& c) { c.dropout = 0.3f; }));
  add("recurrent_dropout", with([](Cell& c) { c.recurrent_dropout = 0.3f; }));
  add("both_dropouts", with([](Cell& c) { c.dropout = c.recurrent_dropout = 0.3f; }));
  if constexpr (requires { base.recurrent_activation; }) {
    add("hard_gates", with([](Cell& c) { c.recurrent_activation = "hard_sigmoid"; }));
    add("tanh_gates", with([](Cell& c) { c.recurrent_activation = "tanh"; }));
  }
  const Cell sequences = with([](Cell& c) { c.return_sequences = true; });
  cases.push_back(
      {kind + "_stacked", {sequences, Dropout{.rate = 0.2f}, sequences, base, out}, input});
  cases.push_back({kind + "_masked", {Masking{}, sequences, base, out}, input, 0, 0, true});
  cases.push_back({kind + "_masked_sequences", {Masking{}, sequences, out}, input, 0, 0, true});
  cases.push_back({kind + "_masked_zero_output",
                   {Masking{},
                    with([](Cell& c) { c.return_sequences = c.zero_output_for_mask = true; }),
                    base,
                    out},
                   input,
                   0,
                   0,
                   true});
  cases.push_back({kind + "_words",
                   {Embedding{.input_dim = 7, .output_dim = 3},
                    base,
                    Dense{.units = 4, .activation = "softmax"}},
                   {6, 5},
                   7,
                   4});
  cases.push_back({kind + "_masked_words",
                   {Embedding{.input_dim = 4, .output_dim = 3, .mask_zero = true},
                    sequences,
                    Dense{.units = 3, .activation = "softmax"}},
                   {6, 5},
                   4,
                   3});
  cases.push_back({kind + "_more_rows_than_a_slice", {sequences, base, out}, {37, 3, 1}});
}

void add_bidirectional(std::vector<GradientCase>& cases) {
  const Shape input = {5, 6, 3};
  const Dense out{.units = 2};
  const LSTM last{.units = 3};
  const GRU sequences{.units = 3, .return_sequences = true};
  for (const char* mode : {"concat", "sum", "mul", "ave"}) {
    const std::string name = std::string("Bidirectional_") + mode;
    cases.push_back({name, {Bidirectional{.layer = last, .merge_mode = mode}, out}, input});
    cases.push_back({name + "_sequences",
                     {Bidirectional{.layer = sequences, .merge_mode = mode},
                      Bidirectional{.layer = sequences, .merge_mode = mode},
                      out},
                     input});
  }
  cases.push_back(
      {"Bidirectional_masked",
       {Masking{}, Bidirectional{.layer = sequences}, Bidirectional{.layer = last}, out},
       input,
       0,
       0,
       true});
  cases.push_back(
      {"Bidirectional_given",
       {Bidirectional{.layer = last, .backward_layer = SimpleRNN{.units = 3, .go_backwards = true}},
        out},
       input});
  cases.push_back({"Bidirectional_dropouts",
                   {Bidirectional{.layer = LSTM{.units = 3, .dropout = 0.3f}}, out},
                   input});
  cases.push_back(
      {"Bidirectional_recurrent_dropout",
       {Bidirectional{.layer = GRU{.units = 3, .dropout = 0.2f, .recurrent_dropout = 0.3f}}, out},
       input});
  cases.push_back({"Bidirectional_more_rows_than_a_slice",
                   {Bidirectional{.layer = sequences}, Bidirectional{.layer = last}, out},
                   {37, 3, 1}});
  const LSTM projected{.units = 4, .proj_size = 2};
  cases.push_back({"Bidirectional_projected", {Bidirectional{.layer = projected}, out}, input});
  for (const char* mode : {"concat", "sum"}) {
    const Bidirectional layers{
        .layer = projected, .merge_mode = mode, .num_layers = 3, .layer_dropout = 0.2f};
    cases.push_back({std::string("Bidirectional_layers_") + mode, {layers, out}, input});
  }
  cases.push_back({"Bidirectional_layers_masked",
                   {Masking{}, Bidirectional{.layer = sequences, .num_layers = 2}, out},
                   input,
                   0,
                   0,
                   true});
  cases.push_back({"Bidirectional_of_layers",
                   {Bidirectional{.layer = GRU{.units = 2, .num_layers = 2}}, out},
                   input});
}

template <class Cell>
void add_layers(std::vector<GradientCase>& cases, const std::string& kind, Cell cell) {
  add_cell(cases, kind + "_layers", cell);
  cell.layer_dropout = 0.3f;
  cases.push_back({kind + "_layers_layer_dropout", {cell, Dense{.units = 2}}, {5, 6, 3}});
}

std::vector<GradientCase> cases() {
  std::vector<GradientCase> cases;
  add_cell(cases, "SimpleRNN", SimpleRNN{.units = 4});
  add_cell(cases, "LSTM", LSTM{.units = 4});
  add_cell(cases, "GRU", GRU{.units = 4});
  add_cell(cases, "GRU_before", GRU{.units = 4, .reset_after = false});
  add_cell(cases, "LSTM_projected", LSTM{.units = 4, .proj_size = 3});
  add_layers(cases, "SimpleRNN", SimpleRNN{.units = 3, .num_layers = 2});
  add_layers(cases, "LSTM", LSTM{.units = 3, .num_layers = 2, .proj_size = 2});
  add_layers(cases, "GRU", GRU{.units = 2, .num_layers = 3});
  add_bidirectional(cases);
  for (const char* name : {"linear", "tanh", "sigmoid", "hard_sigmoid", "relu", "softmax"}) {
    const Dense hidden{.units = 5, .activation = name};
    cases.push_back({std::string("Dense_") + name, {hidden, Dense{.units = 2}}, {6, 3}});
    cases.push_back(
        {std::string("Dense_sequence_") + name, {hidden, Dense{.units = 2}}, {3, 4, 3}});
  }
  cases.push_back({"Dense_no_bias", {Dense{.units = 5, .use_bias = false}}, {6, 3}});
  return cases;
}

Tensor make_x(const GradientCase& c, Random& random) {
  Tensor x(c.input);
  for (float& v : x.values()) {
    v = c.ids > 0 ? static_cast<float>(random.below(static_cast<std::uint64_t>(c.ids)))
                  : static_cast<float>(random.normal());
  }
  if (c.has_masked_steps) {  // the first step, a hole, the last, and a whole row
    const Shape& s = c.input;
    for (std::int64_t row = 0; row < s[0]; ++row) {
      for (std::int64_t t = 0; t < s[1]; ++t) {
        const bool is_masked =
            (row == 0 && t == 0) || (row == 1 && t == 2) || (row == 2 && t == s[1] - 1) || row == 3;
        for (std::int64_t d = 0; is_masked && d < s[2]; ++d) {
          x.at({row, t, d}) = 0;
        }
      }
    }
  }
  return x;
}

class Gradients : public testing::TestWithParam<GradientCase> {};

TEST_P(Gradients, EqualCentralDifferences) {
  const GradientCase& c = GetParam();
  Random random(42);
  Sequential model(c.layers);
  const char* loss = c.classes > 0 ? "sparse_categorical_crossentropy" : "mse";
  model.compile({.optimizer = "sgd", .loss = loss});
  model.build(Shape(c.input.begin() + 1, c.input.end()));
  std::vector<Tensor> start = model.get_weights();
  std::vector<reference::Values> weights;
  for (Tensor& tensor : start) {
    for (float& v : tensor.values()) {  // distinct in every gate, biases too
      v = static_cast<float>(0.5 * random.normal());
    }
    weights.emplace_back(tensor.values().begin(), tensor.values().end());
  }
  model.set_weights(start);
  const Tensor x = make_x(c, random);
  Shape shape = model.predict(x).shape();
  if (c.classes > 0) {
    shape.pop_back();
  }
  Tensor y(shape);
  for (float& v : y.values()) {
    v = c.classes > 0 ? static_cast<float>(random.below(static_cast<std::uint64_t>(c.classes)))
                      : static_cast<float>(random.normal());
  }

  const std::vector<Tensor> gradients = gradients_of(model.data(), x, y);

  reference::Network reference(model.data());
  // Kinks: relu and hard_sigmoid have none within `step` of a pre-activation, but by bad luck.
  const double step = 1e-6;
  for (std::size_t w = 0; w < weights.size(); ++w) {
    double largest = 1e-2;
    for (const float g : gradients[w].values()) {
      largest = std::max(largest, static_cast<double>(std::abs(g)));
    }
    for (std::size_t i = 0; i < weights[w].size(); ++i) {
      const double middle = weights[w][i];
      weights[w][i] = middle + step;
      const double above = reference.loss(weights, x, y);
      weights[w][i] = middle - step;
      const double below = reference.loss(weights, x, y);
      weights[w][i] = middle;
      // float32 sums over at most 37 rows and 6 steps, and activations within 5 ulp, leave some
      // 1e-6 of the array's largest gradient; a gate in the wrong place leaves all of it.
      ASSERT_NEAR(gradients[w].values()[i], (above - below) / (2 * step), 1e-5 * largest)
          << model.weights()[w].path << " element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, Gradients, testing::ValuesIn(cases()), [](const auto& test) {
  return test.param.name;
});

}  // namespace
}  // namespace engram
