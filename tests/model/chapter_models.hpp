// SPDX-License-Identifier: Apache-2.0
/// The models of the chapter's programs, and data like theirs.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "engram/layers/dense.hpp"
#include "engram/layers/dropout.hpp"
#include "engram/layers/embedding.hpp"
#include "engram/layers/gru.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/layers/simple_rnn.hpp"
#include "engram/sequential.hpp"

namespace engram::testing_models {

/// The stock model of cell `Cell` with `first` and `second` units (80 and 100 in the chapter).
template <class Cell>
Sequential stock(std::int64_t first = 80, std::int64_t second = 100, std::int64_t steps = 60) {
  Sequential model({Input{.shape = {steps, 1}},
                    Cell{.units = first, .return_sequences = true},
                    Dropout{.rate = 0.2f},
                    Cell{.units = second},
                    Dropout{.rate = 0.2f},
                    Dense{.units = 1}});
  model.compile({.optimizer = Adam{}, .loss = "mean_squared_error", .metrics = {"mae"}});
  return model;
}

struct Data {
  Tensor x, y;
};

/// Windows of a smooth series and the value after each.
inline Data waves(std::int64_t rows, std::int64_t steps) {
  Data data{Tensor({rows, steps, 1}), Tensor({rows})};
  const auto value = [](std::int64_t i) {
    const auto t = static_cast<float>(i);
    return 0.5f + 0.3f * std::sin(0.3f * t) + 0.1f * std::cos(1.1f * t);
  };
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t t = 0; t < steps; ++t) {
      data.x.at({row, t, 0}) = value(row + t);
    }
    data.y.at({row}) = value(row + steps);
  }
  return data;
}

/// Sines of 1, 2, ... times `pitch`.
inline Tensor waves(Shape shape, float pitch) {
  Tensor tensor(std::move(shape));
  for (std::size_t i = 0; i < tensor.values().size(); ++i) {
    tensor.values()[i] = std::sin(pitch * static_cast<float>(i + 1));
  }
  return tensor;
}

}  // namespace engram::testing_models
