// SPDX-License-Identifier: Apache-2.0
/// Files that name classes and functions of somebody's own (tools/golden/custom_objects.py).
#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "engram/inspect.hpp"
#include "engram/io.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/input.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "formats/files.hpp"
#include "formats/json.hpp"
#include "formats/zip.hpp"
#include "golden/golden.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

constexpr std::int64_t kMost = std::int64_t{1} << 24;

std::string path_of(const std::string& name) {
  return std::string(ENGRAM_SOURCE_DIR) + "/tests/golden/keras/" + name + ".keras";
}

struct Case {
  std::string name;
  std::vector<std::string> warnings;
  std::string evaluate, fit;  ///< what stops it; empty: nothing
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"custom_rules",
       {"dense/kernel's regularizer 'Penalty' is none of Keras's: it predicts, but can neither be "
        "evaluated nor trained.",
        "dense/bias's constraint 'Halved' is none of Keras's: it predicts and can be evaluated, "
        "but "
        "not trained.",
        "lstm's kernel_initializer 'Spread' is none of Keras's: its weights are the file's."},
       "dense/kernel's regularizer 'Penalty'",
       "dense/kernel's regularizer 'Penalty'"},
      {"custom_initializer",
       {"lstm's kernel_initializer 'Spread' is none of Keras's: its weights are the file's."},
       "",
       ""},
      {"custom_loss",
       {"loss 'Fourth' is none of Keras's: it predicts, but can neither be evaluated nor trained."},
       "loss 'Fourth'",
       "loss 'Fourth'"},
      {"custom_functions",
       {"loss 'golden>fourth_power' is none of Keras's: it predicts, but can neither be evaluated "
        "nor trained.",
        "metric 'golden>fourth_power' is none of Keras's: logs are without it."},
       "loss 'golden>fourth_power'",
       "loss 'golden>fourth_power'"},
      {"custom_metric", {"metric 'Biggest' is none of Keras's: logs are without it."}, "", ""},
      {"custom_schedule",
       {"optimizer 'Adam with Warm' is none of Keras's: it predicts and can be evaluated, but not "
        "trained."},
       "",
       "optimizer 'Adam with Warm'"},
      {"custom_optimizer",
       {"optimizer 'Slow' is none of Keras's: it predicts and can be evaluated, but not trained."},
       "",
       "optimizer 'Slow'"}};
  return all;
}

class ForeignFile : public ::testing::TestWithParam<Case> {
 protected:
  void expect_refused(const std::string& what, const std::string& where, const auto& use) {
    EXPECT_ERROR(use(),
                 StateError,
                 (where + ": expected what Keras has, got the file's " + what +
                  ". Compile the model with something else, or make it anew.")
                     .c_str());
  }

  void expect_logs(const Logs& logs, const char* key) {
    for (const auto& [name, value] : logs) {
      EXPECT_NEAR(value, golden_[key][name][0].get<double>(), 1e-5) << name;
    }
    EXPECT_EQ(logs.size(), golden_[key].size() - (GetParam().name == "custom_metric" ? 1 : 0));
  }

  golden::json golden_ = golden::read("keras/" + GetParam().name + ".json");
  Tensor x_ = golden::tensor(golden_["x"]), y_ = golden::tensor(golden_["y"]);
  std::vector<std::string> warnings_;
  Model model_ =
      load_model(path_of(GetParam().name),
                 {.warn = [this](const std::string& text) { warnings_.push_back(text); }});
};

TEST_P(ForeignFile, WarnsAndPredicts) {
  golden::expect_near(model_.predict(x_), golden_["predict"], 2e-5);
  ASSERT_EQ(warnings_.size(), GetParam().warnings.size());
  for (std::size_t i = 0; i < warnings_.size(); ++i) {
    EXPECT_EQ(warnings_[i], path_of(GetParam().name) + ": " + GetParam().warnings[i]);
  }
  EXPECT_EQ(describe(model_).warnings, GetParam().warnings);
}

TEST_P(ForeignFile, IsJudgedWhereNothingIsMissing) {
  if (GetParam().evaluate.empty()) {
    expect_logs(model_.evaluate(x_, y_, {.batch_size = 4}), "evaluate");
  } else {
    expect_refused(GetParam().evaluate, "evaluate", [&] { model_.evaluate(x_, y_); });
  }
}

TEST_P(ForeignFile, TrainsWhereNothingIsMissing) {
  if (GetParam().fit.empty()) {
    expect_logs(model_.train_on_batch(x_, y_), "train_on_batch");
  } else {
    expect_refused(GetParam().fit, "fit", [&] { model_.fit(x_, y_); });
    expect_refused(GetParam().fit, "train_on_batch", [&] { model_.train_on_batch(x_, y_); });
  }
}

TEST_P(ForeignFile, IsWrittenAsItWas) {
  const TemporaryFolder folder;
  const std::string path = folder / "again.keras";
  save_model(model_, path);
  EXPECT_EQ(describe(load_model(path)).warnings, GetParam().warnings);
  const auto config = [](const std::string& file) {
    const std::string bytes = formats::read_file(file, kMost);
    return formats::parse_json(formats::ZipReader(bytes, file).read("config.json", kMost), file);
  };
  const formats::Json before = config(path_of(GetParam().name)), after = config(path);
  for (const char* key : {"optimizer", "loss"}) {
    if (GetParam().name.find(key) != std::string::npos) {
      EXPECT_EQ(before["compile_config"][key], after["compile_config"][key]);
    }
  }
  for (std::size_t i = 1; i < 3; ++i) {
    for (const char* key : {"kernel_initializer", "kernel_regularizer", "bias_constraint"}) {
      const formats::Json own = before["config"]["layers"][i]["config"].value(key, formats::Json());
      if (own.is_object() && own["module"] == "golden.custom_objects") {
        EXPECT_EQ(own, after["config"]["layers"][i]["config"][key]) << key;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Keras, ForeignFile, ::testing::ValuesIn(cases()), [](const auto& test) {
  return test.param.name;
});

TEST(ForeignInitializer, GivesNoValues) {
  Sequential model;
  model.add(Dense{.units = 2, .kernel_initializer = Initializer::foreign("Spread", "{}")});
  EXPECT_ERROR(model.build({3}),
               OptionError,
               "first values of weights: expected an initializer of Keras's, got 'Spread'.");
}

TEST(ForeignFile, CompiledAnewItTrains) {
  Model model = load_model(path_of("custom_loss"));
  model.compile({.optimizer = "sgd", .loss = "mse"});
  EXPECT_TRUE(describe(model).warnings.empty());
  EXPECT_NO_THROW(model.train_on_batch(Tensor({2, 5, 2}), Tensor({2, 1})));
}

}  // namespace
}  // namespace engram
