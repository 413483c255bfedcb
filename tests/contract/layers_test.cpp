// SPDX-License-Identifier: Apache-2.0
/// What holds for every kind of layer in the table: shapes, gradients, equal bits on any number of
/// threads, files. That the forward pass means what Keras means is for tests/golden.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.hpp"
#include "dot_product.hpp"
#include "engram/engram.hpp"
#include "io/same_model.hpp"
#include "layers/activity.hpp"
#include "model/batches.hpp"
#include "temporary_folder.hpp"

namespace engram {

/// Passes its input on with a mask of its own, which no layer of Keras would give to images.
struct MaskSome {
  static bool keeps(std::int64_t t, std::int64_t row) { return (t + row) % 3 != 0; }
};

const LayerSpec& spec_of(const MaskSome&);

namespace {

void visit_options(MaskSome&, OptionVisitor&) {}

class MaskSomePlan final : public LayerPlan {
 public:
  MaskSomePlan(const MaskSome&, const LayerSizes& sizes)
      : steps_(sizes.output[0]), size_(size_of(sizes.output)) {}

  void forward(const SliceRun& run) const override {
    std::copy_n(run.inputs[0].value, run.rows * size_, run.output.value);
    for (std::int64_t i = 0; i < steps_ * run.rows; ++i) {
      run.output.mask[i] = MaskSome::keeps(i / run.rows, run.first_row + i % run.rows);
    }
  }

  void backward(const SliceRun& run) const override {
    if (run.inputs[0].gradient != nullptr) {
      std::copy_n(run.output.gradient, run.rows * size_, run.inputs[0].gradient);
    }
  }

 private:
  std::int64_t steps_, size_;
};

}  // namespace

const LayerSpec& spec_of(const MaskSome&) {
  static const LayerSpec spec = {.class_name = "MaskSome",
                                 .auto_name = "mask_some",
                                 .access = options_access<MaskSome, visit_options>(),
                                 .plan = make_plan<MaskSomePlan, MaskSome>,
                                 .mask_rule = [](const void*) { return MaskRule::makes; }};
  return spec;
}

namespace {

/// An Embedding comes first, so that its gradient is that of the layers' input.
struct LayerCase {
  std::string name;
  std::vector<Layer> layers;
  Shape sample;            ///< what the first of them takes
  bool is_masked = false;  ///< some steps are
};

void PrintTo(const LayerCase& c, std::ostream* out) { *out << c.name; }

const Shape kVector = {6}, kSequence = {5, 4}, kImage = {4, 5, 2};

std::vector<LayerCase> cases() {
  const SimpleRNN last{.units = 2};
  std::vector<LayerCase> all = {
      {"Activation", {ActivationLayer{.activation = "tanh"}}, kVector},
      {"ActivationSoftmax", {ActivationLayer{.activation = "softmax"}}, kSequence},
      {"ActivationMasked", {ActivationLayer{.activation = "tanh"}, last}, kSequence, true},
      {"AdaptiveAveragePooling1D", {AdaptiveAveragePooling1D{.output_size = 3}}, kSequence},
      {"AdaptiveAveragePooling2D", {AdaptiveAveragePooling2D{.output_size = {3, 7}}}, kImage},
      {"AdaptiveMaxPooling1D", {AdaptiveMaxPooling1D{.output_size = 2}}, kSequence},
      {"AdaptiveMaxPooling2D", {AdaptiveMaxPooling2D{.output_size = {3, 2}}}, kImage},
      {"ActivityRegularization",
       {Dense{.units = 3}, ActivityRegularization{.l2 = 0.2f}},
       kSequence},
      {"AlphaDropout", {AlphaDropout{.rate = 0.4f}}, kSequence},
      {"AlphaDropoutNoiseShape",
       {AlphaDropout{.rate = 0.4f, .noise_shape = {1, -1, 1, 2}}},
       kImage},
      {"AveragePooling1D", {AveragePooling1D{.pool_size = 2}}, kSequence},
      {"AveragePooling1DSame", {AveragePooling1D{.pool_size = 3, .padding = "same"}}, kSequence},
      {"AveragePooling2D", {AveragePooling2D{.pool_size = {2, 3}}}, kImage},
      {"BatchNormalization", {BatchNormalization{.momentum = 0.5f}}, kSequence},
      {"BatchNormalizationFrozen", {BatchNormalization{.trainable = false}}, kSequence},
      {"BatchNormalizationMasked", {BatchNormalization{}, last}, kSequence, true},
      {"BatchNormalizationPlain",
       {BatchNormalization{.center = false, .scale = false}, Dense{.units = 3}},
       kSequence},
      {"Bidirectional", {Bidirectional{.layer = LSTM{.units = 2}}}, kSequence},
      {"TimeDistributed", {TimeDistributed{.layer = Dense{.units = 2}}}, kSequence},
      {"TimeDistributedBatchNormalization",
       {TimeDistributed{.layer = BatchNormalization{.momentum = 0.5f}}},
       kSequence},
      {"Conv1D", {Conv1D{.filters = 3, .kernel_size = 3}}, kSequence},
      {"Conv1DGroups",
       {Conv1D{.filters = 4, .kernel_size = 2, .padding = "causal", .groups = 2}},
       kSequence},
      {"Conv1DTanh",
       {Conv1D{
           .filters = 3, .kernel_size = 3, .strides = 2, .padding = "same", .activation = "tanh"}},
       kSequence},
      {"Conv2D",
       {Conv2D{.filters = 3, .kernel_size = {2, 3}, .padding = "same", .activation = "tanh"}},
       kImage},
      {"Conv1DFirst",
       {Conv1D{
           .filters = 3, .kernel_size = 2, .data_format = "channels_first", .activation = "tanh"}},
       kSequence},
      {"Conv1DTranspose",
       {Conv1DTranspose{.filters = 3, .kernel_size = 3, .strides = 2, .activation = "tanh"}},
       kSequence},
      {"Conv1DTransposePadding",
       {Conv1DTranspose{.filters = 2,
                        .kernel_size = 4,
                        .strides = 3,
                        .padding = "same",
                        .output_padding = 1,
                        .use_bias = false}},
       kSequence},
      {"Conv2DTranspose",
       {Conv2DTranspose{.filters = 2, .kernel_size = {2, 3}, .padding = "same"}},
       kImage},
      {"ConvLSTM1D", {ConvLSTM1D{.filters = 2, .kernel_size = 3}}, kImage},
      {"ConvLSTM1DFirst",
       {ConvLSTM1D{.filters = 2,
                   .kernel_size = 2,
                   .data_format = "channels_first",
                   .return_sequences = true}},
       kImage},
      {"ConvLSTM1DDropout",
       {ConvLSTM1D{.filters = 2,
                   .kernel_size = 2,
                   .padding = "same",
                   .dropout = 0.3f,
                   .recurrent_dropout = 0.3f,
                   .return_sequences = true,
                   .go_backwards = true}},
       kImage},
      {"ConvLSTM2D",
       {Reshape{.target_shape = {4, 5, 2, 1}},
        ConvLSTM2D{.filters = 2, .kernel_size = {3, 2}, .padding = "same"}},
       kImage},
      {"Cropping1D", {Cropping1D{.cropping = {1, 2}}}, kSequence},
      {"Cropping2D",
       {Cropping2D{.cropping = {{{1, 2}, {0, 3}}}, .data_format = "channels_first"}},
       {2, 4, 5}},
      {"DepthwiseConv1D", {DepthwiseConv1D{.kernel_size = 3}}, kSequence},
      {"DepthwiseConv1DMultiplier",
       {DepthwiseConv1D{.kernel_size = 2,
                        .strides = 2,
                        .padding = "same",
                        .depth_multiplier = 3,
                        .dilation_rate = 2,
                        .activation = "tanh"}},
       kSequence},
      {"DepthwiseConv2D",
       {DepthwiseConv2D{.kernel_size = {2, 3}, .padding = "same", .use_bias = false}},
       kImage},
      {"Dense", {Dense{.units = 3, .activation = "tanh"}}, kSequence},
      {"DenseActivity",
       {Dense{.units = 3, .activation = "tanh", .activity_regularizer = L2{.l2 = 1.0f}},
        Dense{.units = 2}},
       kSequence},
      {"DenseActivityOrthogonal",
       {Dense{.units = 3, .activity_regularizer = OrthogonalRegularizer{.factor = 0.5f}}},
       kVector},
      {"Dropout", {Dropout{.rate = 0.4f}}, kSequence},
      {"DropoutNoiseShape", {Dropout{.rate = 0.4f, .noise_shape = {-1, 1, 5, 1}}}, kImage},
      {"DropoutNoiseShapeVector", {Dropout{.rate = 0.4f, .noise_shape = {-1, 1}}}, kVector},
      {"ELU", {ELU{.alpha = 0.7f}}, kSequence},
      {"Embedding", {}, kSequence},
      {"EmbeddingMasked", {last}, kSequence, true},
      {"Flatten", {Flatten{}}, kSequence},
      {"FlattenFirst", {Flatten{.data_format = "channels_first"}}, kImage},
      {"FlattenMasked", {Flatten{}}, kSequence, true},
      {"GRU", {GRU{.units = 3}}, kSequence},
      {"GRUMasked", {GRU{.units = 3, .return_sequences = true}, last}, kSequence, true},
      {"GaussianDropout", {GaussianDropout{.rate = 0.4f}}, kSequence},
      {"GaussianNoise", {GaussianNoise{.stddev = 0.4f}, Dense{.units = 2}}, kSequence},
      {"GlobalAveragePooling1D", {GlobalAveragePooling1D{}}, kSequence},
      {"GlobalAveragePooling1DMasked", {GlobalAveragePooling1D{.keepdims = true}}, kSequence, true},
      {"GlobalAveragePooling2D", {GlobalAveragePooling2D{}}, kImage},
      {"GlobalMaxPooling1D", {GlobalMaxPooling1D{.keepdims = true}}, kSequence},
      {"GlobalMaxPooling2DFirst", {GlobalMaxPooling2D{.data_format = "channels_first"}}, kImage},
      {"GlobalMaxPooling2D", {GlobalMaxPooling2D{}}, kImage},
      {"GroupNormalization", {GroupNormalization{.groups = 2}}, kImage},
      {"GroupNormalizationMasked", {GroupNormalization{.groups = 2}, last}, kSequence, true},
      {"GroupNormalizationPlain",
       {GroupNormalization{.groups = -1, .center = false, .scale = false}},
       kSequence},
      {"Identity", {IdentityLayer{}}, kSequence},
      {"LSTM", {LSTM{.units = 3}}, kSequence},
      {"LSTMActivity",
       {LSTM{.units = 3, .return_sequences = true, .activity_regularizer = "l2"},
        Bidirectional{.layer = GRU{.units = 2, .activity_regularizer = L2{.l2 = 0.5f}}}},
       kSequence,
       true},
      {"GRULayers", {GRU{.units = 3, .num_layers = 2, .layer_dropout = 0.3f}}, kSequence},
      {"LSTMLayers",
       {LSTM{.units = 3, .return_sequences = true, .num_layers = 2, .proj_size = 2}, last},
       kSequence,
       true},
      {"LSTMProjected",
       {LSTM{.units = 4, .dropout = 0.2f, .recurrent_dropout = 0.2f, .proj_size = 2}},
       kSequence},
      {"SimpleRNNLayers",
       {SimpleRNN{.units = 3, .go_backwards = true, .num_layers = 3}},
       kSequence},
      {"BidirectionalLayers",
       {Bidirectional{.layer = GRU{.units = 2}, .num_layers = 2, .layer_dropout = 0.2f}},
       kSequence,
       true},
      {"RNNProjected",
       {RNN{.cell = StackedRNNCells{.cells = {LSTMCell{.units = 3, .proj_size = 2},
                                              GRUCell{.units = 2}}}}},
       kSequence},
      {"LSTMMasked", {LSTM{.units = 3, .return_sequences = true}, last}, kSequence, true},
      {"LayerNormalization", {LayerNormalization{}}, kSequence},
      {"LayerNormalizationPlain", {LayerNormalization{.center = false, .scale = false}}, kVector},
      {"LeakyReLU", {LeakyReLU{}}, kSequence},
      {"Masking", {Masking{}}, kSequence},
      {"MaxPooling1D", {MaxPooling1D{.pool_size = 3, .strides = 1}}, kSequence},
      {"MaxPooling1DMasked", {MaxPooling1D{}, last}, kSequence, true},
      {"MaxPooling2D", {MaxPooling2D{.pool_size = {2, 2}, .padding = "same"}}, kImage},
      {"Normalization", {Normalization{}}, kSequence},
      {"NormalizationGiven",
       {Normalization{.invert = true, .mean = {0.5f, 1, 2, 3}, .variance = {1, 2, 3, 4}}},
       kSequence},
      {"PReLU", {PReLU{}}, kSequence},
      {"PReLUShared", {PReLU{.shared_axes = {1, 3}}}, kImage},
      {"Permute", {Permute{.dims = {3, 1, 2}}}, kImage},
      {"PermuteMasked", {Permute{.dims = {2, 1}}, last}, kSequence, true},
      {"RNN", {RNN{.cell = LSTMCell{.units = 3}}}, kSequence},
      {"RNNStackMasked",
       {RNN{.cell = StackedRNNCells{.cells = {GRUCell{.units = 3},
                                              LSTMCell{.units = 2, .dropout = 0.3f},
                                              GRUCell{.units = 2, .recurrent_dropout = 0.3f}}},
            .return_sequences = true,
            .go_backwards = true},
        last},
       kSequence,
       true},
      {"RMSNormalization", {RMSNormalization{}}, kSequence},
      {"ReLU", {ReLU{.max_value = 1.02f, .negative_slope = 0.2f, .threshold = 0.12f}}, kSequence},
      {"RepeatVector", {RepeatVector{.n = 3}, last}, kVector},
      {"Rescaling", {Rescaling{.scale = 0.25f, .offset = 1.0f}}, kImage},
      {"Reshape", {Reshape{.target_shape = {-1, 5}}, last}, kSequence},
      {"ReshapeMasked", {Reshape{.target_shape = {4, 5}}, last}, kSequence, true},
      {"SeparableConv1D",
       {SeparableConv1D{.filters = 3, .kernel_size = 3, .activation = "tanh"}},
       kSequence},
      {"SeparableConv1DMultiplier",
       {SeparableConv1D{.filters = 2,
                        .kernel_size = 2,
                        .padding = "same",
                        .depth_multiplier = 2,
                        .use_bias = false}},
       kSequence},
      {"SeparableConv2D",
       {SeparableConv2D{.filters = 3, .kernel_size = {2, 3}, .data_format = "channels_first"}},
       {2, 4, 5}},
      {"SimpleRNN", {SimpleRNN{.units = 3}}, kSequence},
      {"SimpleRNNMasked", {SimpleRNN{.units = 3, .return_sequences = true}, last}, kSequence, true},
      {"Softmax", {Softmax{}}, kSequence},
      {"SpatialDropout1D", {SpatialDropout1D{.rate = 0.4f}}, kSequence},
      {"SpatialDropout2D", {SpatialDropout2D{.rate = 0.4f}}, kImage},
      {"SpatialDropout2DFirst",
       {SpatialDropout2D{.rate = 0.4f, .data_format = "channels_first"}},
       kImage},
      {"UnitNormalization", {UnitNormalization{}}, kSequence},
      {"UpSampling1D", {UpSampling1D{.size = 3}}, kSequence},
      {"UpSampling2D", {UpSampling2D{.size = {2, 3}}}, kImage},
      {"UpSampling2DBilinear", {UpSampling2D{.size = {2, 3}, .interpolation = "bilinear"}}, kImage},
      {"ZeroPadding2D", {ZeroPadding2D{.padding = {{{2, 1}, {0, 1}}}}}, kImage},
      {"ZeroPadding1D", {ZeroPadding1D{.padding = {2, 1}}}, kSequence},
  };
  return all;
}

/// A model of a case for `rows` rows, its weights distinct and random, with inputs and targets.
struct Built {
  Sequential model;
  Tensor x, y;
};

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
  Built b{Sequential(layers), Tensor(ids), {}};
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

class Layers : public testing::TestWithParam<LayerCase> {};

TEST_P(Layers, GradientsEqualDifferencesOfTheForwardPass) {
  expect_gradients_equal_differences(build_case(GetParam(), 3));
}

TEST_P(Layers, GiveTheShapeThatTheyInfer) {
  Built b = build_case(GetParam(), 2);
  const ModelData& data = b.model.data();
  Shape inferred = shapes_of(data.network, *data.inputs).outputs.back()[0];
  inferred.insert(inferred.begin(), 2);
  EXPECT_EQ(b.model.predict(b.x).shape(), inferred);
}

TEST_P(Layers, GiveTheSameBitsOnAnyNumberOfThreads) {
  std::vector<std::vector<Tensor>> results;
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    Built b = build_case(GetParam(), 37);
    results.push_back(gradients_of(b.model.data(), b.x, b.y));
    results.back().push_back(b.model.predict(b.x));
    b.model.compile({.optimizer = "adam", .loss = Loss(DotProduct{})});
    b.model.train_on_batch(b.x, b.y);
    for (Tensor& weight : b.model.get_weights()) {
      results.back().push_back(std::move(weight));
    }
  }
  set_threads(before);
  EXPECT_TRUE(is_same(results[0], results[1]));
}

TEST_P(Layers, DoNotDependOnTheOtherRowsWhenPredicting) {
  Built b = build_case(GetParam(), 37);
  const Tensor all = b.model.predict(b.x, {.batch_size = 37});
  const Tensor few = b.model.predict(b.x, {.batch_size = 5});
  for (std::size_t i = 0; i < all.values().size(); ++i) {
    // Products of few rows may take another path through the kernels: rounding.
    ASSERT_NEAR(all.values()[i], few.values()[i], 1e-5 * (1 + std::abs(all.values()[i])));
  }
}

TEST_P(Layers, ComeBackFromFiles) {
  const TemporaryFolder folder;
  Built b = build_case(GetParam(), 3);
  b.model.compile({.optimizer = "adam", .loss = "mse"});
  b.model.train_on_batch(b.x, b.y);
  save_model(b.model, folder / "m.keras");
  Model loaded = load_model(folder / "m.keras");
  expect_same_model(loaded, b.model);
  EXPECT_TRUE(is_same(loaded.predict(b.x), b.model.predict(b.x)));
  EXPECT_EQ(loaded.train_on_batch(b.x, b.y), b.model.train_on_batch(b.x, b.y));
  expect_same_weights(loaded.data(), b.model.data());
}

INSTANTIATE_TEST_SUITE_P(Table, Layers, testing::ValuesIn(cases()), [](const auto& tested) {
  return tested.param.name;
});

TEST(CategoryEncoding, CountsAlongTheLastAxis) {
  const Tensor x({2, 3}, {0, 2, 2, 1, 1, 1});
  const auto encoded = [&](const char* mode) {
    Sequential model({Input{.shape = {3}}, CategoryEncoding{.num_tokens = 3, .output_mode = mode}});
    return model.predict(x);
  };
  EXPECT_TRUE(is_same(encoded("multi_hot"), Tensor({2, 3}, {1, 0, 1, 0, 1, 0})));
  EXPECT_TRUE(is_same(encoded("count"), Tensor({2, 3}, {1, 0, 2, 0, 3, 0})));
  EXPECT_TRUE(is_same(encoded("one_hot"),
                      Tensor({2, 3, 3}, {1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0})));
}

TEST(Dropout, DrawsOneNumberWhereNoiseShapeIsOne) {
  for (const std::int64_t rows_drawn : {-1, 1}) {
    Built b = build_case(
        {"", {Dropout{.rate = 0.5f, .noise_shape = {rows_drawn, 1, 5, 1}, .seed = 1}}, kImage}, 20);
    std::ranges::fill(b.y.values(), 1.0f);
    const Tensor factors = gradients_of(b.model.data(), b.x, b.y)[0];  // by id, from 1
    const auto at = [&](std::int64_t row, std::int64_t t, std::int64_t i, std::int64_t feature) {
      return factors.at({1 + (row * 4 + t) * 5 + i, feature});
    };
    std::int64_t other_rows = 0, dropped = 0;
    for (std::int64_t i = 0; i < 20 * 20; ++i) {
      const std::int64_t row = i / 20, t = i / 5 % 4, place = i % 5;
      EXPECT_EQ(at(row, t, place, 0), at(row, t, place, 1));
      EXPECT_EQ(at(row, t, place, 0), at(row, 0, place, 0));
      other_rows += at(row, t, place, 0) != at(0, 0, place, 0) ? 1 : 0;
      dropped += at(row, t, place, 0) == 0 ? 1 : 0;
    }
    EXPECT_EQ(other_rows > 0, rows_drawn < 0);
    EXPECT_TRUE(dropped > 0 && dropped < 20 * 20);
  }
}

TEST(ConvLSTM, MaskedStepsLeaveStatesAndOutput) {
  const ConvLSTM1D cell{
      .filters = 2, .kernel_size = 2, .padding = "same", .return_sequences = true};
  ConvLSTM1D zeros = cell, last = cell;
  zeros.zero_output_for_mask = true;
  last.return_sequences = false;
  const LayerCase stack{"", {MaskSome{}, cell, zeros, last}, kImage};
  expect_gradients_equal_differences(build_case(stack, 3));
  for (const bool is_zero : {false, true}) {
    Built b = build_case({"", {MaskSome{}, is_zero ? zeros : cell}, kImage}, 3);
    const Tensor y = b.model.predict(b.x);
    for (std::int64_t row = 0; row < 3; ++row) {
      for (std::int64_t t = 0; t < kImage[0]; ++t) {
        const float before = t == 0 || is_zero ? 0 : y.at({row, t - 1, 1, 1});
        EXPECT_EQ(y.at({row, t, 1, 1}) == before, !MaskSome::keeps(t, row)) << row << " " << t;
      }
    }
  }
}

TEST(Normalization, AdaptsToData) {
  const Tensor x({2, 2, 2}, {1, 10, 3, 10, 5, 30, 7, 30});
  Normalization features;
  features.adapt(x);
  EXPECT_EQ(features.mean, (std::vector<float>{4, 20}));
  EXPECT_EQ(features.variance, (std::vector<float>{5, 100}));
  Normalization all{.axis = {}};
  all.adapt(x);
  EXPECT_EQ(all.mean, (std::vector<float>{12}));
  Sequential model({Input{.shape = {2, 2}}, features});
  EXPECT_EQ(model.predict(x).at({1, 0, 1}), 1);
}

TEST(SeparableConv1D, TrainsAsItsTwoHalves) {
  Sequential whole({Input{.shape = {6, 3}},
                    SeparableConv1D{.filters = 2, .kernel_size = 3, .activation = "sigmoid"}});
  Sequential halves({Input{.shape = {6, 3}},
                     DepthwiseConv1D{.kernel_size = 3, .use_bias = false},
                     Conv1D{.filters = 2, .kernel_size = 1, .activation = "sigmoid"}});
  halves.set_weights(whole.get_weights());
  Tensor x({5, 6, 3}), y({5, 4, 2});
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.data()[i] = std::sin(0.7f * static_cast<float>(i));
  }
  for (Model* model : {static_cast<Model*>(&whole), static_cast<Model*>(&halves)}) {
    model->compile({.optimizer = SGD{.learning_rate = 1.0f}, .loss = "binary_crossentropy"});
    model->train_on_batch(x, y);
  }
  EXPECT_TRUE(is_same(whole.get_weights(), halves.get_weights()));
}

TEST(ConvLSTM, SkipsMaskedStepsWithFeaturesFirst) {
  ConvLSTM1D last{.filters = 2, .kernel_size = 2}, first = last;
  first.data_format = "channels_first";
  Built a = build_case({"", {MaskSome{}, first}, kImage}, 3);
  Built b = build_case({"", {MaskSome{}, Permute{.dims = {1, 3, 2}}, last}, kImage}, 3);
  Built c = build_case({"", {Permute{.dims = {1, 3, 2}}, MaskSome{}, last}, kImage}, 3);
  for (Built* other : {&b, &c}) {
    other->model.set_weights(a.model.get_weights());
  }
  const Tensor y = a.model.predict(a.x), masked = c.model.predict(a.x);
  for (std::int64_t i = 0; i < 2; ++i) {  // (filters, length) and (length, filters)
    EXPECT_EQ(y.at({1, i, 0}), masked.at({1, 0, i}));
    EXPECT_NE(y.at({1, i, 0}), b.model.predict(a.x).at({1, 0, i}));  // Permute drops the mask
  }
}

/// As Keras 3.15.1 on TensorFlow, which pools rows first, then columns.
TEST(AdaptiveMaxPooling2D, TakesTheFirstOfEqualValuesByColumns) {
  Sequential model(
      {Embedding{.input_dim = 16, .output_dim = 1}, AdaptiveMaxPooling2D{.output_size = {2, 2}}});
  Tensor ids({1, 4, 4}), table({16, 1}), ones({1, 2, 2, 1});
  std::iota(ids.values().begin(), ids.values().end(), 0.0f);
  std::ranges::fill(ones.values(), 1.0f);
  for (const std::int64_t i : {1, 4, 11, 14}) {
    table.data()[i] = 1.0f;
  }
  model.compile({.optimizer = "sgd", .loss = Loss(DotProduct{})});
  model.build({4, 4});
  model.set_weights({table});
  const Tensor gradient = gradients_of(model.data(), ids, ones)[0];
  EXPECT_EQ(gradient.data()[4], 1);
  EXPECT_EQ(gradient.data()[1], 0);
  EXPECT_EQ(gradient.data()[14], 1);
  EXPECT_EQ(gradient.data()[11], 0);
}

TEST(SpatialDropout2D, DropsWholeFeatures) {
  for (const bool is_first : {false, true}) {
    Sequential model(
        {Input{.shape = {3, 4, 5}},
         SpatialDropout2D{.rate = 0.5f,
                          .data_format = is_first ? "channels_first" : "channels_last"},
         Embedding{.input_dim = 4, .output_dim = 1}});
    // Ones become 0 or 2; the Embedding counts them by the gradients of its rows.
    model.compile({.optimizer = SGD{.learning_rate = 1.0f}, .loss = Loss(DotProduct{})});
    Tensor x({1, 3, 4, 5}), y({1, 3, 4, 5, 1});
    std::ranges::fill(x.values(), 1.0f);
    std::ranges::fill(y.values(), 1.0f);
    const std::vector<Tensor> gradients = gradients_of(model.data(), x, y);
    const std::int64_t places = is_first ? 20 : 12;
    const float kept = gradients[0].at({2, 0}), dropped = gradients[0].at({0, 0});
    EXPECT_EQ(kept + dropped, 60);
    EXPECT_EQ(static_cast<std::int64_t>(kept) % places, 0);
  }
}

TEST(TimeDistributed, NormalizesByTheWholeBatch) {
  Tensor x({37, 4, 2}), y({37, 4, 1});  // more rows than a slice has
  for (std::int64_t i = 0; i < x.size(); ++i) {
    x.data()[i] = std::sin(0.7f * static_cast<float>(i)) * static_cast<float>(1 + i / 80);
  }
  const BatchNormalization normalization{.momentum = 0.5f};
  Sequential plain({normalization, Dense{.units = 1}});
  Sequential wrapped({TimeDistributed{.layer = normalization}, Dense{.units = 1}});
  for (Model* model : {static_cast<Model*>(&plain), static_cast<Model*>(&wrapped)}) {
    model->build({4, 2});
    model->compile({.optimizer = "sgd", .loss = "mse"});
  }
  wrapped.set_weights(plain.get_weights());
  plain.train_on_batch(x, y);
  wrapped.train_on_batch(x, y);
  const std::vector<Tensor> a = plain.get_weights(), b = wrapped.get_weights();
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::int64_t k = 0; k < a[i].size(); ++k) {
      EXPECT_NEAR(a[i].data()[k], b[i].data()[k], 1e-5) << i;  // sums in another order
    }
  }
}

/// A layer whose weights named `weight` have a penalty and may not be negative.
struct RuledCase {
  std::string name, weight;
  Layer layer;
  Shape sample;
};

TEST(WeightRules, OfEachLayerPenalizeAndConstrain) {
  const Regularizer l2 = L2{.l2 = 0.25f};
  const Constraint positive = NonNeg{};
  const Shape video = {3, 4, 5, 2};
  const std::vector<RuledCase> cases = {
      {"LSTM",
       "projection_kernel",
       LSTM{.units = 3,
            .proj_size = 2,
            .projection_regularizer = l2,
            .projection_constraint = positive},
       {4, 2}},
      {"Conv1D",
       "kernel",
       Conv1D{
           .filters = 2, .kernel_size = 2, .kernel_regularizer = l2, .kernel_constraint = positive},
       kSequence},
      {"Conv2D",
       "bias",
       Conv2D{.filters = 2,
              .kernel_size = {2, 2},
              .bias_regularizer = l2,
              .bias_constraint = positive},
       kImage},
      {"ConvLSTM1D",
       "recurrent_kernel",
       ConvLSTM1D{.filters = 2,
                  .kernel_size = 2,
                  .recurrent_regularizer = l2,
                  .recurrent_constraint = positive},
       kImage},
      {"ConvLSTM2D",
       "bias",
       ConvLSTM2D{.filters = 1,
                  .kernel_size = {2, 2},
                  .bias_regularizer = l2,
                  .bias_constraint = positive},
       video},
      {"DepthwiseConv1D",
       "kernel",
       DepthwiseConv1D{
           .kernel_size = 2, .depthwise_regularizer = l2, .depthwise_constraint = positive},
       kSequence},
      {"SeparableConv1D",
       "pointwise_kernel",
       SeparableConv1D{.filters = 2,
                       .kernel_size = 2,
                       .pointwise_regularizer = l2,
                       .pointwise_constraint = positive},
       kSequence},
      {"SeparableConv2D",
       "depthwise_kernel",
       SeparableConv2D{.filters = 2,
                       .kernel_size = {2, 2},
                       .depthwise_regularizer = l2,
                       .depthwise_constraint = positive},
       kImage},
      {"Conv1DTranspose",
       "kernel",
       Conv1DTranspose{
           .filters = 2, .kernel_size = 2, .kernel_regularizer = l2, .kernel_constraint = positive},
       kSequence},
      {"PReLU", "alpha", PReLU{.alpha_regularizer = l2, .alpha_constraint = positive}, kSequence},
      {"BatchNormalization",
       "gamma",
       BatchNormalization{.gamma_regularizer = l2, .gamma_constraint = positive},
       kSequence},
      {"LayerNormalization",
       "beta",
       LayerNormalization{.beta_regularizer = l2, .beta_constraint = positive},
       kSequence}};
  for (const RuledCase& c : cases) {
    SCOPED_TRACE(c.name);
    Sequential model({Input{.shape = c.sample}, c.layer});
    Shape shape = c.sample;
    shape.insert(shape.begin(), 2);
    Tensor x(shape);  // zeros
    std::vector<Tensor> weights = model.get_weights();
    double penalty = 0;
    for (std::size_t w = 0; w < weights.size(); ++w) {
      for (std::int64_t i = 0; i < weights[w].size(); ++i) {
        weights[w].data()[i] =
            0.3f + (i % 2 == 0 ? 1.0f : -1.0f) * 0.05f * static_cast<float>(i + 7);
        if (model.weights()[w].name == "moving_variance") {
          weights[w].data()[i] = 1.0f;
        }
        const double value = weights[w].data()[i];
        penalty += model.weights()[w].name == c.weight ? 0.25 * value * value : 0;
      }
    }
    model.set_weights(weights);
    model.compile({.optimizer = SGD{.learning_rate = 1e-6f}, .loss = "mse"});
    const Tensor y = model.predict(x);
    // The targets are what the model predicts, but where it trains by the batch's own statistics.
    if (c.name != "BatchNormalization") {
      EXPECT_NEAR(model.evaluate(x, y)[0].second, penalty, 1e-5 * penalty);
    }
    model.train_on_batch(x, y);
    const std::vector<Tensor> after = model.get_weights();
    for (std::size_t w = 0; w < after.size(); ++w) {
      const auto negative = std::ranges::count_if(after[w].values(), [](float v) { return v < 0; });
      const std::string name = model.weights()[w].name;
      EXPECT_EQ(negative == 0, name == c.weight || name == "moving_variance") << name;
    }
  }
}

TEST(LayerTable, EachKindHasACase) {
  // Ids have no gradient; layers of several inputs have their cases among the graphs.
  const std::vector<std::string_view> elsewhere = {"CategoryEncoding",
                                                   "Discretization",
                                                   "IntegerLookup",
                                                   "StringLookup",
                                                   "TextVectorization",
                                                   "InputLayer",
                                                   "Add",
                                                   "AdditiveAttention",
                                                   "Attention",
                                                   "Average",
                                                   "Concatenate",
                                                   "Dot",
                                                   "GroupQueryAttention",
                                                   "Maximum",
                                                   "Minimum",
                                                   "MultiHeadAttention",
                                                   "Multiply",
                                                   "Subtract",
                                                   // Cells are run by RNN.
                                                   "GRUCell",
                                                   "LSTMCell",
                                                   "SimpleRNNCell",
                                                   "StackedRNNCells"};
  const std::vector<LayerCase> all = cases();
  for (const LayerSpec* spec : layers()) {
    const bool has_case = std::ranges::any_of(
        all, [&](const LayerCase& c) { return c.name.starts_with(spec->class_name); });
    EXPECT_TRUE(has_case || std::ranges::count(elsewhere, spec->class_name) == 1)
        << spec->class_name;
  }
}

}  // namespace
}  // namespace engram
