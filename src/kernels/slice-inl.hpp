// SPDX-License-Identifier: Apache-2.0
/// One slice on its way through a recurrent layer: where its rows lie, its inputs and its products.
#include "base/phases.hpp"
#include "kernels/layout.hpp"
#include "kernels/product-inl.hpp"
#include "kernels/recurrent.hpp"

#if defined(ENGRAM_KERNELS_SLICE_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef ENGRAM_KERNELS_SLICE_INL_HPP_
#undef ENGRAM_KERNELS_SLICE_INL_HPP_
#else
#define ENGRAM_KERNELS_SLICE_INL_HPP_
#endif

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// n floats of `from`, each times its factor; factor null: all 1.
HWY_INLINE void copy_times(const float* from, const float* factor, float* to, std::int64_t n) {
  for_each_vector(n, [&](std::int64_t i, auto part) HWY_ATTR {
    const Vector v = part.load(from + i);
    part.store(factor == nullptr ? v : hn::Mul(v, part.load(factor + i)), to + i);
  });
}

class Slice {
 public:
  HWY_INLINE Slice(const RecurrentSpec& spec, const Layout& layout, const RecurrentForward& a)
      : spec_(spec),
        layout_(layout),
        a_(a),
        R_(spec.h_size()),
        end_(spec.T),
        step_rows_(spec.keeps ? a.rows : 0),
        z_rows_(layout.z_steps > 1 ? a.rows : 0) {
    while (end_ > 0 && is_masked(end_ - 1)) {
      --end_;
    }
    while (begin_ < end_ && is_masked(begin_)) {
      ++begin_;
    }
  }

  HWY_INLINE std::int64_t rows() const { return a_.rows; }

  // The steps [begin, end) are worked on: before and after them all rows are masked, as where a
  // batch of sequences of different lengths ends.
  HWY_INLINE std::int64_t begin() const { return begin_; }

  HWY_INLINE std::int64_t end() const { return end_; }

  /// Where the input and the mask of a step are found in time.
  HWY_INLINE std::int64_t time_of(std::int64_t step) const {
    return spec_.go_backwards ? spec_.T - 1 - step : step;
  }

  // Arrays of the workspace. Without `keeps` all steps share the memory of one; but for z when the
  // inputs' part of all of them is there first, in the order of x.
  HWY_INLINE float* input(std::int64_t step, std::int64_t row) const {
    return a_.workspace + layout_.inputs_at + (step * step_rows_ + row) * layout_.input_size;
  }

  HWY_INLINE float* z(std::int64_t step, std::int64_t row) const {
    const std::int64_t place = spec_.keeps ? step : time_of(step);
    return a_.workspace + layout_.z_at + (place * z_rows_ + row) * layout_.z_size;
  }

  /// The states before a step; those after it are the ones before the next.
  HWY_INLINE float* h(std::int64_t step, std::int64_t row) const {
    return layout_.has_own_h ? state(layout_.h_at, step, row) : input(step, row) + layout_.h;
  }

  HWY_INLINE float* c(std::int64_t step, std::int64_t row) const {
    return state(layout_.c_at, step, row);
  }

  /// Where the output of a step goes, or null.
  template <class Float>
  HWY_INLINE Float* output(Float* y, std::int64_t step, std::int64_t row) const {
    if (spec_.return_sequences) {
      return y + (step * a_.rows + row) * R_;
    }
    return step == spec_.T - 1 ? y + row * R_ : nullptr;
  }

  HWY_INLINE bool is_masked(std::int64_t step, std::int64_t row) const {
    return a_.mask != nullptr && a_.mask[time_of(step) * a_.rows + row] == 0;
  }

  /// The dropout factors of an input row, or null.
  HWY_INLINE const float* x_factor(std::int64_t variant, std::int64_t row) const {
    const std::int64_t mask = layout_.has_own_h ? variant : 0;
    return a_.input_dropout == nullptr ? nullptr
                                       : a_.input_dropout + (mask * a_.rows + row) * spec_.D;
  }

  HWY_INLINE const float* h_factor(std::int64_t variant, std::int64_t row) const {
    return a_.recurrent_dropout == nullptr ? nullptr
                                           : a_.recurrent_dropout + (variant * a_.rows + row) * R_;
  }

  /// What the cell gives, before the projection; and after it, in the backward pass the gradient.
  HWY_INLINE float* unprojected(std::int64_t step, std::int64_t row) const {
    return projection(layout_.unprojected_at, step, row);
  }

  HWY_INLINE float* projected(std::int64_t step, std::int64_t row) const {
    return projection(layout_.projected_at, step, row);
  }

  /// The states before the first step.
  HWY_INLINE void start() const {
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      first_state(a_.h0, row, R_, h(begin_, row));
      if (spec_.cell == Cell::lstm) {
        first_state(a_.c0, row, spec_.H, c(begin_, row));
      }
      a_.workspace[layout_.used_at + row] = 0;
      for (std::int64_t step = 0; step < begin_; ++step) {
        repeat_output(step, begin_, row);
      }
    }
  }

  /// Fills the input rows [x, 1, h] of a step; h is there already unless it goes through dropout.
  /// Where the products with x go ahead of the steps, z = x * packed as well.
  HWY_INLINE void feed(std::int64_t step) const {
    if (layout_.x_steps == 0 || !spec_.keeps) {
      feed_x(step);
    }
    if (layout_.x_steps > 0 && (step - begin_) % layout_.x_steps == 0) {
      multiply_x(step, std::min(layout_.x_steps, end_ - step));
    }
    for (std::int64_t row = 0; layout_.has_own_h && row < a_.rows; ++row) {
      for (std::int64_t v = 0; v < layout_.variants; ++v) {
        copy_times(h(step, row),
                   h_factor(v, row),
                   input(step, row) + v * layout_.variant_size + layout_.h,
                   R_);
      }
    }
  }

  /// z = [x, 1, h] * packed; where x is there already, z += [1, h] * packed.
  HWY_NOINLINE void multiply(const Products<StepProduct>& products, std::int64_t step) const {
    const PhaseTimer timer(Phase::products);
    for (const StepProduct& p : products) {
      const std::int64_t done = layout_.x_steps > 0 && p.has_x ? spec_.D : 0;
      if (p.goes_on) {  // all columns but the last gate's have been begun
        for (std::int64_t row = 0; row < a_.rows; ++row) {
          std::memset(z(step, row) + layout_.z_columns - spec_.H, 0, spec_.H * sizeof(float));
        }
      }
      product({.M = a_.rows,
               .K = p.K - done,
               .N = p.N,
               .a = input(step, 0) + p.variant * layout_.variant_size + p.first + done,
               .lda = layout_.input_size,
               .packed = a_.packed + p.packed,
               .c = z(step, 0) + p.column,
               .ldc = layout_.z_size,
               .first_k = done,
               .packed_K = p.K,
               .goes_on = done > 0 || p.goes_on});
    }
  }

  /// Calls act(row) for all rows, on several threads where that pays: a gate's function takes about
  /// as long as 32 multiply-adds of a product.
  template <class Act>
  HWY_INLINE void each_row(const Act& act) const {
    const auto rows = [&](std::int64_t first, std::int64_t last) HWY_ATTR {
      for (std::int64_t row = first; row < last; ++row) {
        act(row);
      }
    };
    share_work(a_.rows, 32 * a_.rows * layout_.z_columns, rows);
  }

  /// Notes a row's first step that is not masked.
  HWY_INLINE void mark_used(std::int64_t step, std::int64_t row) const {
    float& first = a_.workspace[layout_.used_at + row];
    first = first == 0 ? static_cast<float>(step + 1) : first;
  }

  /// Whether a row has a step that is not masked before `step`, or is it.
  HWY_INLINE bool is_used(std::int64_t step, std::int64_t row) const {
    const float first = a_.workspace[layout_.used_at + row];
    return first > 0 && first <= static_cast<float>(step + 1);
  }

  /// A masked step: the states stay, the output is the last one (0 before the first) or 0.
  HWY_NOINLINE void keep_states(std::int64_t step, std::int64_t row) const {
    copy(h(step, row), h(step + 1, row), R_);
    if (spec_.cell == Cell::lstm) {
      copy(c(step, row), c(step + 1, row), spec_.H);
    }
    std::memset(unprojected(step, row), 0, layout_.projected_size * sizeof(float));
    repeat_output(step, step, row);
  }

  /// h = unprojected * projection_kernel, where the step is not masked.
  HWY_NOINLINE void project(std::int64_t step) const {
    const PhaseTimer timer(Phase::products);
    product({.M = a_.rows,
             .K = spec_.H,
             .N = spec_.P,
             .a = unprojected(step, 0),
             .lda = layout_.projected_size,
             .packed = a_.packed + layout_.projection,
             .c = projected(step, 0),
             .ldc = layout_.projected_size});
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      if (!is_masked(step, row)) {
        copy(projected(step, row), h(step + 1, row), R_);
        if (float* y = output(a_.y, step, row)) {
          copy(projected(step, row), y, R_);
        }
      }
    }
  }

  /// The states after the last step.
  HWY_INLINE void finish() const {
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      for (std::int64_t step = end_; step < spec_.T; ++step) {
        repeat_output(step, end_, row);
      }
      if (a_.h_last != nullptr) {
        copy(h(end_, row), a_.h_last + row * R_, R_);
      }
      if (a_.c_last != nullptr && spec_.cell == Cell::lstm) {
        copy(c(end_, row), a_.c_last + row * spec_.H, spec_.H);
      }
    }
  }

 private:
  /// Whether a step is masked in all rows.
  HWY_INLINE bool is_masked(std::int64_t step) const {
    if (a_.mask == nullptr) {
      return false;
    }
    const std::uint8_t* mask = a_.mask + time_of(step) * a_.rows;
    return std::all_of(mask, mask + a_.rows, [](std::uint8_t used) { return used == 0; });
  }

  /// The output of a masked step: the last one, which is the state before step `last`, or 0.
  HWY_INLINE void repeat_output(std::int64_t step, std::int64_t last, std::int64_t row) const {
    float* y = output(a_.y, step, row);
    if (y == nullptr) {
      return;
    }
    if (spec_.zero_output_for_mask || !is_used(step, row)) {
      std::memset(y, 0, static_cast<std::size_t>(R_) * sizeof(float));
    } else {
      copy(h(last, row), y, R_);
    }
  }

  HWY_INLINE float* state(std::int64_t at, std::int64_t step, std::int64_t row) const {
    return a_.workspace + at + (step * step_rows_ + row) * layout_.state_size;
  }

  HWY_INLINE float* projection(std::int64_t at, std::int64_t step, std::int64_t row) const {
    return a_.workspace + at + (step * step_rows_ + row) * layout_.projected_size;
  }

  static HWY_INLINE void copy(const float* from, float* to, std::int64_t n) {
    if (from != to) {
      copy_times(from, nullptr, to, n);
    }
  }

  static HWY_INLINE void first_state(const float* from,
                                     std::int64_t row,
                                     std::int64_t n,
                                     float* to) {
    if (from != nullptr) {
      copy(from + row * n, to, n);
    } else {
      std::memset(to, 0, static_cast<std::size_t>(n) * sizeof(float));
    }
  }

  HWY_INLINE void feed_x(std::int64_t step) const {
    const float* x = a_.x + time_of(step) * a_.rows * spec_.D;
    for (std::int64_t row = 0; row < a_.rows; ++row) {
      for (std::int64_t v = 0; v < layout_.variants; ++v) {
        float* to = input(step, row) + v * layout_.variant_size;
        copy_times(x + row * spec_.D, x_factor(v, row), to + layout_.one - spec_.D, spec_.D);
        to[layout_.one] = 1;
      }
    }
  }

  /// z = x * packed for the steps from `first`: from their input rows where these are kept, else,
  /// for all steps at once, from x itself, in its order.
  HWY_NOINLINE void multiply_x(std::int64_t first, std::int64_t steps) const {
    for (std::int64_t i = 0; spec_.keeps && i < steps; ++i) {
      feed_x(first + i);
    }
    const PhaseTimer timer(Phase::products);
    multiply_x(layout_.step, first, steps);
    multiply_x(layout_.after_reset, first, steps);
  }

  HWY_INLINE void multiply_x(const Products<StepProduct>& products,
                             std::int64_t first,
                             std::int64_t steps) const {
    const std::int64_t time = std::min(time_of(first), time_of(first + steps - 1));
    const std::int64_t place = (spec_.keeps ? first : time) * a_.rows;
    for (const StepProduct& p : products) {
      if (p.has_x) {
        const float* kept = input(first, 0) + p.variant * layout_.variant_size + p.first;
        product({.M = steps * a_.rows,
                 .K = spec_.D,
                 .N = p.N,
                 .a = spec_.keeps ? kept : a_.x + place * spec_.D,
                 .lda = spec_.keeps ? layout_.input_size : spec_.D,
                 .packed = a_.packed + p.packed,
                 .c = a_.workspace + layout_.z_at + place * layout_.z_size + p.column,
                 .ldc = layout_.z_size,
                 .packed_K = p.K});
      }
    }
  }

  const RecurrentSpec& spec_;
  const Layout& layout_;
  const RecurrentForward& a_;
  std::int64_t R_, begin_ = 0, end_;
  std::int64_t step_rows_, z_rows_;  // rows from one kept step to the next
};

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#endif  // per target
