// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engram/data.hpp"
#include "engram/error.hpp"
#include "expect_error.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

using Order = std::vector<std::int64_t>;

TEST(OneHot, SetsOneForEachId) {
  EXPECT_EQ(one_hot(Tensor({2}, {2, 0}), 3), Tensor({2, 3}, {0, 0, 1, 1, 0, 0}));
}

TEST(OneHot, AddsAnAxis) { EXPECT_EQ(one_hot(Tensor({5, 4}), 26).shape(), (Shape{5, 4, 26})); }

TEST(OneHot, RefusesIdsOutside) {
  EXPECT_ERROR(one_hot(Tensor({2}, {0, 5}), 5),
               DataError,
               "one_hot: expected integers from 0 to 4, got 5. Check the ids, or use a greater "
               "depth.");
}

TEST(OneHot, RefusesWhatIsNoId) {
  for (const float id : {-1.0f, 0.5f, NAN}) {
    EXPECT_THROW(one_hot(Tensor({1}, {id}), 5), DataError) << id;
  }
}

TEST(OneHot, RefusesADepthOfNothing) { EXPECT_THROW(one_hot(Tensor({1}), 0), OptionError); }

TEST(NumpyRandom, ShufflesAsNumpy) {
  // numpy.random.seed(7); x = numpy.arange(22); numpy.random.shuffle(x)
  const Order expected = {1,  5,  2,  21, 19, 12, 11, 0, 20, 6, 18,
                          16, 13, 10, 17, 9,  8,  14, 7, 3,  4, 15};

  EXPECT_EQ(NumpyRandom(7).shuffle_order(22), expected);
}

TEST(NumpyRandom, GoesOnBetweenShuffles) {
  NumpyRandom random(7);

  EXPECT_NE(random.shuffle_order(22), random.shuffle_order(22));
}

TEST(NumpyRandom, ShufflesEveryItemIntoOnePlace) {
  Order order = NumpyRandom(3).shuffle_order(2066);

  std::ranges::sort(order);
  for (std::size_t i = 0; i < order.size(); ++i) {
    ASSERT_EQ(order[i], static_cast<std::int64_t>(i));
  }
}

TEST(NumpyRandom, ShufflesNothingAndOne) {
  EXPECT_EQ(NumpyRandom(7).shuffle_order(0), Order{});
  EXPECT_EQ(NumpyRandom(7).shuffle_order(1), Order{0});
}

TEST(NumpyRandom, RefusesANegativeNumber) {
  EXPECT_ERROR(NumpyRandom(7).shuffle_order(-1),
               OptionError,
               "NumpyRandom::shuffle_order: expected 0 to 2^32 items, got -1. Shuffle parts.");
}

TEST(TakeRows, GivesRowsInOrder) {
  const Tensor tensor({3, 2}, {0, 1, 10, 11, 20, 21});

  EXPECT_EQ(take_rows(tensor, Order{2, 0}), Tensor({2, 2}, {20, 21, 0, 1}));
}

TEST(TakeRows, GivesARowTwice) {
  EXPECT_EQ(take_rows(Tensor({2}, {5, 6}), Order{1, 1, 1}), Tensor({3}, {6, 6, 6}));
}

TEST(TakeRows, RefusesRowsOutside) {
  EXPECT_ERROR(take_rows(Tensor({2, 3}), Order{2}),
               ShapeError,
               "take_rows: expected rows inside (2, 3), got 2. Rows count from 0.");
}

TEST(NpyFiles, AreReadBack) {
  const TemporaryFolder folder;
  const Tensor tensor({2, 2}, {0.1f, -2, 3e30f, 0});

  save_npy(folder / "x.npy", tensor);

  EXPECT_EQ(load_npy(folder / "x.npy"), tensor);
}

TEST(NpyFiles, AreNamedWhenDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder.write("x.npy", "");

  EXPECT_ERROR(
      load_npy(path),
      DataError,
      (path + ": expected an .npy file, which begins with \\x93NUMPY, got ''. Write the file "
              "again with numpy.save.")
          .c_str());
}

}  // namespace
}  // namespace engram
