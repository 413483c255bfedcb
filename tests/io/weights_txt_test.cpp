// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <sstream>

#include "engram/io.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/gru.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/simple_rnn.hpp"
#include "engram/sequential.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

TEST(WeightsTxt, HasNameShapeAndValues) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {2, 2}},
                    SimpleRNN{.units = 1},
                    Dense{.units = 3, .use_bias = false, .trainable = false},
                    Dense{.units = 2}});
  model.set_weights({Tensor({2, 1}, {0.1f, -2}),
                     Tensor({1, 1}, {1e-10f}),
                     Tensor({1}, {3}),
                     Tensor({1, 3}),
                     Tensor({3, 2}, {1, 2, 3, 4, 5, NAN}),
                     Tensor({2}, {0.5f, -INFINITY})});
  write_weights_txt(model, folder / "weights.txt");
  EXPECT_EQ(folder.read("weights.txt"),
            "simple_rnn/simple_rnn_cell/kernel\n(2, 1)\n[[0.1]\n [-2]]\n"
            "simple_rnn/simple_rnn_cell/recurrent_kernel\n(1, 1)\n[[1e-10]]\n"
            "simple_rnn/simple_rnn_cell/bias\n(1,)\n[3]\n"
            "dense_1/kernel\n(3, 2)\n[[1 2]\n [3 4]\n [5 nan]]\n"
            "dense_1/bias\n(2,)\n[0.5 -inf]\n");
}

TEST(WeightsTxt, IsNeverTruncated) {
  const TemporaryFolder folder;
  Sequential model({Input{.shape = {3, 40}}, GRU{.units = 60}});  // NumPy would print 6 a row
  write_weights_txt(model, folder / "weights.txt");

  std::string text = folder.read("weights.txt");
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  std::istringstream words(text);
  std::vector<float> values;
  for (std::string word; words >> word;) {
    float value = 0;
    const auto end = word.data() + word.size();
    if (std::from_chars(word.data(), end, value).ptr == end) {
      values.push_back(value);
    }
  }
  std::vector<float> expected;
  for (const Tensor& weight : model.get_weights()) {
    expected.insert(expected.end(), weight.values().begin(), weight.values().end());
  }
  EXPECT_EQ(text.find("..."), text.npos);
  EXPECT_EQ(values, expected);
}

}  // namespace
}  // namespace engram
