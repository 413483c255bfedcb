// SPDX-License-Identifier: Apache-2.0
#include "engram/tensor.hpp"

#include "engram/error.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

TEST(Tensor, IndexesRowMajor) {
  const Tensor x({2, 3}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(x.at({1, 0}), 3);
  EXPECT_EQ(x.at({0, 2}), 2);
}

TEST(Tensor, TakesRows) {
  const Tensor x({3, 2}, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(x.rows(1, 3), Tensor({2, 2}, {2, 3, 4, 5}));
  EXPECT_EQ(x.rows(1, 1).shape(), (Shape{0, 2}));
}

TEST(Tensor, ReshapesKeepingValues) {
  EXPECT_EQ(Tensor({2, 2}, {1, 2, 3, 4}).reshaped({4, 1}), Tensor({4, 1}, {1, 2, 3, 4}));
}

TEST(Tensor, RefusesWrongSizes) {
  EXPECT_ERROR(
      Tensor({2, 2}, {1, 2, 3}), ShapeError, "Tensor: expected 4 values for shape (2, 2), got 3.");
  EXPECT_ERROR(Tensor({2, -2}), ShapeError, "Tensor: expected axes of 0 or more, got (2, None).");
}

TEST(Tensor, RefusesIndexOutside) {
  const Tensor x({2, 3});
  EXPECT_ERROR(
      x.at({2, 0}), ShapeError, "Tensor::at: expected an index inside (2, 3), got (2, 0).");
  EXPECT_ERROR(x.at({1}), ShapeError, "Tensor::at: expected an index inside (2, 3), got (1,).");
  EXPECT_ERROR(x.rows(1, 4), ShapeError, "Tensor::rows: expected rows inside (2, 3), got [1, 4).");
}

TEST(RowsView, OverlapsInASeries) {
  const std::vector<float> series = {0, 1, 2, 3, 4};
  const RowsView windows(series.data(), {2, 1}, 4, 1);
  EXPECT_EQ(windows.tensor(), Tensor({4, 2, 1}, {0, 1, 1, 2, 2, 3, 3, 4}));
  EXPECT_EQ(windows.rows(1, 3).tensor(), Tensor({2, 2, 1}, {1, 2, 2, 3}));
  EXPECT_EQ(windows.rows(1, 3).memory().size(), 3u);
}

TEST(RowsView, TakesRowsInAnOrder) {
  const Tensor x({3, 2}, {0, 1, 2, 3, 4, 5});
  const std::vector<std::int64_t> order = {2, 0, 2, 1};
  const RowsView ordered = RowsView(x).in_order(order);
  EXPECT_EQ(ordered.tensor(), Tensor({4, 2}, {4, 5, 0, 1, 4, 5, 2, 3}));
  EXPECT_EQ(ordered.rows(1, 3).tensor(), Tensor({2, 2}, {0, 1, 4, 5}));
}

TEST(RowsView, RefusesRowsOutside) {
  const Tensor x({3, 2});
  const std::vector<std::int64_t> order = {0, 3};
  EXPECT_ERROR(RowsView(x).rows(2, 4),
               ShapeError,
               "RowsView::rows: expected rows inside (3, 2), got [2, 4).");
  EXPECT_ERROR(RowsView(x).in_order(order),
               ShapeError,
               "RowsView::in_order: expected rows inside (3, 2), got [3, 4).");
}

TEST(Shape, PrintsUnknownAxesAsNone) {
  EXPECT_EQ(to_string({-1, 60, 1}), "(None, 60, 1)");
  EXPECT_EQ(to_string({5}), "(5,)");
  EXPECT_EQ(to_string({}), "()");
}

}  // namespace
}  // namespace engram
