// SPDX-License-Identifier: Apache-2.0
/// Losses, gradients and three epochs of training against real Keras, for stacks of each cell and
/// every optimizer and loss.
#include <algorithm>

#include "golden.hpp"
#include "model/batches.hpp"
#include "parts/loss_spec.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {
namespace {

using golden::json;

// Keras on TensorFlow feeds Adam one gradient for each occurrence of a word in a batch, on JAX and
// PyTorch their sum. engram takes the sum; this case records the other.
constexpr const char* kTensorflowSlices = "letters_tensorflow_slices";

std::vector<json> training_cases() {
  std::vector<json> cases;
  for (const char* name : {"training.json",
                           "training_parts.json",
                           "sample_weights.json",
                           "reductions.json",
                           "activities.json"}) {
    const json file = golden::read(name);
    cases.insert(cases.end(), file["cases"].begin(), file["cases"].end());
  }
  return cases;
}

Tensor make_x(const json& golden, std::uint64_t index, std::int64_t rows) {
  Shape shape = golden["input_shape"].get<Shape>();
  shape[0] = rows;
  const std::uint64_t seed = golden["seed"].get<std::uint64_t>() * 1000 + index;
  return golden.contains("words")
             ? golden::stream_of_ids(seed, shape, golden["words"].get<std::uint64_t>())
             : golden::stream(seed, shape);
}

Tensor make_y(const json& golden, std::uint64_t index, std::int64_t rows) {
  const json& y = golden["y"];
  Shape shape = y["shape"].get<Shape>();
  shape[0] = rows;
  const std::uint64_t seed = golden["seed"].get<std::uint64_t>() * 1000 + index;
  const std::string kind = y["kind"].get<std::string>();
  if (kind == "values") {
    return golden::stream(seed, shape);
  }
  const std::uint64_t classes = kind == "binary" ? 2 : y["classes"].get<std::uint64_t>();
  const Tensor ids = golden::stream_of_ids(seed, shape, classes);
  if (kind != "one_hot") {
    return ids;
  }
  const auto depth = static_cast<std::int64_t>(classes);
  shape.push_back(depth);
  Tensor one_hot(shape);
  for (std::int64_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<std::int64_t>(ids.values()[static_cast<std::size_t>(i)]);
    one_hot.values()[static_cast<std::size_t>(i * depth + id)] = 1;
  }
  return one_hot;
}

/// What the samples of a case weigh, from the stream `index`, or nothing.
Arrays make_weights(const json& golden, std::uint64_t index, std::int64_t rows) {
  if (!golden.contains("sample_weight")) {
    return {};
  }
  Shape shape = golden["sample_weight"].get<Shape>();
  shape[0] = rows;
  Tensor weights = golden::stream(golden["seed"].get<std::uint64_t>() * 1000 + index, shape);
  for (float& weight : weights.values()) {
    weight = std::abs(weight);
  }
  return weights;
}

std::vector<Metric> metrics_of(const json& golden, const char* key) {
  std::vector<Metric> metrics;
  for (const json& name : golden.value(key, json::array())) {
    metrics.emplace_back(name.get<std::string>());
  }
  return metrics;
}

Sequential build_model(const json& golden) {
  std::vector<Layer> layers;
  for (const json& layer : golden["layers"]) {
    layers.push_back(golden::layer_of(layer));
  }
  Sequential model(layers);
  const std::string optimizer = golden["optimizer"]["class_name"].get<std::string>();
  const std::string loss = golden["loss"]["class_name"].get<std::string>();
  model.compile({.optimizer = golden::chosen<Optimizer>(*find_optimizer(optimizer),
                                                        golden["optimizer"]["config"]),
                 .loss = golden::chosen<Loss>(*find_loss(loss), golden["loss"]["config"]),
                 .metrics = metrics_of(golden, "metrics"),
                 .weighted_metrics = metrics_of(golden, "weighted_metrics")});
  const Shape shape = golden["input_shape"].get<Shape>();
  model.build(Shape(shape.begin() + 1, shape.end()));
  model.set_weights(golden::weights_of(golden));
  return model;
}

class GoldenTraining : public testing::TestWithParam<json> {};

TEST_P(GoldenTraining, FirstGradientsAgree) {
  const json& golden = GetParam();
  Sequential model = build_model(golden);
  const auto all = golden["input_shape"][0].get<std::int64_t>();
  const auto rows = std::min(golden["batch_size"].get<std::int64_t>(), all);
  const Tensor x = make_x(golden, 0, all).rows(0, rows), y = make_y(golden, 1, all).rows(0, rows);
  std::vector<RowsView> weights;
  const Arrays all_weights = make_weights(golden, 802, all);
  for (const RowsView& array : all_weights.views()) {
    weights.push_back(array.rows(0, rows));
  }
  const double loss =
      model.evaluate(x, y, {.batch_size = rows, .sample_weight = weights})[0].second;
  EXPECT_NEAR(loss, golden["loss_value"]["value"].get<double>(), 1e-5);
  const std::vector<Tensor> gradients = gradients_of(model.data(), x, y, weights);
  ASSERT_EQ(gradients.size(), golden["gradients"].size());
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    golden::expect_near(gradients[i], golden["gradients"][i], 1e-5);  // the project's bound, a step
  }
}

TEST_P(GoldenTraining, ThreeEpochsAgree) {
  const json& golden = GetParam();
  Sequential model = build_model(golden);
  const auto rows = golden["input_shape"][0].get<std::int64_t>();
  FitOptions options = {.batch_size = golden["batch_size"].get<std::int64_t>(),
                        .epochs = golden["epochs"].get<std::int64_t>(),
                        .shuffle = false};
  if (golden.contains("validation")) {
    const auto count = golden["validation"].get<std::int64_t>();
    options.validation_data = {.x = make_x(golden, 800, count),
                               .y = make_y(golden, 801, count),
                               .sample_weight = make_weights(golden, 803, count)};
  }
  options.sample_weight = make_weights(golden, 802, rows);
  const json classes = golden.value("class_weight", json::object());
  for (const auto& [label, weight] : classes.items()) {
    options.class_weight[std::stoll(label)] = weight.get<float>();
  }
  const History history = model.fit(make_x(golden, 0, rows), make_y(golden, 1, rows), options);
  const bool differs = golden["name"] == kTensorflowSlices;
  EXPECT_EQ(history.history.size(), golden["history"].size());
  double largest = 0;
  for (const auto& [name, expected] : golden["history"].items()) {
    ASSERT_TRUE(history.history.contains(name)) << name;
    for (std::size_t epoch = 0; epoch < expected["values"].size(); ++epoch) {
      const double value = expected["values"][epoch].get<double>();
      const double off = std::abs(history.history.at(name)[epoch] - value);
      largest = std::max(largest, off / std::max(1.0, std::abs(value)));
    }
  }
  if (differs) {
    EXPECT_GT(largest, 1e-4);
    return;
  }
  EXPECT_LT(largest, 1e-4);  // the project's bound for trajectories of three epochs
  const std::vector<Tensor> weights = model.get_weights();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    golden::expect_near(weights[i], golden["final_weights"][i], 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Keras,
                         GoldenTraining,
                         testing::ValuesIn(training_cases()),
                         [](const auto& test) {
                           return test.param["name"].template get<std::string>();
                         });

}  // namespace
}  // namespace engram
