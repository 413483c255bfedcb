// SPDX-License-Identifier: Apache-2.0
/// Metrics with options give what Keras gives (tools/golden/metrics.py), and files keep them.
#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/input.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "io/config.hpp"
#include "io/same_model.hpp"
#include "parts/metric_spec.hpp"
#include "parts/nested.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

Metric metric_of(const golden::json& c) {
  const MetricSpec* spec = find_metric(c["metric"].get<std::string>());
  EXPECT_NE(spec, nullptr) << c["metric"];
  const formats::Json options = formats::Json::parse(c["options"].dump());
  return {Choice<MetricSpec>(*spec,
                             io::read_options(spec->access, formats::JsonAt(options, "options"))),
          ""};
}

std::vector<double> result_of(const Metric& metric, const golden::json& updates) {
  std::vector<double> sums;
  double total = 0;
  for (const golden::json& update : updates) {
    const std::vector<float> predicted = flat(update["y_pred"]), target = flat(update["y_true"]);
    const std::int64_t outputs = last_axis(update["y_pred"]);
    std::vector<float> weight;
    if (!update["weight"].is_null()) {
      weight = flat(update["weight"]);
    }
    const LossRows rows = {.rows = static_cast<std::int64_t>(predicted.size()) / outputs,
                           .outputs = outputs,
                           .predicted = predicted.data(),
                           .target = target.data(),
                           .weight = weight.empty() ? nullptr : weight.data()};
    sums.resize(static_cast<std::size_t>(sums_of(metric, outputs)));
    metric.spec().add(metric.options(), rows, sums.data());
    for (std::int64_t row = 0; row < rows.rows; ++row) {
      total += weight.empty() ? 1.0 : weight[static_cast<std::size_t>(row)];
    }
  }
  return values_of(metric, sums, total);
}

// Keras sums in float32, over up to 33 values; areas are sums over 200 thresholds.
constexpr double kTolerance = 5e-6;

TEST(MetricOptions, GiveWhatKerasGives) {
  const golden::json file = golden::read("metrics.json");
  EXPECT_GT(file["cases"].size(), 90u);
  for (const golden::json& c : file["cases"]) {
    const Metric metric = metric_of(c);
    EXPECT_TRUE(c["name"].get<std::string>().starts_with(metric.name()))  // Keras counts them
        << metric.name() << c["name"];
    EXPECT_NO_THROW(check_metric(metric));
    for (const golden::json& run : c["runs"]) {
      const std::vector<double> values = result_of(metric, run["updates"]);
      ASSERT_EQ(values.size(), run["result"].size()) << c["metric"] << c["options"];
      for (std::size_t i = 0; i < values.size(); ++i) {
        const double want = run["result"][i].get<double>();
        EXPECT_NEAR(values[i], want, kTolerance * std::max(1.0, std::abs(want)))
            << c["metric"] << c["options"] << " value " << i;
      }
    }
  }
}

class MetricFile : public ::testing::TestWithParam<const char*> {
 protected:
  static void expect_logs(const Logs& logs, const golden::json& expected) {
    std::size_t count = 0;
    for (const auto& [name, values] : expected.items()) {
      for (std::size_t i = 0; i < values.size(); ++i, ++count) {
        const std::string own = values.size() > 1 ? name + "[" + std::to_string(i) + "]" : name;
        const auto found = std::ranges::find(logs, own, &Logs::value_type::first);
        ASSERT_NE(found, logs.end()) << own;
        EXPECT_NEAR(found->second, values[i].get<double>(), 2e-5) << own;
      }
    }
    EXPECT_EQ(logs.size(), count);
  }

  void SetUp() override {
    if (GetParam() == std::string_view("masks_stop_sequential")) {
      model_.set_mask_propagation(MaskPropagation::up_to_recurrent_layers);
    }
  }

  golden::json golden_ = golden::read(std::string("keras/") + GetParam() + ".json");
  Model model_ =
      load_model(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/" + GetParam() + ".keras");
};

TEST_P(MetricFile, JudgesAsKeras) {
  const Tensor x = golden::tensor(golden_["x"]), y = golden::tensor(golden_["y"]);
  ASSERT_TRUE(model_.is_compiled()) << model_.data().compile_problem;
  golden::expect_near(model_.predict(x), golden_["predict"], 2e-5);
  expect_logs(model_.evaluate(x, y, {.batch_size = 4}), golden_["evaluate"]);
  expect_logs(model_.train_on_batch(x, y), golden_["train_on_batch"]);
  const std::vector<Tensor> weights = model_.get_weights();
  ASSERT_EQ(weights.size(), golden_["weights_after"].size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    golden::expect_near(weights[i], golden_["weights_after"][i], 2e-5);
  }
}

TEST_P(MetricFile, ComesBackAsItWas) {
  const TemporaryFolder folder;
  const std::string path = folder / "m.keras";
  save_model(model_, path);
  Model again = load_model(path);
  ASSERT_TRUE(again.is_compiled()) << again.data().compile_problem;
  expect_same_model(model_, again);
  expect_logs(
      again.evaluate(golden::tensor(golden_["x"]), golden::tensor(golden_["y"]), {.batch_size = 4}),
      golden_["evaluate"]);
}

INSTANTIATE_TEST_SUITE_P(Keras,
                         MetricFile,
                         ::testing::Values("metrics_binary",
                                           "metrics_classes",
                                           "metrics_numbers",
                                           "metrics_regression",
                                           "ctc",
                                           "masks_stop_sequential",
                                           "masks_stop_graph"));

Model masks_stop(const std::string& kind) {
  return load_model(std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/masks_stop_" + kind +
                    ".keras");
}

TEST(MaskPropagation, GoesThroughRecurrentLayersUnlessToldOtherwise) {
  const golden::json golden = golden::read("keras/masks_stop_sequential.json");
  const Tensor x(golden["x"]["shape"].get<Shape>(),
                 golden["x"]["values"].get<std::vector<float>>());
  Model model = masks_stop("sequential");
  EXPECT_EQ(model.mask_propagation(), MaskPropagation::through_recurrent_layers);
  const Tensor through = model.predict(x);
  model.set_mask_propagation(MaskPropagation::up_to_recurrent_layers);
  EXPECT_NE(model.predict(x), through);
  model.set_mask_propagation(MaskPropagation::through_recurrent_layers);
  EXPECT_EQ(model.predict(x), through);
}

TEST(MaskPropagation, IsReadFromGraphsAndKeptInFiles) {
  EXPECT_EQ(masks_stop("graph").mask_propagation(), MaskPropagation::up_to_recurrent_layers);
  const TemporaryFolder folder;
  Model model = masks_stop("sequential");
  model.set_mask_propagation(MaskPropagation::up_to_recurrent_layers);
  save_model(model, folder / "m.keras");
  EXPECT_EQ(load_model(folder / "m.keras").mask_propagation(),
            MaskPropagation::up_to_recurrent_layers);
}

TEST(MetricOptions, AreCheckedByCompile) {
  Sequential model({Dense{.units = 1}});
  EXPECT_ERROR(model.compile({.metrics = {Precision{.thresholds = {1.5f}}}}),
               OptionError,
               "Precision: expected thresholds in [0, 1], got 1.500000.");
  EXPECT_ERROR(model.compile({.metrics = {IoU{.num_classes = 2, .target_class_ids = {2}}}}),
               OptionError,
               "IoU: expected target_class_ids in [0, 2), got 2.");
  EXPECT_ERROR(model.compile({.metrics = {AUC{.num_labels = 3}}}),
               OptionError,
               "AUC: expected num_labels with multi_label only, got 3.");
  EXPECT_ERROR(
      model.compile({.metrics = {OneHotMeanIoU{.num_classes = 2, .sparse_y_pred = true}}}),
      OptionError,
      "OneHotMeanIoU: expected sparse_y_pred False beside one-hot targets, got True. Targets and "
      "outputs of a loss have one shape.");
  EXPECT_ERROR(model.compile({.metrics = {F1Score{.threshold = 0.0f}}}),
               OptionError,
               "F1Score: expected threshold in (0, 1], got 0.");
}

TEST(Ctc, RefusesWhatItCannotJudge) {
  Sequential steps({Input{.shape = {5, 2}}, Dense{.units = 3}});
  steps.compile({.loss = "ctc", .metrics = {"mae"}});
  EXPECT_ERROR(
      steps.evaluate(Tensor({2, 5, 2}), Tensor({2, 2})),
      OptionError,
      "metric 'mae': expected no metric beside ctc, got one. Its targets have another shape "
      "than the outputs.");
  Sequential flat_model({Input{.shape = {2}}, Dense{.units = 3}});
  flat_model.compile({.loss = "ctc"});
  EXPECT_ERROR(flat_model.evaluate(Tensor({2, 2}), Tensor({2, 2})),
               ShapeError,
               "evaluate: y: expected outputs (steps, classes) for ctc, got (3,).");
}

TEST(MetricOptions, NamesAndSeveralValuesAreInTheLogs) {
  Sequential model({Input{.shape = {2}}, Dense{.units = 2, .activation = "sigmoid"}});
  model.compile({.loss = "binary_crossentropy",
                 .metrics = {Precision{.thresholds = {0.25f, 0.75f}, .name = "p"},
                             Loss(BinaryCrossentropy{.label_smoothing = 0.5f})}});
  const Logs logs = model.evaluate(Tensor({3, 2}), Tensor({3, 2}));
  std::vector<std::string> names;
  for (const auto& [name, value] : logs) {
    names.push_back(name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"loss", "p[0]", "p[1]", "binary_crossentropy"}));
}

}  // namespace
}  // namespace engram
