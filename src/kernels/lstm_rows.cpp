// SPDX-License-Identifier: Apache-2.0
#include "kernels/lstm_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/lstm_rows.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cells/lstm-inl.hpp"
#include "kernels/dispatch.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

LstmCell<ChosenFunctions> cell_of(const LstmRows& r) {
  return {.f = {.of_gates = r.recurrent_activation, .of_states = r.activation},
          .H = r.H,
          .keeps = true};
}

void lstm_rows_impl(const LstmRows& r) {
  const auto cell = cell_of(r);
  for (std::int64_t row = 0; row < r.M; ++row) {
    const std::int64_t at = row * r.H;
    cell.forward({.z = r.z + 4 * at,
                  .h_before = nullptr,
                  .c_before = r.c_before + at,
                  .h = r.h + at,
                  .c = r.c + at,
                  .y = nullptr});
  }
}

void lstm_rows_gradient_impl(const LstmRows& r, const float* dh, float* dc) {
  const auto cell = cell_of(r);
  for (std::int64_t row = 0; row < r.M; ++row) {
    const std::int64_t at = row * r.H;
    cell.backward({.z = r.z + 4 * at,
                   .h_before = nullptr,
                   .c_before = r.c_before + at,
                   .h = nullptr,
                   .c = r.c + at,
                   .dh = dh + at,
                   .dy = nullptr,
                   .dc = dc + at,
                   .carry = nullptr});
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(lstm_rows_impl);
ENGRAM_EXPORT(lstm_rows_gradient_impl);

void lstm_rows(const LstmRows& r) noexcept { ENGRAM_DISPATCH(lstm_rows_impl)(r); }

void lstm_rows_gradient(const LstmRows& r, const float* dh, float* dc) noexcept {
  ENGRAM_DISPATCH(lstm_rows_gradient_impl)(r, dh, dc);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
