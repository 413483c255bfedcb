// SPDX-License-Identifier: Apache-2.0
/// Any cell with any functions, gate by gate instead of element by element: for functions of all
/// units together, such as softmax. Slower than the others.
#pragma once

#include "kernels/cells/rows.hpp"
#include "kernels/recurrent.hpp"

namespace engram::kernels {

class AnyCell {
 public:
  explicit AnyCell(const RecurrentSpec& spec) : spec_(spec) {}

  void forward(const ForwardRow& row) const noexcept;
  void backward(const BackwardRow& row) const noexcept;

  // GRU, reset before: as GruBeforeCell's.
  void reset(float* z, const float* h, float* reset_h) const noexcept;
  void reset_backward(const BackwardRow& row,
                      const float* d_reset_h,
                      const float* factor) const noexcept;

 private:
  void forward_lstm(const ForwardRow& row) const;
  void forward_gru(const ForwardRow& row) const;
  void backward_lstm(const BackwardRow& row) const;
  void backward_gru(const BackwardRow& row) const;

  const RecurrentSpec& spec_;
};

/// An AnyCell with what the loop over time asks of `CellType`.
template <class CellType>
struct RowCell : AnyCell {
  static constexpr bool kCarries = CellType::kCarries;
  static constexpr bool kResetsBefore = CellType::kResetsBefore;

  using AnyCell::AnyCell;
};

}  // namespace engram::kernels
