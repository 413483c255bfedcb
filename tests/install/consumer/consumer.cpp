// SPDX-License-Identifier: Apache-2.0
/// A program of a user who has installed engram.
#include <cstdio>

#include "engram/engram.hpp"

int main() {
  using namespace engram;
  Sequential model({LSTM{.units = 4}, Dense{.units = 1}});
  model.compile({.optimizer = Adam{.learning_rate = 0.01f}, .loss = "mean_squared_error"});
  const Tensor x({8, 5, 1});
  const Tensor y({8, 1});
  const History history = model.fit(x, y, {.epochs = 2});
  std::printf("%s: %zu epochs\n", version().c_str(), history.epoch.size());
  return history.epoch.size() == 2 && model.predict(x).shape() == Shape{8, 1} ? 0 : 1;
}
