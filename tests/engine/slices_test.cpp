// SPDX-License-Identifier: Apache-2.0
#include "engine/slices.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace engram {
namespace {

TEST(Slices, GatherPutsTimeFirst) {
  // Two samples (T 2, D 2); the rows are taken in the order 1, 0.
  const std::vector<float> x = {0, 1, 2, 3, 10, 11, 12, 13};
  const std::vector<std::int64_t> order = {1, 0};
  std::vector<float> slice(8);
  gather_time_major({x.data(), {2, 2}, 2, 4}, {2, 2}, order, slice.data());
  EXPECT_EQ(slice, (std::vector<float>{10, 11, 0, 1, 12, 13, 2, 3}));
}

TEST(Slices, GatherKeepsRowsOfRankOne) {
  const std::vector<float> x = {0, 1, 2, 3};
  const std::vector<std::int64_t> order = {1, 0};
  std::vector<float> slice(4);
  gather_time_major({x.data(), {2}, 2, 2}, {2}, order, slice.data());
  EXPECT_EQ(slice, (std::vector<float>{2, 3, 0, 1}));
}

TEST(Slices, ScatterUndoesGather) {
  const std::vector<float> x = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const std::vector<std::int64_t> order = {0, 1};
  std::vector<float> slice(12), back(12);
  gather_time_major({x.data(), {3, 2}, 2, 6}, {3, 2}, order, slice.data());
  scatter_time_major(slice.data(), {3, 2}, order, back.data());
  EXPECT_EQ(back, x);
}

TEST(Slices, ScatterPutsRowsInTheirPlaces) {
  const std::vector<float> x = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const std::vector<std::int64_t> order = {2, 0};
  std::vector<float> slice(8), back(12);
  gather_time_major({x.data(), {2, 2}, 3, 4}, {2, 2}, order, slice.data());
  scatter_time_major(slice.data(), {2, 2}, order, back.data());
  EXPECT_EQ(back, (std::vector<float>{0, 1, 2, 3, 0, 0, 0, 0, 8, 9, 10, 11}));
}

TEST(Slices, StepsBehindALengthAreZeroAndMasked) {
  const std::vector<float> x = {1, 2, 3, 4, 5, 6};
  const std::vector<std::int64_t> lengths = {2, 3}, order = {1, 0};
  const RowsView view = RowsView(x.data(), {3}, 2, 3).with_lengths(lengths);
  std::vector<float> slice(6);
  std::vector<std::uint8_t> mask(6);
  gather_time_major(view, {3, 1}, order, slice.data());
  gather_mask(view, order, mask.data());
  EXPECT_EQ(slice, (std::vector<float>{4, 1, 5, 2, 6, 0}));
  EXPECT_EQ(mask, (std::vector<std::uint8_t>{1, 1, 1, 1, 1, 0}));
}

TEST(Slices, LongestFirstKeepsTheOrderOfEqualOnes) {
  const Tensor x({4, 3});
  const std::vector<std::int64_t> lengths = {2, 3, 1, 3}, order = {0, 1, 2, 3};
  const RowsView views[] = {x, RowsView(x).with_lengths(lengths)};
  EXPECT_EQ(longest_first(views, order), (std::vector<std::int64_t>{1, 3, 0, 2}));
  EXPECT_EQ(longest_first(std::span(views).first(1), order), order);
}

TEST(Slices, TrainingHasSixteenSlicesAtMost) {
  for (const std::int64_t rows : {1, 7, 16, 33, 64, 256, 257, 1000, 4096}) {
    const std::int64_t size =
        slice_rows({.batch_rows = rows, .weights = 1000, .is_training = true});
    EXPECT_GE(size, 1);
    EXPECT_LE((rows + size - 1) / size, 16) << rows;
  }
}

TEST(Slices, SmallBatchIsOneSliceOfItsRows) {
  EXPECT_EQ(slice_rows({.batch_rows = 5, .weights = 1000, .is_training = true}), 5);
}

TEST(Slices, MuchWorkIsAnEvenNumberOfSlices) {
  const auto rows_of = [](std::int64_t batch_rows, std::int64_t weights) {
    return slice_rows(
        {.batch_rows = batch_rows, .weights = weights, .flops = 5'000'000, .is_training = true});
  };
  EXPECT_EQ(rows_of(16, 100'000), 8);
  EXPECT_EQ(rows_of(7, 100'000), 4);
  EXPECT_EQ(rows_of(3, 100'000), 3);
  EXPECT_EQ(rows_of(20, 100'000), 10);
  EXPECT_EQ(rows_of(48, 100'000), 12);
  EXPECT_EQ(rows_of(64, 100'000), 16);
  EXPECT_EQ(rows_of(16, 1'000'000), 16);  // weights that would be read twice from afar
}

TEST(Slices, LargestWeightsWantManyRows) {
  EXPECT_EQ(slice_rows({.batch_rows = 32, .weights = 8'000'000, .is_training = true}), 32);
  EXPECT_EQ(slice_rows({.batch_rows = 32, .weights = 3'000'000, .is_training = true}), 16);
  EXPECT_EQ(slice_rows({.batch_rows = 64, .weights = 3'000'000, .is_training = true}), 32);
}

}  // namespace
}  // namespace engram
