// SPDX-License-Identifier: Apache-2.0
/// What load_model says about files that it does not take.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "expect_error.hpp"
#include "io/archive.hpp"
#include "layers/layer_spec.hpp"
#include "model/model_data.hpp"

namespace engram {
namespace {

using formats::Json;

/// A change of the small file, and what its refusal says behind the path.
struct Refusal {
  const char* name;
  std::function<void(Archive&)> change;
  const char* text;
};

std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

std::string name_of(const testing::TestParamInfo<Refusal>& info) { return info.param.name; }

class RefusedModel : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedModel, IsToldWhy) {
  const TemporaryFolder folder;
  Archive archive = small_archive();
  GetParam().change(archive);
  const std::string path = archive.write(folder);
  std::string text = path + ": " + GetParam().text;
  if (const std::size_t at = text.find("{layers}"); at != std::string::npos) {
    text.replace(at, 8, fmt::format("{}", fmt::join(layer_names(), ", ")));
  }
  EXPECT_ERROR(load_model(path), FileError, text.c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Config,
    RefusedModel,
    testing::Values(
        Refusal{
            "LambdaLayer",
            [](Archive& a) {
              a.config["config"]["layers"][2] = {
                  {"class_name", "Lambda"},
                  {"config", {{"function", {{"class_name", "__lambda__"}, {"code", "4wE="}}}}}};
            },
            "config.json.config.layers[2]: expected a supported layer, got 'Lambda'. Supported: "
            "{layers}."},
        Refusal{"GraphWithoutInputs",
                [](Archive& a) { a.config["class_name"] = "Functional"; },
                "config.json.config.input_layers: expected a value, got none."},
        Refusal{"UnknownOption",
                [](Archive& a) { a.layer(3)["unit"] = 1; },
                "config.json.config.layers[3].config: expected a supported option, got 'unit'. Did "
                "you mean 'units'? Supported: activation, activity_regularizer, bias_constraint, "
                "bias_initializer, bias_regularizer, kernel_constraint, kernel_initializer, "
                "kernel_regularizer, name, "
                "quantization_config, trainable, units, use_bias."},
        Refusal{"UnknownActivation",
                [](Archive& a) { a.layer(3)["activation"] = "sigmoidal"; },
                "config.json.config.layers[3].config.activation: expected a supported activation, "
                "got 'sigmoidal'. Did you mean 'sigmoid'? Supported: linear, tanh, sigmoid, "
                "hard_sigmoid, relu, softmax, relu6, leaky_relu, elu, celu, selu, softplus, "
                "log_sigmoid, softsign, exponential, soft_shrink, hard_shrink, hard_tanh, "
                "tanh_shrink, sparse_plus, sparse_sigmoid, squareplus, silu, hard_silu, gelu, "
                "mish, log_softmax."},
        Refusal{"ActivationOfAnObject",
                [](Archive& a) {
                  a.layer(3)["activation"] = {
                      {"module", "os"}, {"class_name", "function"}, {"config", "system"}};
                },
                "config.json.config.layers[3].config.activation.config: expected a supported "
                "activation, got 'system'. Supported: linear, tanh, sigmoid, "
                "hard_sigmoid, relu, softmax, relu6, leaky_relu, elu, celu, selu, softplus, "
                "log_sigmoid, softsign, exponential, soft_shrink, hard_shrink, hard_tanh, "
                "tanh_shrink, sparse_plus, sparse_sigmoid, squareplus, silu, hard_silu, gelu, "
                "mish, log_softmax."},
        Refusal{"InitializerWithoutName",
                [](Archive& a) {
                  a.layer(3)["kernel_initializer"] = {{"class_name", "../x"}};
                },
                "config.json.config.layers[3].config.kernel_initializer.class_name: expected a "
                "name of at most 512 bytes without slashes or control characters, got '../x'."},
        Refusal{"StatefulLayerOfAnyBatchSize",
                [](Archive& a) { a.layer(1)["stateful"] = true; },
                "config.json: sequential: expected an Input with a batch_size, got stateful layers "
                "behind one without. States are carried for a fixed number of rows."},
        Refusal{"BatchSize",
                [](Archive& a) { a.layer(0)["batch_shape"][0] = 0; },
                "config.json.config.layers[0].config.batch_shape[0]: expected a batch size of 1 to "
                "2^31, or null, got 0."},
        Refusal{"Regularizer",
                [](Archive& a) {
                  a.layer(1)["kernel_regularizer"] = {{"class_name", "../x"}};
                },
                "config.json.config.layers[1].config.kernel_regularizer.class_name: expected a "
                "name of at most 512 bytes without slashes or control characters, got '../x'."},
        Refusal{
            "RaggedInput",
            [](Archive& a) { a.layer(0)["ragged"] = true; },
            "config.json.config.layers[0].config.ragged: expected false, the only value that is "
            "supported, got true."},
        Refusal{
            "SecondInput",
            [](Archive& a) { a.config["config"]["layers"][2] = a.config["config"]["layers"][0]; },
            "config.json.config.layers[2]: expected no InputLayer behind another layer, got an "
            "object of 4."},
        Refusal{"DropoutOfOne",
                [](Archive& a) { a.layer(2)["rate"] = 1.0; },
                "config.json.config.layers[2].config.rate: expected in [0, 1), got 1.0."},
        Refusal{
            "UnitsAsText",
            [](Archive& a) { a.layer(1)["units"] = "2"; },
            "config.json.config.layers[1].config.units: expected a whole number of 64 bits, got "
            "'2'."},
        Refusal{"NoUnits",
                [](Archive& a) { a.layer(1).erase("units"); },
                "config.json.config.layers[1]: LSTM 'lstm': expected units at least 1, got 0."},
        Refusal{"NameTwice",
                [](Archive& a) { a.layer(3)["name"] = "lstm"; },
                "config.json.config.layers[3]: sequential: expected a different name for each "
                "layer, got 'lstm' twice."},
        Refusal{"InputOfAnotherRank",
                [](Archive& a) {
                  a.layer(0)["batch_shape"] = {nullptr, 4};
                },
                "config.json: LSTM 'lstm': expected input of rank 3 (batch, time, features), got "
                "(None, 4). Add a time or a feature axis."},
        Refusal{
            "InputWithAnAxisOfNothing",
            [](Archive& a) {
              a.layer(0)["batch_shape"] = {nullptr, 0, 1};
            },
            "config.json.config.layers[0].config.batch_shape[1]: expected an axis of 1 to 2^31, "
            "or null, got 0."},
        Refusal{
            "InputWithoutFeatures",
            [](Archive& a) {
              a.layer(0)["batch_shape"] = {nullptr, 4, nullptr};
            },
            "config.json: LSTM 'lstm': expected a known number of input features, got (4, None) "
            "a sample. Give the last axis of Input::shape."},
        Refusal{
            "NoInput",
            [](Archive& a) {
              a.config["config"]["layers"].erase(0);
              a.config["config"].erase("build_input_shape");
              a.config.erase("build_config");
            },
            "config.json: expected the shape of the input, got no InputLayer, build_input_shape "
            "or build_config."},
        Refusal{"NoLayers",
                [](Archive& a) { a.config["config"]["layers"] = Json::array(); },
                "config.json.config.layers: expected 1 to 1024 layers, got a list of 0."}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Weights,
    RefusedModel,
    testing::Values(
        Refusal{"OfAnotherShape",
                [](Archive& a) {
                  a.layer(0)["batch_shape"] = {nullptr, 4, 2};
                },
                "model.weights.h5: layers/lstm/cell/vars/0: expected shape (2, 8), got (1, 8)."},
        Refusal{"Fewer",
                [](Archive& a) { a.layer(3)["units"] = 50; },
                "model.weights.h5: expected 182 parameters, got 107 values in all."},
        Refusal{"OfMoreLayers",
                [](Archive& a) {
                  a.config["config"]["layers"][3] = {{"class_name", "Dropout"},
                                                     {"config", {{"rate", 0.5}}}};
                },
                "model.weights.h5: layers/dense/vars/0: expected no array, got (2, 1). The file is "
                "of another model."},
        Refusal{"WithoutOneSlot",
                [](Archive& a) { a.compile()["optimizer"]["config"]["amsgrad"] = true; },
                "model.weights.h5: optimizer/vars/12: expected an array, got nothing of this name. "
                "The file is of another model, or damaged."},
        Refusal{"WithMoreSlots",
                [](Archive& a) { a.compile()["optimizer"] = "sgd"; },
                "model.weights.h5: optimizer/vars/2: expected 2 optimizer variables, got more."}),
    name_of);

/// Sets a value of engram/state.json.
std::function<void(Archive&)> with_state(const char* pointer, const Json& value) {
  return [=](Archive& a) {
    Json state = formats::parse_json(a["engram/state.json"], "state");
    state[Json::json_pointer(pointer)] = value;
    a["engram/state.json"] = state.dump();
  };
}

INSTANTIATE_TEST_SUITE_P(
    State,
    RefusedModel,
    testing::Values(
        Refusal{"OfANewerVersion",
                with_state("/engram", 2),
                "engram/state.json.engram: expected version 1, got 2. The file is of a newer "
                "engram."},
        Refusal{"WithALargerSeed",
                with_state("/seed", "18446744073709551616"),
                "engram/state.json.seed: expected a whole number below 2^64, got "
                "'18446744073709551616'."},
        Refusal{"WithANegativeSeed",
                with_state("/seed", "-1"),
                "engram/state.json.seed: expected a whole number below 2^64, got '-1'."},
        Refusal{"WithOtherSums",
                with_state("/training/metric_sums", {1, 2, 3}),
                "engram/state.json.training.metric_sums: expected 2 sums, got a list of 3."},
        Refusal{"WithoutAColumn",
                with_state("/training/history", {"loss", "mae", "x"}),
                "engram/history.h5: 2: expected a column of numbers, got none."}),
    name_of);

TEST(RefusedModels, HaveNamesThatAreNoPlainNames) {
  const TemporaryFolder folder;
  for (const std::string& name : {std::string("../../x"),
                                  std::string("/etc/passwd"),
                                  std::string("a\0b", 3),
                                  std::string("a\x1b[2J"),
                                  std::string("a\nb"),
                                  std::string(4096, 'x')}) {
    for (const char* pointer : {"/config/name",
                                "/config/layers/0/config/name",
                                "/config/layers/1/config/name",
                                "/config/layers/2/config/name"}) {
      Archive archive = small_archive();
      archive.config[Json::json_pointer(pointer)] = name;
      try {
        load_model(archive.write(folder));
        ADD_FAILURE() << name << " as " << pointer;
      } catch (const FileError& problem) {
        EXPECT_NE(std::string(problem.what()).find("expected a name of at most 512 bytes"),
                  std::string::npos)
            << problem.what();
      }
    }
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"m.keras"});
}

TEST(RefusedModels, MayStillPredictWhenOnlyTheirCompilingIsNotSupported) {
  const TemporaryFolder folder;
  const std::vector<std::pair<const char*, Json>> changes = {
      {"/compile_config/optimizer/config/learning_rate", {{"class_name", "CosineDecay"}}},
      {"/compile_config/optimizer/config/gradient_accumulation_steps", 1},
      {"/compile_config/optimizer/config/epsilon", 1e300},
      {"/compile_config/optimizer/config", {{"clipnorm", 1.0}, {"clipvalue", 1.0}}},
      {"/compile_config/optimizer",
       {{"class_name", "MultiOptimizer"},
        {"config",
         {{"optimizer_map",
           {{"class_name", "OptimizerMap"},
            {"config",
             {{"default_optimizer", "adam"},
              {"optimizer_map", {{".*/kernel", "sgd"}, {"lstm/.*", "sgd"}}}}}}}}}}},
      {"/compile_config/loss", "../../x"},
      {"/compile_config/loss_weights", {1.0, 2.0}},
      {"/compile_config/metrics",
       {{{"class_name", "BinaryAccuracy"}, {"config", {{"threshold", "low"}}}}}},
      {"/compile_config/metrics",
       {{{"class_name", "MeanSquaredError"}, {"config", {{"name", "../../x"}}}}}}};
  for (const auto& [pointer, value] : changes) {
    Archive archive = small_archive();
    archive.config[Json::json_pointer(pointer)] = value;
    Model model = load_model(archive.write(folder));
    EXPECT_FALSE(model.is_compiled()) << pointer << value;
    EXPECT_NE(model.data().compile_problem, "") << pointer;
    EXPECT_EQ(model.predict(Tensor({2, 4, 1})).shape(), (Shape{2, 1}));
  }
}

TEST(LoadModel, TakesFunctionsOfKeras) {
  const TemporaryFolder folder;
  Archive archive = small_archive();
  const Json function = {{"module", "builtins"}, {"class_name", "function"}};
  archive.compile()["loss"] = function;
  archive.compile()["loss"]["config"] = "mean_absolute_error";
  archive.compile()["metrics"] = {function};
  archive.compile()["metrics"][0]["config"] = "mean_squared_error";
  archive.layer(3)["activation"] = function;
  archive.layer(3)["activation"]["config"] = "relu";
  const Model model = load_model(archive.write(folder));
  ASSERT_TRUE(model.is_compiled()) << model.data().compile_problem;
  EXPECT_EQ(model.data().compiled->loss.spec().name, "mean_absolute_error");
  EXPECT_EQ(model.data().compiled->metrics[0].name(), "mean_squared_error");
}

TEST(LoadModel, IgnoresMembersAndModulesThatItDoesNotKnow) {
  const TemporaryFolder folder;
  Archive archive = small_archive();
  archive.config["config"]["layers"][1]["module"] = "os";
  archive.config["config"]["layers"][1]["registered_name"] = "system";
  std::vector<formats::ZipMember> members = Archive(archive.bytes()).members();
  members.push_back({"assets/x.txt", "hello"});
  EXPECT_NO_THROW(load_model(write_anew(folder, formats::write_zip(members))));
}

}  // namespace
}  // namespace engram
