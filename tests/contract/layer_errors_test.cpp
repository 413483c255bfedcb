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
      "Embedding 'e': expected ids of rank 2 (batch, time) with mask_zero, got (3, 4) a sample. A "
      "mask has one value a step.");
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
