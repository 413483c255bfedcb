// SPDX-License-Identifier: Apache-2.0
#include "layers/conv_lstm.hpp"

#include <algorithm>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "kernels/lstm_rows.hpp"
#include "layers/gate_convolution.hpp"
#include "layers/shapes.hpp"
#include "parts/functions.hpp"

namespace engram {

namespace k = kernels;

namespace {

/// An image of a sample (T, ...).
Shape image_of(const Shape& sample) { return Shape(sample.begin() + 1, sample.end()); }

k::Function function(Activation activation, std::string_view where) {
  const auto found = function_of(activation);
  if (!found) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "an activation of single values",
                              .got = in_quotes(activation.name())});
  }
  return *found;
}

/// The windows of the recurrent convolution: on the results, as many as there are.
k::Windows recurrent_windows(const ConvLstm& o, const Shape& result) {
  const Shape ones(o.windows.size.size(), 1);
  return windows_of(
      {.size = o.windows.size, .strides = ones, .dilation_rate = ones, .padding = "same"},
      result,
      "");
}

/// Letters: T steps, P pixels of a result, F filters. Steps are counted as they are processed.
class ConvLstmPlan final : public LayerPlan {
 public:
  ConvLstmPlan(const ConvLstm& o, const LayerSizes& sizes)
      : o_(o),
        T_(sizes.inputs[0][0]),
        F_(o.filters),
        rows_(sizes.rows),
        needs_dx_(sizes.is_training && sizes.needs_input_gradient),
        drops_input_(sizes.is_training && o.dropout > 0),
        drops_state_(sizes.is_training && o.recurrent_dropout > 0),
        input_(windows_of(o.windows, image_of(sizes.inputs[0]), ""), 4 * F_, rows_, drops_input_),
        state_(recurrent_windows(o, o.return_sequences ? image_of(sizes.output) : sizes.output),
               4 * F_,
               rows_,
               drops_state_) {
    const Shape result = o.return_sequences ? image_of(sizes.output) : sizes.output;
    lines_ = result[0];
    line_ = size_of(result) / lines_;
    cell_ = input_.pixels() * F_;
    activation_ = function(o.activation, "");
    recurrent_activation_ = function(o.recurrent_activation, "");
    packed_input_ = aligned_floats(input_.packed_floats());
    const std::int64_t slot = aligned_floats(rows_ * cell_);
    z_ = place(T_ * 4 * slot);
    h_ = place((T_ + 1) * slot);
    c_ = place((T_ + 1) * slot);
    y_ = place(slot);
    dh_ = place(slot);
    dc_ = place(slot);
    input_factors_ = place(drops_input_ ? 4 * rows_ * input_.image() : 0);
    state_factors_ = place(drops_state_ ? 4 * rows_ * cell_ : 0);
    scratch_ = place(std::max(input_.scratch_floats(), state_.scratch_floats()));
  }

  std::int64_t packed_floats() const override {
    return packed_input_ + aligned_floats(state_.packed_floats());
  }

  std::int64_t pack_parts() const override { return 2; }

  void pack(std::span<const float* const> weights,
            float* packed,
            std::int64_t part) const override {
    if (part == 0) {
      input_.pack(weights[0], packed);
    } else {
      state_.pack(weights[1], packed + packed_input_);
    }
  }

  std::int64_t workspace_floats() const override { return floats_; }

  std::int64_t state_floats() const override { return 2 * cell_; }

  void forward(const SliceRun& run) const override {
    draw_factors(run);
    for (const int state : {0, 1}) {
      float* first = state == 0 ? h(run, 0) : c(run, 0);
      if (run.states == nullptr) {
        std::fill_n(first, run.rows * cell_, 0.0f);
      } else {
        std::copy_n(carried(run, state), run.rows * cell_, first);
      }
    }
    std::fill_n(run.workspace + y_, run.rows * cell_, 0.0f);
    for (std::int64_t s = 0; s < T_; ++s) {
      input_.forward(images(run, s),
                     run.rows,
                     input_factors(run),
                     run.packed,
                     o_.use_bias ? run.weights[2] : nullptr,
                     /*adds=*/false,
                     z(run, s),
                     run.workspace + scratch_);
      if (s > 0 || run.states != nullptr) {  // else the first state is zero
        state_.forward(h(run, s),
                       run.rows,
                       state_factors(run),
                       run.packed + packed_input_,
                       nullptr,
                       /*adds=*/true,
                       z(run, s),
                       run.workspace + scratch_);
      }
      for (std::int64_t row = 0; row < run.rows; ++row) {
        step(run, s, row);
      }
      if (o_.return_sequences) {
        std::copy_n(run.workspace + y_, run.rows * cell_, run.output.value + s * run.rows * cell_);
      }
    }
    if (!o_.return_sequences) {
      turn_last(run, [&](std::int64_t image, std::int64_t last) {
        std::copy_n(run.workspace + y_ + image, line_, run.output.value + last);
      });
    }
    for (std::size_t i = 0; i < run.more_outputs.size(); ++i) {
      const float* state = i == 0 ? h(run, T_) : c(run, T_);
      turn_last(run, [&](std::int64_t image, std::int64_t last) {
        std::copy_n(state + image, line_, run.more_outputs[i].value + last);
      });
    }
    if (run.states != nullptr) {
      std::copy_n(h(run, T_), run.rows * cell_, carried(run, 0));
      std::copy_n(c(run, T_), run.rows * cell_, carried(run, 1));
    }
  }

  void backward(const SliceRun& run) const override {
    float *dy = run.workspace + y_, *dh = run.workspace + dh_, *dc = run.workspace + dc_;
    for (float* zeroed : {dy, dh, dc}) {
      std::fill_n(zeroed, run.rows * cell_, 0.0f);
    }
    if (!o_.return_sequences) {
      turn_last(run, [&](std::int64_t image, std::int64_t last) {
        std::copy_n(run.output.gradient + last, line_, dy + image);
      });
    }
    for (std::size_t i = 0; i < run.more_outputs.size(); ++i) {
      const float* from = run.more_outputs[i].gradient;
      turn_last(run, [&](std::int64_t image, std::int64_t last) {
        if (from != nullptr) {
          std::copy_n(from + last, line_, (i == 0 ? dh : dc) + image);
        }
      });
    }
    if (needs_dx_) {
      std::fill_n(run.inputs[0].gradient, T_ * run.rows * input_.image(), 0.0f);
    }
    for (std::int64_t s = T_; s-- > 0;) {
      if (o_.return_sequences) {
        k::add(run.output.gradient + s * run.rows * cell_, dy, run.rows * cell_);
      }
      for (std::int64_t row = 0; row < run.rows; ++row) {
        step_back(run, s, row);
      }
      if (s > 0 || run.states != nullptr) {
        state_.backward(h(run, s),
                        run.rows,
                        state_factors(run),
                        run.packed + packed_input_,
                        z(run, s),
                        run.gradients[1],
                        nullptr,
                        dh,
                        run.workspace + scratch_);
      }
      input_.backward(
          images(run, s),
          run.rows,
          input_factors(run),
          run.packed,
          z(run, s),
          run.gradients[0],
          o_.use_bias ? run.gradients[2] : nullptr,
          needs_dx_ ? run.inputs[0].gradient + (images(run, s) - run.inputs[0].value) : nullptr,
          run.workspace + scratch_);
    }
  }

 private:
  std::int64_t place(std::int64_t floats) {
    return std::exchange(floats_, floats_ + aligned_floats(floats));
  }

  std::int64_t time(std::int64_t s) const { return o_.go_backwards ? T_ - 1 - s : s; }

  const float* images(const SliceRun& run, std::int64_t s) const {
    return run.inputs[0].value + time(s) * run.rows * input_.image();
  }

  bool is_masked(const SliceRun& run, std::int64_t s, std::int64_t row) const {
    const std::uint8_t* mask = run.inputs[0].mask;
    return mask != nullptr && mask[time(s) * run.rows + row] == 0;
  }

  // Arrays (rows, P, .) of a step: pre-activations or gates, and the states before it.
  float* z(const SliceRun& run, std::int64_t s) const {
    return run.workspace + z_ + s * run.rows * 4 * cell_;
  }

  float* h(const SliceRun& run, std::int64_t s) const {
    return run.workspace + h_ + s * run.rows * cell_;
  }

  float* c(const SliceRun& run, std::int64_t s) const {
    return run.workspace + c_ + s * run.rows * cell_;
  }

  /// h (0) or c (1) of the slice's rows where they are carried.
  float* carried(const SliceRun& run, int state) const {
    return run.states + (state * run.state_rows + run.first_row) * cell_;
  }

  const float* input_factors(const SliceRun& run) const {
    return drops_input_ ? run.workspace + input_factors_ : nullptr;
  }

  const float* state_factors(const SliceRun& run) const {
    return drops_state_ ? run.workspace + state_factors_ : nullptr;
  }

  k::LstmRows rows_of(const SliceRun& run, std::int64_t s, std::int64_t row) const {
    const std::int64_t at = row * cell_;
    return {.M = input_.pixels(),
            .H = F_,
            .activation = activation_,
            .recurrent_activation = recurrent_activation_,
            .z = z(run, s) + 4 * at,
            .c_before = c(run, s) + at,
            .c = c(run, s + 1) + at,
            .h = h(run, s + 1) + at};
  }

  /// A masked step leaves the states; its output is the one before it, or zero.
  void step(const SliceRun& run, std::int64_t s, std::int64_t row) const {
    const std::int64_t at = row * cell_;
    float* y = run.workspace + y_ + at;
    if (!is_masked(run, s, row)) {
      k::lstm_rows(rows_of(run, s, row));
      std::copy_n(h(run, s + 1) + at, cell_, y);
      return;
    }
    std::copy_n(h(run, s) + at, cell_, h(run, s + 1) + at);
    std::copy_n(c(run, s) + at, cell_, c(run, s + 1) + at);
    if (o_.zero_output_for_mask) {
      std::fill_n(y, cell_, 0.0f);
    }
  }

  /// Leaves the gradient of the pre-activations in z, that of the state before, so far as it does
  /// not come by them, in dh and dc, and that of the output before in dy.
  void step_back(const SliceRun& run, std::int64_t s, std::int64_t row) const {
    const std::int64_t at = row * cell_;
    float *dy = run.workspace + y_ + at, *dh = run.workspace + dh_ + at;
    if (is_masked(run, s, row)) {
      std::fill_n(z(run, s) + 4 * at, 4 * cell_, 0.0f);
      if (o_.zero_output_for_mask) {
        std::fill_n(dy, cell_, 0.0f);
      }
      return;
    }
    k::add(dy, dh, cell_);
    std::fill_n(dy, cell_, 0.0f);
    k::lstm_rows_gradient(rows_of(run, s, row), dh, run.workspace + dc_ + at);
    std::fill_n(dh, cell_, 0.0f);
  }

  /// A result without steps lies by its first axis: visit(place in images, place in the result).
  template <class Visit>
  void turn_last(const SliceRun& run, const Visit& visit) const {
    for (std::int64_t row = 0; row < run.rows; ++row) {
      for (std::int64_t i = 0; i < lines_; ++i) {
        visit((row * lines_ + i) * line_, (i * run.rows + row) * line_);
      }
    }
  }

  void draw_factors(const SliceRun& run) const {
    draw(run, input_factors(run), input_.image(), o_.dropout, 0);
    draw(run, state_factors(run), cell_, o_.recurrent_dropout, 1);
  }

  /// Factors (4, rows, n) of each row's own streams; the same at every step.
  void draw(const SliceRun& run,
            const float* factors,
            std::int64_t n,
            float rate,
            std::uint32_t which) const {
    for (std::uint32_t gate = 0; factors != nullptr && gate < 4; ++gate) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const k::DropoutKey key{.seed = run.seed + static_cast<std::uint64_t>(o_.seed.value_or(0)),
                                .step = run.step,
                                .layer = run.position * 16u + 2u * gate + which,
                                .row = static_cast<std::uint32_t>(run.first_row + row)};
        k::dropout_factors(const_cast<float*>(factors) + (gate * run.rows + row) * n, n, rate, key);
      }
    }
  }

  ConvLstm o_;
  std::int64_t T_, F_, rows_;
  bool needs_dx_, drops_input_, drops_state_;
  GateConvolution input_, state_;
  k::Function activation_ = k::Function::tanh, recurrent_activation_ = k::Function::sigmoid;
  std::int64_t lines_ = 0, line_ = 0;  ///< of a result: its first axis, and what lies behind
  std::int64_t cell_ = 0;              ///< floats of a state
  std::int64_t packed_input_ = 0, floats_ = 0;
  std::int64_t z_ = 0, h_ = 0, c_ = 0, y_ = 0, dh_ = 0, dc_ = 0;
  std::int64_t input_factors_ = 0, state_factors_ = 0, scratch_ = 0;
};

}  // namespace

Shape output_shape(const ConvLstm& o, const Shape& sample, std::string_view where) {
  function(o.activation, where);
  function(o.recurrent_activation, where);
  const std::size_t axes = o.windows.size.size();
  require_rank(
      sample,
      axes + 2,
      axes == 1 ? "(batch, time, length, features)" : "(batch, time, height, width, features)",
      where);
  const Shape image = image_of(sample);
  known_size(image, where);
  Shape shape = windows_shape(windows_of(o.windows, image, where), axes, o.filters);
  if (o.return_sequences) {
    shape.insert(shape.begin(), sample[0]);
  }
  return shape;
}

std::vector<Shape> more_outputs(const ConvLstm& o, const Shape& sample) {
  if (!o.return_state) {
    return {};
  }
  const k::Windows w = windows_of(o.windows, image_of(sample), "");
  return {2, windows_shape(w, o.windows.size.size(), o.filters)};
}

std::vector<WeightSpec> weights(const ConvLstm& o, const Shape& sample) {
  const auto kernel = [&](std::int64_t channels) {
    Shape shape = o.windows.size;
    shape.push_back(channels);
    shape.push_back(4 * o.filters);
    return shape;
  };
  std::vector<WeightSpec> specs = {
      {.name = "kernel", .shape = kernel(sample.back()), .initializer = o.kernel_initializer},
      {.name = "recurrent_kernel",
       .shape = kernel(o.filters),
       .initializer = o.recurrent_initializer}};
  if (o.use_bias) {
    specs.push_back({.name = "bias",
                     .shape = {4 * o.filters},
                     .initializer = o.bias_initializer,
                     .ones_begin = o.unit_forget_bias ? o.filters : 0,
                     .ones_end = o.unit_forget_bias ? 2 * o.filters : 0});
  }
  for (WeightSpec& spec : specs) {
    spec.group = "cell";
  }
  return specs;
}

std::int64_t carried_floats(const ConvLstm& o, const Shape& sample) {
  if (!o.stateful) {
    return 0;
  }
  const k::Windows w = windows_of(o.windows, image_of(sample), "");
  return 2 * w.vertical.output * w.horizontal.output * o.filters;
}

std::unique_ptr<LayerPlan> plan(const ConvLstm& o, const LayerSizes& sizes) {
  return std::make_unique<ConvLstmPlan>(o, sizes);
}

std::int64_t flops(const ConvLstm& o, const Shape& sample) {
  const k::Windows w = windows_of(o.windows, image_of(sample), "");
  return 8 * sample[0] * w.vertical.output * w.horizontal.output * o.filters *
         size_of(o.windows.size) * (w.channels + o.filters);
}

}  // namespace engram
