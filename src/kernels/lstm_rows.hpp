// SPDX-License-Identifier: Apache-2.0
/// One step of LSTM for rows whose pre-activations are there already.
#pragma once

#include <cstdint>

#include "kernels/recurrent.hpp"  // Function

namespace engram::kernels {

/// M rows of H units. The pre-activations z (M, 4H), gates i, f, c, o, become the gates, and in the
/// backward pass the gradients of the pre-activations.
struct LstmRows {
  std::int64_t M = 0, H = 0;
  Function activation = Function::tanh, recurrent_activation = Function::sigmoid;
  float* z = nullptr;
  const float* c_before = nullptr;  ///< (M, H)
  float* c = nullptr;               ///< (M, H) after the step
  float* h = nullptr;               ///< (M, H); forward only
};

void lstm_rows(const LstmRows& r) noexcept;

/// dh (M, H): the gradient of h. dc (M, H): that of c after the step becomes that before it.
void lstm_rows_gradient(const LstmRows& r, const float* dh, float* dc) noexcept;

}  // namespace engram::kernels
