// SPDX-License-Identifier: Apache-2.0
/// The loop over time, forward and backward, for any cell.
#include "kernels/cells/rows-inl.hpp"
#include "kernels/gradient-inl.hpp"
#include "kernels/slice-inl.hpp"

#if defined(ENGRAM_KERNELS_SEQUENCE_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_SEQUENCE_INL_HPP_
#undef ENGRAM_KERNELS_SEQUENCE_INL_HPP_
#else
#define ENGRAM_KERNELS_SEQUENCE_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// Rows after which the weights' gradients are due: enough to make storing them cheap, few enough
/// that the gates' gradients are still in a near cache.
constexpr std::int64_t kGradientRows = 128;

/// The cell's part of a step, when the products are there.
template <class CellType>
HWY_INLINE void run_cell(const CellType& cell,
                         const Slice& s,
                         const RecurrentForward& a,
                         std::int64_t step,
                         bool is_projected) {
  const PhaseTimer timer(Phase::pointwise);
  s.each_row([&](std::int64_t row) HWY_ATTR {
    if (s.is_masked(step, row)) {
      s.keep_states(step, row);
      return;
    }
    s.mark_used(step, row);
    cell.forward({.z = s.z(step, row),
                  .h_before = s.h(step, row),
                  .c_before = s.c(step, row),
                  .h = is_projected ? s.unprojected(step, row) : s.h(step + 1, row),
                  .c = s.c(step + 1, row),
                  .y = is_projected ? nullptr : s.output(a.y, step, row)});
  });
}

template <class CellType>
void forward(const CellType& cell,
             const RecurrentSpec& spec,
             const Layout& layout,
             const RecurrentForward& a) {
  const Slice s(spec, layout, a);
  s.start();
  for (std::int64_t step = s.begin(); step < s.end(); ++step) {
    s.feed(step);
    s.multiply(layout.step, step);
    if constexpr (CellType::kResetsBefore) {
      for (std::int64_t row = 0; row < a.rows; ++row) {
        // With dropout, h is where its product with r goes.
        float* reset_h =
            s.input(step, row) + (layout.variants - 1) * layout.variant_size + layout.h;
        cell.reset(s.z(step, row), layout.has_own_h ? reset_h : s.h(step, row), reset_h);
      }
      s.multiply(layout.after_reset, step);
    }
    run_cell(cell, s, a, step, spec.P > 0);
    if (spec.P > 0) {
      s.project(step);
    }
  }
  s.finish();
}

/// What the backward loop does beside the cell's own derivative.
class BackwardSlice {
 public:
  HWY_INLINE BackwardSlice(const RecurrentSpec& spec,
                           const Layout& layout,
                           const RecurrentBackward& b)
      : spec_(spec),
        layout_(layout),
        b_(b),
        a_(*b.forward),
        R_(spec.h_size()),
        s_(spec, layout, *b.forward) {}

  HWY_NOINLINE void start() const {
    clear(dh(0), a_.rows * layout_.state_size);
    clear(carry(0), a_.rows * layout_.state_size);
    clear(a_.workspace + layout_.one_gradient_at, layout_.z_columns);
    if (spec_.cell == Cell::lstm) {
      clear(dc(0), a_.rows * layout_.state_size);
    }
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      if (b_.dh_last != nullptr) {
        copy_times(b_.dh_last + row * R_, nullptr, dh(row), R_);
      }
      if (b_.dc_last != nullptr) {
        copy_times(b_.dc_last + row * spec_.H, nullptr, dc(row), spec_.H);
      }
      for (std::int64_t step = s_.end(); step < spec_.T; ++step) {
        add_repeated(step, row, dh(row));
      }
    }
  }

  /// True when a step's gradient of h is needed by the step before, or by the first states.
  HWY_INLINE bool wants_dh(std::int64_t step) const {
    return step > s_.begin() || b_.dh0 != nullptr;
  }

  HWY_INLINE BackwardRow row_of(std::int64_t step, std::int64_t row) const {
    return {.z = s_.z(step, row),
            .h_before = s_.h(step, row),
            .c_before = s_.c(step, row),
            .h = s_.h(step + 1, row),
            .c = s_.c(step + 1, row),
            .dh = spec_.P > 0 ? d_unprojected(row) : dh(row),
            .dy = spec_.P > 0 ? nullptr : s_.output(b_.dy, step, row),
            .dc = dc(row),
            .carry = carry(row)};
  }

  /// A masked step: no gradient for the weights; that of h passes, with the repeated output's.
  HWY_NOINLINE void pass(std::int64_t step, std::int64_t row) const {
    clear(s_.z(step, row), layout_.z_columns);
    add_repeated(step, row, carry(row));
  }

  /// The gradient of what the cell gives, out of that of h.
  HWY_NOINLINE void unproject(std::int64_t step) const {
    const PhaseTimer timer(Phase::products);
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      if (s_.is_masked(step, row)) {
        clear(s_.projected(step, row), R_);
      } else {
        add(dh(row), s_.output(b_.dy, step, row), s_.projected(step, row));
      }
    }
    product({.M = a_.rows,
             .K = spec_.P,
             .N = spec_.H,
             .a = s_.projected(step, 0),
             .lda = layout_.projected_size,
             .packed = a_.packed + layout_.projection_back,
             .c = d_unprojected(0),
             .ldc = layout_.projected_size});
  }

  /// Nothing passes beside the gates where `pass` did so before. For cells that carry nothing.
  HWY_INLINE void clear_carry() const {
    if (a_.mask != nullptr) {
      clear(carry(0), a_.rows * layout_.state_size);
    }
  }

  /// GRU, reset before: the gradient of r h, to scratch.
  HWY_NOINLINE void multiply_reset(std::int64_t step) const {
    const PhaseTimer timer(Phase::products);
    for (const BackProduct& p : layout_.reset_back) {
      multiply(p, step, 1, spec_.H, scratch(0), layout_.state_size, nullptr);
    }
  }

  /// dh = dz * U^T + carry: the gradient of h before the step.
  HWY_NOINLINE void multiply_h(std::int64_t step) const {
    const PhaseTimer timer(Phase::products);
    const std::int64_t size = layout_.state_size;
    if (a_.recurrent_dropout == nullptr) {
      const float* added = carry(0);
      for (const BackProduct& p : layout_.h_back) {
        multiply(p, step, 1, R_, dh(0), size, added);
        added = dh(0);
      }
      return;
    }
    std::memcpy(dh(0), carry(0), static_cast<std::size_t>(a_.rows * size) * sizeof(float));
    for (const BackProduct& p : layout_.h_back) {
      multiply(p, step, 1, R_, scratch(0), size, nullptr);
      for (std::int64_t row = 0; row < a_.rows; ++row) {
        add_times(scratch(row), s_.h_factor(p.variant, row), dh(row), R_);
      }
    }
  }

  /// Gradients of the weights, and of x, by the steps [first, last).
  HWY_NOINLINE void add_gradients(std::int64_t first, std::int64_t last) const {
    const PhaseTimer timer(Phase::gradients);
    add_gradients(layout_.step, first, last);
    add_gradients(layout_.after_reset, first, last);
    if (spec_.P > 0) {
      gradient({.M = (last - first) * a_.rows,
                .N = spec_.P,
                .a = s_.unprojected(first, 0),
                .lda = layout_.projected_size,
                .g = s_.projected(first, 0),
                .ldg = layout_.projected_size},
               {.K = spec_.H, .D = spec_.H, .x = b_.dprojection_kernel, .ld = spec_.P});
    }
    if (!spec_.needs_dx) {
      return;
    }
    if (spec_.go_backwards || layout_.x_back.count > 1) {
      for (std::int64_t step = first; step < last; ++step) {
        multiply_x(step, 1);
      }
    } else {
      multiply_x(first, last - first);
    }
  }

  /// The first states' gradients, and the bias's, collected as those of the input rows' 1; none for
  /// x where no step was worked on.
  HWY_NOINLINE void finish() const {
    for (std::int64_t step = 0; spec_.needs_dx && step < spec_.T; ++step) {
      if (step < s_.begin() || step >= s_.end()) {
        clear(b_.dx + s_.time_of(step) * a_.rows * spec_.D, a_.rows * spec_.D);
      }
    }
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      if (b_.dh0 != nullptr) {
        copy_times(dh(row), nullptr, b_.dh0 + row * R_, R_);
      }
      if (b_.dc0 != nullptr) {
        copy_times(dc(row), nullptr, b_.dc0 + row * spec_.H, spec_.H);
      }
    }
    if (b_.dbias == nullptr) {
      return;
    }
    const float* sums = a_.workspace + layout_.one_gradient_at;
    const std::int64_t H = spec_.H;
    for (std::int64_t z = 0; z < layout_.z_columns; z += H) {
      const std::int64_t column = layout_.keras_column(z);
      const bool has_two = spec_.cell == Cell::gru_reset_after;
      if (!has_two || z < 3 * H) {
        add_times(sums + z, nullptr, b_.dbias + column, H);
      }
      if (has_two && z >= H) {
        add_times(sums + z, nullptr, b_.dbias + layout_.columns + column, H);
      }
    }
  }

  HWY_INLINE float* scratch(std::int64_t row) const { return at(layout_.scratch_at, row); }

  HWY_INLINE const Slice& slice() const { return s_; }

 private:
  HWY_INLINE float* at(std::int64_t place, std::int64_t row) const {
    return a_.workspace + place + row * layout_.state_size;
  }

  HWY_INLINE float* dh(std::int64_t row) const { return at(layout_.dh_at, row); }

  HWY_INLINE float* dc(std::int64_t row) const { return at(layout_.dc_at, row); }

  HWY_INLINE float* carry(std::int64_t row) const { return at(layout_.carry_at, row); }

  HWY_INLINE float* d_unprojected(std::int64_t row) const {
    return a_.workspace + layout_.d_unprojected_at + row * layout_.projected_size;
  }

  /// to (R) = dh and the gradient of a repeated output.
  HWY_INLINE void add_repeated(std::int64_t step, std::int64_t row, float* to) const {
    const bool repeats = !spec_.zero_output_for_mask && s_.is_used(step, row);
    add(dh(row), repeats ? s_.output(b_.dy, step, row) : nullptr, to);
  }

  /// to (R) = a + b; b null: 0
  HWY_INLINE void add(const float* a, const float* b, float* to) const {
    for_each_vector(R_, [&](std::int64_t u, auto part) HWY_ATTR {
      const Vector d = part.load(a + u);
      part.store(b == nullptr ? d : hn::Add(d, part.load(b + u)), to + u);
    });
  }

  static HWY_INLINE void clear(float* p, std::int64_t n) {
    std::memset(p, 0, static_cast<std::size_t>(n) * sizeof(float));
  }

  /// to += from * factor
  static HWY_INLINE void add_times(const float* from,
                                   const float* factor,
                                   float* to,
                                   std::int64_t n) {
    for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
      const Vector v = part.load(from + i), sum = part.load(to + i);
      part.store(factor == nullptr ? hn::Add(sum, v) : hn::MulAdd(v, part.load(factor + i), sum),
                 to + i);
    });
  }

  /// to (steps * rows, N) = dz * packed + added
  HWY_INLINE void multiply(const BackProduct& p,
                           std::int64_t step,
                           std::int64_t steps,
                           std::int64_t N,
                           float* to,
                           std::int64_t ld,
                           const float* added) const {
    product({.M = steps * a_.rows,
             .K = p.K,
             .N = N,
             .a = s_.z(step, 0) + p.column,
             .lda = layout_.z_size,
             .packed = a_.packed + p.packed,
             .c = to,
             .ldc = ld,
             .added = added,
             .ld_added = ld});
  }

  HWY_INLINE void add_gradients(const Products<StepProduct>& products,
                                std::int64_t first,
                                std::int64_t last) const {
    for (const StepProduct& p : products) {
      const std::int64_t column = layout_.keras_column(p.column);
      const std::int64_t D = p.has_x ? spec_.D : 0;
      const Gradient g = {.M = (last - first) * a_.rows,
                          .N = p.N,
                          .a = s_.input(first, 0) + p.variant * layout_.variant_size + p.first,
                          .lda = layout_.input_size,
                          .g = s_.z(first, 0) + p.column,
                          .ldg = layout_.z_size};
      gradient(g,
               {.K = p.K,
                .D = D,
                .x = b_.dkernel + column,
                .one = a_.workspace + layout_.one_gradient_at + p.column,
                .h = b_.drecurrent_kernel + column,
                .ld = layout_.columns});
    }
  }

  /// dx = dz * W^T, times the dropout of x.
  HWY_INLINE void multiply_x(std::int64_t step, std::int64_t steps) const {
    const std::int64_t D = spec_.D;
    float* dx = b_.dx + s_.time_of(step) * a_.rows * D;
    if (layout_.x_back.count > 1) {
      clear(dx, a_.rows * D);
      for (const BackProduct& p : layout_.x_back) {
        float* part = a_.workspace + layout_.dx_scratch_at;
        multiply(p, step, steps, D, part, D, nullptr);
        for (std::int64_t row = 0; row < a_.rows; ++row) {
          add_times(part + row * D, s_.x_factor(p.variant, row), dx + row * D, D);
        }
      }
      return;
    }
    multiply(layout_.x_back.items[0], step, steps, D, dx, D, nullptr);
    for (std::int64_t row = 0; a_.input_dropout != nullptr && row < steps * a_.rows; ++row) {
      copy_times(dx + row * D, s_.x_factor(0, row % a_.rows), dx + row * D, D);
    }
  }

  const RecurrentSpec& spec_;
  const Layout& layout_;
  const RecurrentBackward& b_;
  const RecurrentForward& a_;
  std::int64_t R_;
  Slice s_;
};

template <class CellType>
void backward(const CellType& cell,
              const RecurrentSpec& spec,
              const Layout& layout,
              const RecurrentBackward& b) {
  const BackwardSlice back(spec, layout, b);
  const Slice& s = back.slice();
  const std::int64_t rows = s.rows();
  back.start();
  const std::int64_t begin = s.begin();
  std::int64_t last = s.end();  // the weights' gradients are due for the steps [step, last)
  for (std::int64_t step = last - 1; step >= begin; --step) {
    if (!CellType::kCarries) {
      back.clear_carry();
    }
    if (spec.P > 0) {
      back.unproject(step);
    }
    {
      const PhaseTimer timer(Phase::pointwise);
      s.each_row([&](std::int64_t row) HWY_ATTR {
        if (s.is_masked(step, row)) {
          back.pass(step, row);
        } else {
          cell.backward(back.row_of(step, row));
        }
      });
    }
    if constexpr (CellType::kResetsBefore) {
      back.multiply_reset(step);
      for (std::int64_t row = 0; row < rows; ++row) {
        if (!s.is_masked(step, row)) {
          cell.reset_backward(
              back.row_of(step, row), back.scratch(row), s.h_factor(layout.variants - 1, row));
        }
      }
    }
    if (back.wants_dh(step)) {
      back.multiply_h(step);
    }
    if ((last - step) * rows >= kGradientRows || step == begin) {
      back.add_gradients(step, last);
      last = step;
    }
  }
  back.finish();
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
