// SPDX-License-Identifier: Apache-2.0
#include "kernels/recurrent.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/recurrent.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cells/gru-inl.hpp"
#include "kernels/cells/lstm-inl.hpp"
#include "kernels/cells/row_cell.hpp"
#include "kernels/cells/simple_rnn-inl.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/layout.hpp"
#include "kernels/sequence-inl.hpp"
#include "kernels/step-inl.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Calls act(cell) with the cell and the functions of `spec`.
template <template <class> class CellType, class Act>
HWY_INLINE void with_functions(const RecurrentSpec& spec, const Act& act) {
  const bool has_gates = spec.cell != Cell::simple_rnn;
  if (is_row_function(spec.activation) ||
      (has_gates && is_row_function(spec.recurrent_activation))) {
    act(RowCell<CellType<ChosenFunctions>>(spec));
  } else if (spec.activation == Function::tanh &&
             (!has_gates || spec.recurrent_activation == Function::sigmoid)) {
    act(CellType<UsualFunctions>{{}, spec.H, spec.keeps});
  } else {
    act(CellType<ChosenFunctions>{
        {spec.recurrent_activation, spec.activation}, spec.H, spec.keeps});
  }
}

template <class Act>
HWY_INLINE void with_cell(const RecurrentSpec& spec, const Act& act) {
  switch (spec.cell) {
    case Cell::simple_rnn:
      return with_functions<SimpleRnnCell>(spec, act);
    case Cell::lstm:
      return with_functions<LstmCell>(spec, act);
    case Cell::gru_reset_after:
      return with_functions<GruAfterCell>(spec, act);
    case Cell::gru_reset_before:
      return with_functions<GruBeforeCell>(spec, act);
  }
}

void forward_impl(const RecurrentSpec& spec, const RecurrentForward& a) {
  const Layout& layout = Layout::of(a.packed);
  const bool is_single = is_step(spec, layout, a);
  with_cell(spec, [&](const auto& cell) HWY_ATTR {
    is_single ? step(cell, spec, layout, a) : forward(cell, spec, layout, a);
  });
}

void backward_impl(const RecurrentSpec& spec, const RecurrentBackward& b) {
  const Layout& layout = Layout::of(b.forward->packed);
  with_cell(spec, [&](const auto& cell) HWY_ATTR { backward(cell, spec, layout, b); });
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

#include <cassert>

namespace engram::kernels {

ENGRAM_EXPORT(forward_impl);
ENGRAM_EXPORT(backward_impl);

void recurrent_forward(const RecurrentSpec& spec, const RecurrentForward& a) noexcept {
  assert(a.rows >= 1 && a.rows <= spec.S);
  assert(a.packed != nullptr && a.workspace != nullptr && a.x != nullptr && a.y != nullptr);
  assert(Layout::of(a.packed).spec == spec);  // packed for another layer
  assert(a.input_dropout == nullptr || spec.has_input_dropout);
  assert(a.recurrent_dropout == nullptr || spec.has_recurrent_dropout);
  ENGRAM_DISPATCH(forward_impl)(spec, a);
}

void recurrent_backward(const RecurrentSpec& spec, const RecurrentBackward& a) noexcept {
  assert(spec.keeps && a.forward != nullptr && a.dy != nullptr);
  assert(a.dkernel != nullptr && a.drecurrent_kernel != nullptr);
  assert(a.dx != nullptr || !spec.needs_dx);
  ENGRAM_DISPATCH(backward_impl)(spec, a);
}

}  // namespace engram::kernels

#endif  // HWY_ONCE
