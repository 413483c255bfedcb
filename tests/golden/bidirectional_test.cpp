// SPDX-License-Identifier: Apache-2.0
/// Bidirectional against values of Keras that can be checked by eye.
#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "engram/layers/bidirectional.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

TEST(Bidirectional, RowsOfConstantWeights) {
  const LSTM inner{.units = 2,
                   .kernel_initializer = Constant{.value = 0.3f},
                   .recurrent_initializer = Constant{.value = 0.2f},
                   .return_sequences = true};
  Sequential model({Bidirectional{.layer = inner}});

  const Tensor y = model.predict(Tensor({1, 3, 1}, {1, 2, 3}));

  const std::vector<float> steps = {.095241f, .465911f, .306930f, .468675f, .565198f, .333693f};
  ASSERT_EQ(y.shape(), (Shape{1, 3, 4}));
  for (std::int64_t t = 0; t < 3; ++t) {
    for (std::int64_t u = 0; u < 4; ++u) {
      // Keras's values are known to six digits.
      EXPECT_NEAR(y.at({0, t, u}), steps[static_cast<std::size_t>(2 * t + u / 2)], 1e-6);
    }
  }
}

TEST(Bidirectional, NamesItsWeightsAsKeras) {
  Sequential model({Bidirectional{.layer = LSTM{.units = 2, .use_bias = false, .name = "read"}}});
  model.build({3, 1});

  std::vector<std::string> paths;
  for (const WeightInfo& weight : model.weights()) {
    paths.push_back(weight.path);
  }

  EXPECT_EQ(paths,
            (std::vector<std::string>{"bidirectional/forward_read/lstm_cell/kernel",
                                      "bidirectional/forward_read/lstm_cell/recurrent_kernel",
                                      "bidirectional/backward_read/lstm_cell/kernel",
                                      "bidirectional/backward_read/lstm_cell/recurrent_kernel"}));
}

/// Builds a model of `layer` for sequences of 3 steps.
void build(const Bidirectional& layer) {
  Sequential model({layer});
  model.build({3, 1});
}

TEST(Bidirectional, RefusesWhatCannotRunBothWays) {
  EXPECT_ERROR(
      build({}), OptionError, "Bidirectional 'bidirectional': expected a layer, got none.");
  EXPECT_ERROR(build({.layer = Dense{.units = 1}}),
               OptionError,
               "Bidirectional 'bidirectional': expected a recurrent layer, got Dense.");
  EXPECT_ERROR(build({.layer = LSTM{}}),
               OptionError,
               "Bidirectional 'bidirectional': forward_lstm: expected units at least 1, got 0.");
  EXPECT_ERROR(build({.layer = LSTM{.units = 1, .go_backwards = true}}),
               OptionError,
               "Bidirectional 'bidirectional': expected layers that go different ways, got "
               "go_backwards in both.");
  const LSTM sequences{.units = 1, .return_sequences = true, .go_backwards = true};
  EXPECT_ERROR(build({.layer = LSTM{.units = 1}, .backward_layer = sequences}),
               OptionError,
               "Bidirectional 'bidirectional': expected the same return_sequences and stateful in "
               "both layers, got different ones.");
  const LSTM wider{.units = 2, .go_backwards = true};
  EXPECT_ERROR(build({.layer = LSTM{.units = 1}, .backward_layer = wider}),
               ShapeError,
               "Bidirectional 'bidirectional': expected outputs of one shape in both directions, "
               "got (1,) and (2,).");
}

}  // namespace
}  // namespace engram
