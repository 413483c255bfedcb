// SPDX-License-Identifier: Apache-2.0
/// The messages that layers themselves throw.
#include <gtest/gtest.h>

#include "engram/engram.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

void build(const Layer& layer, const Shape& sample) { Sequential({Input{.shape = sample}, layer}); }

TEST(LayerErrors, NameWhatALayerTakes) {
  EXPECT_ERROR(build(RepeatVector{.n = 2, .name = "r"}, {3, 4}),
               ShapeError,
               "RepeatVector 'r': expected input of rank 2 (batch, features), got (3, 4) a sample. "
               "Reshape in front of this layer.");
  EXPECT_ERROR(build(Conv1D{.filters = 2, .kernel_size = 3, .name = "c"}, {4}),
               ShapeError,
               "Conv1D 'c': expected input of rank 3 (batch, time, features), got (4,) a sample. "
               "Reshape in front of this layer.");
  EXPECT_ERROR(
      build(Conv1D{.filters = 2, .kernel_size = 3, .dilation_rate = 2, .name = "c"}, {4, 2}),
      ShapeError,
      "Conv1D 'c': expected lengths for a window of (3,), (2,) apart, got (4, 2) a sample. "
      "Use padding \"same\" or a smaller window.");
  EXPECT_ERROR(build(Conv1D{.filters = 4, .kernel_size = 1, .groups = 2, .name = "c"}, {4, 3}),
               ShapeError,
               "Conv1D 'c': expected features a multiple of the 2 groups, got (4, 3) a sample.");
  EXPECT_ERROR(
      build(Flatten{.name = "f"}, {-1, 3}),
      ShapeError,
      "Flatten 'f': expected input whose lengths are known, got (None, 3) a sample. Give all "
      "lengths in Input::shape.");
  EXPECT_ERROR(
      build(Reshape{.target_shape = {2, 5}, .name = "r"}, {3, 4}),
      ShapeError,
      "Reshape 'r': expected a target_shape of 12 values, got (2, 5). One axis may be -1.");
  EXPECT_ERROR(build(Permute{.dims = {1, 1}, .name = "p"}, {3, 4}),
               ShapeError,
               "Permute 'p': expected dims that order the axes 1 to 2 of the samples, got (1, 1).");
  EXPECT_ERROR(build(Cropping1D{.cropping = {2, 1}, .name = "c"}, {3, 4}),
               ShapeError,
               "Cropping1D 'c': expected more than 3 steps to crop, got 3.");
  EXPECT_ERROR(build(Cropping2D{.cropping = {{{0, 0}, {2, 2}}}, .name = "c"}, {3, 4, 1}),
               ShapeError,
               "Cropping2D 'c': expected more than 4 columns to crop, got 4.");
  EXPECT_ERROR(build(AdaptiveMaxPooling1D{.output_size = 2, .name = "p"}, {-1, 3}),
               ShapeError,
               "AdaptiveMaxPooling1D 'p': expected input whose lengths are known, got (None,) a "
               "sample. Give all lengths in Input::shape.");
  EXPECT_ERROR(build(Conv1DTranspose{.filters = 1,
                                     .kernel_size = 4,
                                     .strides = 2,
                                     .padding = "same",
                                     .output_padding = 0,
                                     .name = "c"},
                     {3, 4}),
               ShapeError,
               "Conv1DTranspose 'c': expected an output_padding that leaves a place for each "
               "value, got (0,) for (3, 4) a sample. Leave output_padding out.");
  EXPECT_ERROR(
      build(LayerNormalization{.axis = {1}, .name = "n"}, {3, 4}),
      ShapeError,
      "LayerNormalization 'n': expected axis -1 or 2, the last, got 1. Permute in front of "
      "this layer.");
  EXPECT_ERROR(build(LayerNormalization{.axis = {1, 2}, .name = "n"}, {3, 4}),
               ShapeError,
               "LayerNormalization 'n': expected one axis, the last, got (1, 2).");
  EXPECT_ERROR(
      build(RMSNormalization{.axis = {1}, .name = "n"}, {3, 4}),
      ShapeError,
      "RMSNormalization 'n': expected axis -1 or 2, the last, got 1. Permute in front of this "
      "layer.");
  EXPECT_ERROR(build(Dropout{.rate = 0.5f, .noise_shape = {-1, 2, 4}, .name = "d"}, {3, 4}),
               ShapeError,
               "Dropout 'd': expected noise_shape with None, 1 or the input's size for each axis, "
               "None or 1 for the batch's, got (None, 2, 4) for samples of (3, 4).");
  EXPECT_ERROR(build(AlphaDropout{.rate = 0.5f, .noise_shape = {8, 1}, .name = "d"}, {4}),
               ShapeError,
               "AlphaDropout 'd': expected noise_shape with None, 1 or the input's size for each "
               "axis, None or 1 for the batch's, got (8, 1) for samples of (4,).");
  EXPECT_ERROR(build(PReLU{.shared_axes = {3}, .name = "p"}, {3, 4}),
               ShapeError,
               "PReLU 'p': expected shared_axes in [1, 2], got 3.");
  EXPECT_ERROR(build(Normalization{.mean = {1, 2}, .variance = {1, 2}, .name = "n"}, {3}),
               ShapeError,
               "Normalization 'n': expected mean and variance of 1 or 3 values, or none, got 2 and "
               "2.");
  EXPECT_ERROR(
      build(Embedding{.input_dim = 3, .output_dim = 2, .mask_zero = true, .name = "e"}, {3, 4}),
      ShapeError,
      "Embedding 'e': expected a layer that drops masks, such as Reshape, behind ids of several "
      "axes "
      "with mask_zero, got the model's output. A mask has one value a step.");
  const auto behind_ids = [](const Layer& layer) {
    Sequential({Input{.shape = {3, 4}},
                Embedding{.input_dim = 3, .output_dim = 2, .mask_zero = true, .name = "e"},
                layer,
                Flatten{}});
  };
  EXPECT_ERROR(behind_ids(Dense{.units = 2, .name = "d"}),
               ShapeError,
               "Embedding 'e': expected a layer that drops masks, such as Reshape, behind ids of "
               "several axes with mask_zero, got Dense 'd'. A mask has one value a step.");
  EXPECT_NO_THROW(behind_ids(Reshape{.target_shape = {3, 8}}));
}

TEST(LayerErrors, NameWhatCanBeCalledInReverse) {
  const KerasTensor x = Input{.shape = {3, 4}};
  const Layer table = ReversibleEmbedding{.input_dim = 5, .output_dim = 2, .name = "r"};
  EXPECT_ERROR(table(x, {.reverse = true}),
               ShapeError,
               "ReversibleEmbedding 'r': expected in reverse, a last axis of output_dim, 2, got "
               "(3, 4) a sample.");
  EXPECT_ERROR(Layer(Dense{.units = 2, .name = "d"})(x, {.reverse = true}),
               OptionError,
               "Dense 'd': expected a call without reverse, got one in reverse. "
               "ReversibleEmbedding is the layer that takes such calls.");
  const ReversibleEmbedding back{.input_dim = 5, .output_dim = 4, .reverse = true, .name = "r"};
  EXPECT_ERROR(build(back, {3, 4}),
               OptionError,
               "sequential: ReversibleEmbedding 'r': expected layers of one input and one output, "
               "got one in reverse. Use Functional.");
  EXPECT_ERROR(
      build(TimeDistributed{.layer = back, .name = "t"}, {3, 4}),
      OptionError,
      "TimeDistributed 't': r: expected a call without reverse, got one in reverse. Such a "
      "call takes any number of axes by itself.");
}

TEST(LayerErrors, NameWhatProjectionsAndLayersMayBe) {
  EXPECT_ERROR(build(LSTM{.units = 3, .name = "l", .proj_size = 3}, {4, 1}),
               OptionError,
               "LSTM 'l': expected proj_size in [0, 2], got 3.");
  EXPECT_ERROR(build(GRU{.units = 3, .name = "g", .num_layers = 9}, {4, 1}),
               OptionError,
               "GRU 'g': expected num_layers in [1, 8], got 9.");
  EXPECT_ERROR(build(SimpleRNN{.units = 3, .name = "s", .layer_dropout = 1}, {4, 1}),
               OptionError,
               "SimpleRNN 's': expected layer_dropout in [0, 1), got 1.");
  const Layer inner = LSTM{.units = 3, .return_sequences = true, .num_layers = 2};
  EXPECT_ERROR(build(Bidirectional{.layer = inner, .name = "b", .num_layers = 2}, {4, 1}),
               OptionError,
               "Bidirectional 'b': expected num_layers here or in the layer inside, got both.");
  EXPECT_ERROR(
      build(Bidirectional{.layer = GRU{.units = 3}, .merge_mode = {}, .name = "b", .num_layers = 2},
            {4, 1}),
      OptionError,
      "Bidirectional 'b': expected a merge_mode with num_layers, got None.");
}

void build_einsum(const EinsumDense& options, const Shape& sample) {
  EinsumDense named = options;
  named.name = "e";
  build(named, sample);
}

TEST(LayerErrors, NameEquationsThatAreNone) {
  const std::string form =
      "EinsumDense 'e': expected an equation of the form [X],[Y]->[Z], ...[X],[Y]->...[Z] or "
      "[X]...,[Y]->[Z]... of letters, each once on a side, got ";
  for (const char* equation : {"",
                               "ab",
                               "ab,bc",
                               "ab->bc,ac",
                               "ab,bc -> ac",
                               "aab,bc->ac",
                               "ab,bcc->ac",
                               "ab,bc->acc",
                               "...b,bc->c",
                               "b...,bc->c...",
                               "ab,bc->ac...",
                               "...ab...,bc->...ac...",
                               "a1,1c->ac"}) {
    EXPECT_ERROR(build_einsum({.equation = equation, .output_shape = {4}}, {3}),
                 OptionError,
                 (form + "'" + equation + "'.").c_str());
  }
  const std::string batch =
      "EinsumDense 'e': expected an equation whose first axis is the batch in input and result "
      "only, got ";
  for (const char* equation : {"ab,bc->ca", "ab,abc->ac"}) {
    EXPECT_ERROR(build_einsum({.equation = equation, .output_shape = {4}}, {3}),
                 OptionError,
                 (batch + "'" + equation + "'.").c_str());
  }
  EXPECT_ERROR(build_einsum({.equation = "ab,bc->acd", .output_shape = {4, 5}}, {3}),
               OptionError,
               "EinsumDense 'e': expected an equation whose result has axes of the input and the "
               "kernel only, got 'ab,bc->acd'.");
  EXPECT_ERROR(build_einsum({.equation = "ab,bcd->ac", .output_shape = {4}}, {3}),
               OptionError,
               "EinsumDense 'e': expected an equation whose kernel has axes of the input and the "
               "result only, got 'ab,bcd->ac'.");
}

TEST(LayerErrors, NameWhatDoesNotFitAnEquation) {
  EXPECT_ERROR(build_einsum({.equation = "abc,cd->abd", .output_shape = {-1, 4}}, {3}),
               ShapeError,
               "EinsumDense 'e': expected input of rank 3 for 'abc,cd->abd', got rank 2.");
  EXPECT_ERROR(build_einsum({.equation = "...bc,cd->...bd", .output_shape = {-1, 4}}, {}),
               ShapeError,
               "EinsumDense 'e': expected input of rank 2 or more for '...bc,cd->...bd', got rank "
               "1.");
  EXPECT_ERROR(build_einsum({.equation = "abc,cd->abd", .output_shape = {4}}, {5, 3}),
               OptionError,
               "EinsumDense 'e': expected an output_shape of 2 lengths for 'abc,cd->abd', without "
               "the batch, got (4,).");
  EXPECT_ERROR(
      build_einsum({.equation = "...x,xy->...y", .output_shape = {5, 4}}, {5, 3}),
      OptionError,
      "EinsumDense 'e': expected an output_shape of 1 lengths for '...x,xy->...y', without "
      "the batch and the ellipsis, got (5, 4).");
  EXPECT_ERROR(build_einsum({.equation = "abc,cd->abd", .output_shape = {6, 4}}, {5, 3}),
               ShapeError,
               "EinsumDense 'e': expected input of length 6 along 'b' of 'abc,cd->abd', got (5, 3) "
               "a sample.");
  EXPECT_ERROR(build_einsum({.equation = "abc,bcd->abd", .output_shape = {-1, 4}}, {5, 3}),
               OptionError,
               "EinsumDense 'e': expected a length of 'b' in output_shape, got (None, 4). Axes of "
               "the kernel "
               "and the bias need one.");
  EXPECT_ERROR(
      build_einsum({.equation = "abc,cd->abd", .output_shape = {-1, 4}, .bias_axes = "b"}, {5, 3}),
      OptionError,
      "EinsumDense 'e': expected a length of 'b' in output_shape, got (None, 4). Axes of the "
      "kernel "
      "and the bias need one.");
  for (const char* axes : {"", "a", "c", "dd", "."}) {
    EXPECT_ERROR(
        build_einsum({.equation = "abc,cd->abd", .output_shape = {5, 4}, .bias_axes = axes},
                     {5, 3}),
        OptionError,
        (std::string("EinsumDense 'e': expected bias_axes of the result's letters, each once, in "
                     "'abc,cd->abd', got '") +
         axes + "'.")
            .c_str());
  }
  const std::int64_t size = std::int64_t{1} << 31;
  EXPECT_ERROR(build_einsum({.equation = "ab,bcd->acd", .output_shape = {size, size}}, {3}),
               ShapeError,
               "EinsumDense 'e': expected at most 2^40 values in one piece, got (3, 2147483648, "
               "2147483648).");
}

TEST(LayerErrors, NameWhatIsNotHashed) {
  const auto built = [](Hashing layer, const char* dtype, const Shape& sample) {
    layer.name = "h";
    layer.num_bins = 4;
    Sequential({Input{.shape = sample, .dtype = dtype}, layer});
  };
  EXPECT_ERROR(built({.mask_value = "x"}, "float32", {1}),
               OptionError,
               "Hashing: expected a mask_value that is a number, as the input is, got a text. An "
               "Input of texts has dtype \"string\".");
  EXPECT_ERROR(built({.mask_value = 3}, "string", {1}),
               OptionError,
               "Hashing: expected a mask_value that is a text, as the input is, got a number. An "
               "Input of texts has dtype \"string\".");
  EXPECT_ERROR(built({.salt = {3}}, "int64", {1}),
               OptionError,
               "Hashing: expected salt of two numbers, or none, got 1.");
  EXPECT_ERROR(built({.output_mode = "count"}, "string", {2, 3}),
               ShapeError,
               "Hashing 'h': expected input of rank 2 (batch, numbers), got (2, 3) a sample. "
               "Reshape in front of this layer.");
  EXPECT_ERROR(build(Hashing{.name = "h"}, {1}),
               OptionError,
               "Hashing 'h': expected num_bins in [1, 16777216], got 0.");
}

TEST(LayerErrors, NameWhatIsNotCrossed) {
  const Layer crossing = HashedCrossing{.num_bins = 4, .name = "c"};
  const KerasTensor code = Input{.shape = {1}, .dtype = "int64"},
                    real = Input{.shape = {1}, .name = "real"},
                    flat = Input{.shape = {}, .dtype = "string"}, wide = Input{.shape = {2}};
  EXPECT_ERROR(crossing({code}), ShapeError, "HashedCrossing 'c': expected two inputs, got 1.");
  EXPECT_ERROR(crossing({code, flat}),
               ShapeError,
               "HashedCrossing 'c': expected two inputs of one shape, got (1,) and () a sample.");
  EXPECT_ERROR(crossing({wide, wide}),
               ShapeError,
               "HashedCrossing 'c': expected inputs of shape () or (1,) a sample, got (2,).");
  EXPECT_ERROR(Functional({code, real}, {crossing({code, real})}),
               OptionError,
               "HashedCrossing 'c': expected inputs with dtype \"string\", \"int32\" or "
               "\"int64\", got 'float32'.");
}

TEST(LayerErrors, NameTheStatesThatALayerBeginsFrom) {
  const KerasTensor x = Input{.shape = {4, 1}}, state = Input{.shape = {3}};
  EXPECT_ERROR(Layer(LSTM{.units = 3, .name = "l", .proj_size = 2})({x, state, state}),
               ShapeError,
               "LSTM 'l': expected 2 initial states of shapes (None, 2), (None, 3), got 2, (3,) a "
               "sample.");
  EXPECT_ERROR(Layer(GRU{.units = 3, .name = "g", .num_layers = 2})({x, state}),
               ShapeError,
               "GRU 'g': expected 2 initial states of shape (None, 3), got 1, (3,) a sample.");
  const Layer both = Bidirectional{.layer = GRU{.units = 3}, .name = "b", .num_layers = 2};
  EXPECT_ERROR(
      both({x, state, state}), ShapeError, "Bidirectional 'b': expected 4 initial states, got 2.");
}

TEST(LayerErrors, NameSizesThatNoMachineHolds) {
  const std::int64_t size = std::int64_t{1} << 31;
  EXPECT_ERROR(build(Conv2D{.filters = size, .kernel_size = {1, 1}, .name = "c"}, {1, 1, size}),
               ShapeError,
               "Conv2D 'c': expected at most 2^40 values in one piece, got (1, 1, 2147483648, "
               "2147483648).");
  EXPECT_ERROR(build(RepeatVector{.n = size, .name = "r"}, {1024}),
               ShapeError,
               "RepeatVector 'r': expected at most 2^40 values in one piece, got (2147483648, "
               "1024).");
}

TEST(LayerErrors, NameBadOptions) {
  EXPECT_ERROR(build(Conv1D{.filters = 3, .kernel_size = 1, .groups = 2, .name = "c"}, {4, 2}),
               OptionError,
               "Conv1D 'c': expected filters a multiple of the 2 groups, got 3.");
  EXPECT_ERROR(build(GroupNormalization{.groups = 3, .name = "g"}, {3, 4}),
               OptionError,
               "GroupNormalization 'g': expected groups that divide the features, or -1, got 3 of "
               "4.");
  Sequential joined(
      {Input{.shape = {3, 4}}, Dense{.units = 2, .activity_regularizer = OrthogonalRegularizer{}}});
  EXPECT_ERROR(
      joined.predict(Tensor({1, 3, 4})),
      OptionError,
      "Dense: activity_regularizer: expected an output of rank 2 (batch, features), got (3, "
      "2) a sample.");
  EXPECT_ERROR(build(Conv2D{.filters = 3,
                            .kernel_size = {1, 2},
                            .strides = {2, 1},
                            .dilation_rate = {1, 2},
                            .name = "c"},
                     {4, 4, 2}),
               OptionError,
               "Conv2D 'c': expected strides or dilation_rate 1, got (2, 1) and (1, 2).");
  EXPECT_ERROR(
      build(Conv2DTranspose{.filters = 3,
                            .kernel_size = {1, 1},
                            .strides = {2, 1},
                            .output_padding = {{1, 1}},
                            .name = "c"},
            {4, 4, 2}),
      OptionError,
      "Conv2DTranspose 'c': expected output_padding below the strides (2, 1), got (1, 1).");
  EXPECT_ERROR(build(UpSampling2D{.interpolation = "bicubic", .name = "u"}, {4, 4, 2}),
               OptionError,
               "UpSampling2D 'u': expected a supported interpolation, got 'bicubic'. Supported: "
               "nearest, bilinear.");
  EXPECT_ERROR(build(Conv1D{.filters = 3,
                            .kernel_size = 1,
                            .data_format = "channels_first",
                            .activation = "softmax",
                            .name = "c"},
                     {4, 2}),
               OptionError,
               "Conv1D 'c': expected an activation of single values with channels_first, got "
               "'softmax'.");
  Sequential masked({Embedding{.input_dim = 3, .output_dim = 4, .mask_zero = true},
                     GlobalAveragePooling1D{.data_format = "channels_first"}});
  EXPECT_ERROR(masked.predict(Tensor({1, 4})),
               OptionError,
               "GlobalAveragePooling1D: expected data_format channels_last for masked steps, got "
               "'channels_first'.");
  EXPECT_ERROR(build(Conv1D{.filters = 3, .kernel_size = 0, .name = "c"}, {4, 2}),
               OptionError,
               "Conv1D 'c': expected kernel_size at least 1, got 0.");
  EXPECT_ERROR(
      build(MaxPooling1D{.padding = "sane", .name = "m"}, {4, 2}),
      OptionError,
      "MaxPooling1D 'm': expected a supported padding, got 'sane'. Did you mean 'same'? Supported: "
      "valid, same.");
  EXPECT_ERROR(
      build(ConvLSTM1D{.filters = 3, .kernel_size = 1, .activation = "softmax", .name = "c"},
            {4, 4, 2}),
      OptionError,
      "ConvLSTM1D 'c': expected an activation of single values, got 'softmax'.");
}

TEST(LayerErrors, StreamsTakeNoLayersThatJoinSteps) {
  Sequential model(std::vector<Layer>{Input{.shape = {4, 2}},
                                      Conv1D{.filters = 2, .kernel_size = 2, .padding = "causal"},
                                      LSTM{.units = 2}},
                   "m");
  EXPECT_ERROR(model.stream(),
               OptionError,
               "m.stream: Conv1D 'conv1d': expected layers that take one step at a time, got one "
               "that joins steps. Use predict on whole sequences.");
  Sequential behind({Input{.shape = {4, 2}},
                     LSTM{.units = 4},
                     Reshape{.target_shape = {2, 2}},
                     Conv1D{.filters = 2, .kernel_size = 2}});
  EXPECT_NO_THROW(behind.stream());
  Sequential decoder(
      {Input{.shape = {4, 2}}, LSTM{.units = 3}, RepeatVector{.n = 2}, GRU{.units = 2}});
  EXPECT_THROW(decoder.stream(), OptionError);
}

}  // namespace
}  // namespace engram
