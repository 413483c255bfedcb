// SPDX-License-Identifier: Apache-2.0
/// What save_model writes, load_model gives back, for every kind of layer, optimizer and loss.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engram/error.hpp"
#include "engram/io.hpp"
#include "expect_error.hpp"
#include "io/config.hpp"
#include "io/same_model.hpp"
#include "layers/layer_spec.hpp"
#include "model/chapter_models.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

/// Gives the sizes that a layer needs, and changes the option in turn `which` to another value.
class ChangeOption final : public OptionVisitor {
 public:
  /// The layers inside wrappers are recurrent where they can be.
  ChangeOption(int which, bool has_recurrent_layers)
      : left_(which), has_recurrent_layers_(has_recurrent_layers) {}

  bool has_changed() const { return left_ < 0; }

  void option(std::string_view, std::int64_t& v, const Rule& rule) override {
    const std::int64_t other = rule.allows(5) ? 5 : 2;  // of LSTM's 3 units, 2 are projected to
    v = is_turn() ? other : (rule.allows(static_cast<double>(v)) ? v : 3);
  }

  void option(std::string_view, float& v, const Rule& rule) override {
    const float other = rule.allows(0.3) ? 0.3f : -0.3f;
    const bool is_large = std::abs(v) > 1.5f;  // Muon's polynomial must not change much
    v = is_turn() ? (is_large ? 1.01f * v : other) : v;
  }

  void option(std::string_view, std::optional<float>& v, const Rule&) override {
    v = is_turn() ? 0.3f : v;
  }

  void option(std::string_view, std::optional<std::int64_t>& v) override { v = is_turn() ? 7 : v; }

  void option(std::string_view n, std::optional<std::int64_t>& v, const Rule& rule) override {
    if (rule.allows(7)) {
      option(n, v);
    } else {
      v = is_turn() ? static_cast<std::int64_t>(rule.low) : v;
    }
  }

  void option(std::string_view, KindOption& v) override {
    if (is_turn()) {
      const std::string_view name = v.names()[0];
      std::shared_ptr<void> options = v.find(name)->create();
      ChangeOption numbers(99, false);
      v.find(name)->visit(options.get(), numbers);
      v.set(name, std::move(options));
    }
  }

  void option(std::string_view n, bool& v) override {
    v = is_turn() && n != "return_state" ? !v : v;  // a line of layers has no place for states
  }

  void option(std::string_view, std::string& v) override { v = is_turn() ? "other \"name\"" : v; }

  /// A noise_shape must fit the sample that a model is made for, (batch, 4, 2).
  void option(std::string_view n, Shape& v) override {
    v = !is_turn() ? v : (n == "noise_shape" ? Shape{-1, 1, 2} : Shape{1, 2});
  }

  void numbers(std::string_view, std::vector<float>& v) override {
    v = is_turn() ? std::vector<float>{0.5f, -0.25f} : v;
  }

  void choice(std::string_view,
              std::string& v,
              std::span<const std::string_view> allowed) override {
    v = is_turn() ? allowed[1] : v;
  }

  void option(std::string_view, Activation& v) override {
    v = is_turn() ? Activation("hard_sigmoid") : v;
  }

  void option(std::string_view, Initializer& v) override {
    v = is_turn() ? Initializer(RandomUniform{.minval = -0.3f, .maxval = 0.7f, .seed = 11}) : v;
  }

  void option(std::string_view,
              std::optional<std::string>& v,
              std::span<const std::string_view> names) override {
    v = is_turn() ? std::string(names.empty() ? "any \"text\"" : names.back()) : v;
  }

  void whole_numbers(std::string_view, std::vector<std::int64_t>& v, const Rule&, bool) override {
    v = is_turn() ? std::vector<std::int64_t>{5, 2} : v;
  }

  void texts(std::string_view, std::vector<std::string>& v) override {
    v = is_turn() ? std::vector<std::string>{"one", "\u00e9 \"two\"\n"} : v;
  }

  void option(std::string_view n, std::optional<Layer>& v) override {
    // With names: without one, files give an inner layer that of its kind.
    if (!has_recurrent_layers_) {
      v = Dense{.units = is_turn() ? 2 : 3, .name = "inner"};
    } else if (n == "layer") {
      v = is_turn() ? Layer(GRU{.units = 3, .return_sequences = true, .name = "inner"})
                    : Layer(LSTM{.units = 3, .name = "inner"});
    } else if (is_turn()) {
      v = SimpleRNN{.units = 3, .go_backwards = true, .name = "other"};
    }
  }

  void fixed(std::string_view, const FixedValue&) override {}

 private:
  bool is_turn() { return left_-- == 0; }

  int left_;
  bool has_recurrent_layers_;
};

/// A kind with each of its options changed in turn, then one that is as it was.
template <class Chosen, class Spec>
std::vector<Chosen> each_option(const Spec& spec) {
  std::vector<Chosen> all;
  for (bool has_changed = true; has_changed;) {
    std::shared_ptr<void> options = spec.access.create();
    ChangeOption change(static_cast<int>(all.size()), spec.class_name != "TimeDistributed");
    spec.access.visit(options.get(), change);
    has_changed = change.has_changed();
    all.emplace_back(spec, std::move(options));
  }
  return all;
}

/// Rows of 4 steps of 2 features, or of 4 ids.
Tensor inputs(bool are_ids) {
  Tensor x(are_ids ? Shape{3, 4} : Shape{3, 4, 2});
  for (std::size_t i = 0; i < x.values().size(); ++i) {
    x.values()[i] = are_ids ? static_cast<float>(i % 3) : std::sin(1.7f * static_cast<float>(i));
  }
  return x;
}

Tensor targets() { return Tensor({3, 1}, {0.25f, 1.0f, 0.0f}); }

/// Layers that end in one sigmoid unit, trained for two batches.
Model trained(std::vector<Layer> layers, const CompileOptions& options, bool are_ids = false) {
  if (layers.back().spec().class_name != "Dense") {
    layers.push_back(LSTM{.units = 2, .name = "last_lstm"});
  }
  layers.push_back(Dense{.units = 1, .activation = "sigmoid", .name = "last_dense"});
  Sequential model(layers);
  model.compile(options);
  for (int batch = 0; batch < 2; ++batch) {
    model.train_on_batch(inputs(are_ids), targets());
  }
  return model;
}

/// Expects a loaded model to be, to predict and to train as the saved one.
void expect_round_trip(Model& model, const Tensor& x) {
  const TemporaryFolder folder;
  save_model(model, folder / "m.keras");
  Model loaded = load_model(folder / "m.keras");
  expect_same_model(loaded, model);
  model.reset_states();  // files keep the states of a training only
  EXPECT_TRUE(is_same(loaded.predict(x), model.predict(x)));
  for (int batch = 0; batch < 2; ++batch) {
    EXPECT_EQ(loaded.train_on_batch(x, targets()), model.train_on_batch(x, targets()));
  }
  expect_same_weights(loaded.data(), model.data());
  expect_same_compiled(loaded.data(), model.data());
}

TEST(RoundTrip, EveryOptionOfEveryLayer) {
  for (const LayerSpec* spec : layers()) {
    for (const Layer& layer : each_option<Layer>(*spec)) {
      const io::Json config = io::config_of(spec->access, layer.options());
      const Layer read(*spec, io::read_options(spec->access, io::JsonAt(config, "config")));
      EXPECT_EQ(texts_of(read), texts_of(layer));
    }
  }
}

TEST(RoundTrip, ModelsOfEveryOptionOfTheRecurrentLayers) {
  constexpr std::array<std::string_view, 9> kKinds = {"Bidirectional",
                                                      "Dense",
                                                      "Dropout",
                                                      "Embedding",
                                                      "GRU",
                                                      "LSTM",
                                                      "Masking",
                                                      "SimpleRNN",
                                                      "TimeDistributed"};
  for (const LayerSpec* spec : layers()) {
    if (std::ranges::count(kKinds, spec->class_name) == 0) {
      continue;
    }
    const bool is_recurrent =
        spec->weight_groups != nullptr && spec->class_name != "TimeDistributed";
    const bool are_ids = spec->class_name == "Embedding";
    for (const Layer& layer : each_option<Layer>(*spec)) {
      SCOPED_TRACE(::testing::PrintToString(texts_of(layer)));
      // A recurrent layer that returns its last state only has a layer of steps before it.
      std::vector<Layer> line;
      line.reserve(3);  // without it GCC 12 warns of bounds that it takes wrong
      line.push_back(layer);
      if (is_recurrent && std::ranges::count(texts_of(layer), "return_sequences=true") == 0) {
        line.push_back(Dense{.units = 2, .name = "middle_dense"});
      } else if (spec->class_name == "Dense") {
        line.push_back(SimpleRNN{.units = 2, .name = "middle_rnn"});
        line.push_back(Dense{.units = 2, .name = "middle_dense"});
      }
      Model model = trained(line, {.optimizer = Adam{}, .loss = "mse"}, are_ids);
      expect_round_trip(model, inputs(are_ids));
    }
  }
}

TEST(RoundTrip, EveryActivationAndInitializer) {
  for (const std::string_view activation : Activation::names()) {
    for (const Initializer& initializer : {Initializer("he_normal"),
                                           Initializer("orthogonal"),
                                           Initializer("ones"),
                                           Initializer(Constant{.value = 0.1f}),
                                           Initializer(TruncatedNormal{.mean = 0.2f, .seed = 3}),
                                           Initializer(Orthogonal{.gain = 1.5f})}) {
      Model model = trained({LSTM{.units = 3, .kernel_initializer = initializer},
                             Dense{.units = 4, .activation = Activation(activation)}},
                            {.optimizer = SGD{}, .loss = "mse"});
      expect_round_trip(model, inputs(false));
    }
  }
}

TEST(RoundTrip, EveryKindOfInitializerRegularizerAndConstraint) {
  const std::vector<Layer> layers = {
      Dense{.units = 2,
            .kernel_initializer =
                VarianceScaling{.scale = 0.5f, .mode = "fan_avg", .distribution = "uniform"}},
      Dense{.units = 2, .kernel_initializer = Identity{.gain = 0.5f}},
      Dense{.units = 2,
            .kernel_regularizer = L1L2{.l1 = 0.1f, .l2 = 0.2f},
            .bias_regularizer = L2{.l2 = 0.25f},
            .kernel_constraint = MinMaxNorm{.min_value = 0.1f, .max_value = 2, .axis = 1},
            .bias_constraint = "non_neg"},
      GRU{.units = 3,
          .return_sequences = true,
          .kernel_regularizer = OrthogonalRegularizer{.mode = "columns"},
          .recurrent_regularizer = "l1",
          .recurrent_constraint = UnitNorm{.axis = 1},
          .bias_constraint = MaxNorm{.max_value = 3}}};
  Model model = trained(layers, {.optimizer = "adam", .loss = "mse"});
  expect_round_trip(model, inputs(false));
}

TEST(RoundTrip, EveryOptionOfEveryOptimizer) {
  std::vector<Optimizer> all = {
      SGD{.momentum = 0.9f, .nesterov = true},
      RMSprop{.momentum = 0.5f, .centered = true},
      Adam{.amsgrad = true, .clipnorm = 0.1f},
      Muon{.learning_rate = CosineDecay{.decay_steps = 7, .warmup_target = 0.1f, .warmup_steps = 2},
           .use_ema = true,
           .gradient_accumulation_steps = 2},
      SGD{.learning_rate =
              PiecewiseConstantDecay{.boundaries = {1, 3}, .values = {0.3f, 0.2f, 0.1f}}}};
  for (const OptimizerSpec* spec : optimizers()) {
    const std::vector<Optimizer> changed = each_option<Optimizer>(*spec);
    all.insert(all.end(), changed.begin(), changed.end());
  }
  for (const Optimizer& optimizer : all) {
    SCOPED_TRACE(::testing::PrintToString(texts_of(optimizer)));
    Model model = trained({GRU{.units = 3}, Dense{.units = 2, .trainable = false}},
                          {.optimizer = optimizer, .loss = "mae"});
    expect_round_trip(model, inputs(false));
  }
}

TEST(RoundTrip, EveryOptionOfEveryLoss) {
  for (const LossSpec* spec : losses()) {
    for (const Loss& loss : each_option<Loss>(*spec)) {
      SCOPED_TRACE(::testing::PrintToString(texts_of(loss)));
      if (spec->has_class_targets || spec->name == "ctc") {
        continue;  // EveryMetric has one; MetricFile the other
      }
      Model model = trained({SimpleRNN{.units = 2}, Dense{.units = 2}},
                            {.optimizer = "adagrad", .loss = loss});
      expect_round_trip(model, inputs(false));
    }
  }
}

TEST(RoundTrip, EveryMetricUnderItsName) {
  const std::vector<Metric> names = {
      "accuracy",
      "acc",
      "mse",
      "MAE",
      "mean_absolute_error",
      "binary_accuracy",
      "root_mean_squared_error",
      Metric(Choice<MetricSpec>(*find_metric("mse"), find_metric("mse")->access.create()),
             "square")};
  Model model = trained({SimpleRNN{.units = 2}, Dense{.units = 2}},
                        {.optimizer = "adam", .loss = "mse", .metrics = names});
  expect_round_trip(model, inputs(false));

  Sequential classes({Input{.shape = {2}}, Dense{.units = 3, .activation = "softmax"}});
  classes.compile({.optimizer = "adam",
                   .loss = SparseCategoricalCrossentropy{.from_logits = true},
                   .metrics = {"accuracy", "sparse_categorical_accuracy"}});
  const TemporaryFolder folder;
  save_model(classes, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), classes);
}

TEST(RoundTrip, ModelsThatWereNotCompiledOrTrained) {
  const TemporaryFolder folder;
  Sequential model(std::vector<Layer>{Input{.shape = {-1, 2}}, GRU{.units = 3}}, "two words");
  model.notes() = {{"scaler", "{\"min\": 1}"}, {"column 收盘", ""}};
  save_model(model, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), model);

  model.compile({.optimizer = Adam{.amsgrad = true}, .loss = "mse"});
  save_model(model, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), model);
  EXPECT_FALSE(load_model(folder / "m.keras", {.compile = false}).is_compiled());
}

TEST(RoundTrip, AModelWithoutInputTakesAFreeNameForIt) {
  const TemporaryFolder folder;
  Sequential model({Dense{.units = 1, .name = "input_layer"}});
  model.build({2});
  save_model(model, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), model);
}

/// Remembers what JSON, paths and float32 cannot hold plainly.
class Remembers final : public Callback {
 public:
  CallbackMemory memory() const override {
    return {.numbers = {{"nan", std::nan("")},
                        {"inf", std::numeric_limits<double>::infinity()},
                        {"-inf", -std::numeric_limits<double>::infinity()},
                        {"tiny", std::numeric_limits<double>::denorm_min()},
                        {"third", 1.0 / 3},
                        {"", -0.0}},
            .tensors = {{"../../evil\0name", {Tensor({2}, {1, NAN}), Tensor({0, 3}), Tensor()}},
                        {"none", {}},
                        {"scalar", {Tensor({}, {INFINITY})}}}};
  }
};

TEST(RoundTrip, TrainingStateWithValuesThatJsonLacks) {
  const TemporaryFolder folder;
  Model model = trained({GRU{.units = 3}, Dense{.units = 2}}, {.optimizer = "adam", .loss = "mse"});
  model.fit(inputs(false), targets(), {.epochs = 3, .callbacks = {std::make_shared<Remembers>()}});
  TrainingState& state = *model.data().training;
  state.history["loss"] = {NAN, INFINITY, 1.0 / 3};
  state.history["a/b \"c\""] = {-INFINITY};
  state.batch = 1;
  state.sums = {.loss_sum = NAN, .rows = 2};
  model.data().seed = ~std::uint64_t{0};
  model.data().compiled->optimizers[0].learning_rate = 0.123f;

  save_model(model, folder / "m.keras");
  const Model loaded = load_model(folder / "m.keras");

  expect_same_model(loaded, model);
  EXPECT_EQ(loaded.data().training->callbacks.at(0).tensors.size(), 3u);
}

TEST(RoundTrip, AHistoryOfManyEpochs) {
  const TemporaryFolder folder;
  Model model = trained({GRU{.units = 3}, Dense{.units = 2}}, {.optimizer = "adam", .loss = "mse"});
  model.data().training = TrainingState{.rows = 1, .batch_size = 1};
  for (std::int64_t epoch = 0; epoch < 300000; ++epoch) {
    model.data().training->epochs_done.push_back(epoch);
    model.data().training->history["loss"].push_back(1.0 / static_cast<double>(epoch + 1));
  }
  save_model(model, folder / "m.keras");
  expect_same_model(load_model(folder / "m.keras"), model);
}

TEST(RoundTrip, NonFiniteWeightsAreLoadedOnRequestOnly) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {1}}, Dense{.units = 1}});
  model.set_weights({Tensor({1, 1}, {NAN}), Tensor({1}, {INFINITY})});
  const std::string path = folder / "m.keras";
  save_model(model, path);
  EXPECT_ERROR(
      load_model(path),
      FileError,
      (path + ": model.weights.h5: layers/dense/vars/0: expected finite values, got NaN or "
              "infinity. Set allow_non_finite to load it all the same.")
          .c_str());
  expect_same_model(load_model(path, {.allow_non_finite = true}), model);
}

TEST(SaveModel, RefusesWhatCouldNotBeLoaded) {
  const TemporaryFolder folder;
  const std::string path = folder / "m.keras";
  Sequential unbuilt({Dense{.units = 1}});
  EXPECT_ERROR(save_model(unbuilt, path),
               StateError,
               (path + ": expected a built model, got one without weights. Give an Input layer, or "
                       "train first.")
                   .c_str());
  Sequential model({Input{.shape = {1}}, Dense{.units = 1}});
  EXPECT_ERROR(
      save_model(model, folder / "m.h5"),
      OptionError,
      ("save_model: expected a file name that ends in .keras, got '" + (folder / "m.h5") + "'.")
          .c_str());
  model.data().name = "a/b";
  EXPECT_ERROR(save_model(model, path),
               OptionError,
               (path + ": expected names of at most 512 bytes without slashes or control "
                       "characters, got 'a/b'.")
                   .c_str());
  model.data().name = "a";
  for (int i = 0; i < 257; ++i) {
    model.notes()[std::to_string(i)] = "";
  }
  EXPECT_THROW(save_model(model, path), OptionError);
  EXPECT_TRUE(folder.names().empty());
}

TEST(SaveModel, ReportsAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {1}}, Dense{.units = 1}});
  EXPECT_THROW(save_model(model, folder / "none/m.keras"), IoError);
  EXPECT_THROW(load_model(folder / "none.keras"), IoError);
  EXPECT_THROW(load_model(folder / ""), IoError);
}

TEST(Weights, ComeBackWithTheOptimizersSlots) {
  const TemporaryFolder folder;
  Model model = trained({GRU{.units = 3}, Dense{.units = 2}}, {.optimizer = "adam", .loss = "mse"});
  save_weights(model, folder / "m.weights.h5");
  Model other = trained({GRU{.units = 3}, Dense{.units = 2}}, {.optimizer = "adam", .loss = "mse"});
  other.train_on_batch(inputs(false), targets());
  load_weights(other, folder / "m.weights.h5");
  expect_same_weights(other.data(), model.data());
  expect_same_compiled(other.data(), model.data());
}

TEST(Weights, OfAnotherModelLeaveTheModelAsItWas) {
  const TemporaryFolder folder;
  const CompileOptions compile = {.optimizer = "adam", .loss = "mse"};
  Model model = trained({GRU{.units = 3}, Dense{.units = 2}}, compile);
  Model wider = trained({GRU{.units = 3}, Dense{.units = 4}}, compile);
  Model longer = trained({GRU{.units = 3}, Dense{.units = 2}, Dense{.units = 1}}, compile);
  Model other = trained({GRU{.units = 3}, Dense{.units = 2}}, {.optimizer = "sgd", .loss = "mse"});
  const std::vector<Tensor> before = model.get_weights();
  for (const Model* bad : {&wider, &longer, &other}) {
    save_weights(*bad, folder / "m.weights.h5");
    EXPECT_THROW(load_weights(model, folder / "m.weights.h5"), FileError);
    EXPECT_TRUE(is_same(model.get_weights(), before));
  }
  const std::string path = folder / "m.weights.h5";
  save_weights(longer, path);
  EXPECT_ERROR(load_weights(model, path),
               FileError,
               (path + ": layers/dense_2/vars/0: expected no array, got (1, 1). The file is of "
                       "another model.")
                   .c_str());
}

}  // namespace
}  // namespace engram
