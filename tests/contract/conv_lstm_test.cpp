// SPDX-License-Identifier: Apache-2.0
/// Masks of convolutional LSTMs.
#include <gtest/gtest.h>

#include <algorithm>

#include "contract/layer_cases.hpp"
#include "layers/layer_spec.hpp"

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

}  // namespace
}  // namespace engram
