// SPDX-License-Identifier: Apache-2.0
/// Recurrent layers over a slice, as training and prediction call them, and single steps.
/// Names: WORK/CELL/T=steps,S=rows,D=inputs,H=units; train is forward and backward.
#include <vector>

#include "bench.hpp"
#include "kernels/layout.hpp"
#include "kernels/recurrent.hpp"

namespace engram::bench {
namespace {

using kernels::Cell;

struct Sizes {
  std::int64_t T, S, D, H;
};

enum class Work { predict, forward, backward, train };

struct Case {
  Work work;
  Cell cell;
  Sizes shape;
  bool has_dropout = false, has_recurrent_dropout = false, has_mask = false;
  kernels::Function activation = kernels::Function::tanh;
  std::int64_t projection = 0;  ///< LSTM: values of h; 0: H

  std::int64_t h_size() const { return projection > 0 ? projection : shape.H; }
};

const char* name_of(Work work) {
  constexpr const char* names[] = {"predict", "forward", "backward", "train"};
  return names[static_cast<int>(work)];
}

const char* name_of(Cell cell) {
  constexpr const char* names[] = {"SimpleRNN", "LSTM", "GRU", "GRU_before"};
  return names[static_cast<int>(cell)];
}

/// Multiply-adds of the products, twice: of one pass forward, and twice that for the gradients.
double flops_of(const Case& c) {
  const auto& [T, S, D, H] = c.shape;
  const std::int64_t R = c.h_size();
  const double forward =
      2.0 * static_cast<double>(T * S * H * (kernels::gates_of(c.cell) * (D + R) + c.projection));
  const double gradients = D == 1 ? 2 * forward - forward * D / static_cast<double>(D + R)
                                  : 2 * forward;  // the first layer's input has no gradient
  switch (c.work) {
    case Work::backward:
      return gradients;
    case Work::train:
      return forward + gradients;
    default:
      return forward;
  }
}

/// One layer with its slice.
class Layer {
 public:
  explicit Layer(const Case& c) {
    const auto& [T, S, D, H] = c.shape;
    const std::int64_t columns = kernels::gates_of(c.cell) * H, R = c.h_size();
    const bool keeps = c.work != Work::predict;
    spec_ = {.cell = c.cell,
             .T = T,
             .D = D,
             .H = H,
             .S = S,
             .P = c.projection,
             .activation = c.activation,
             .return_sequences = true,
             .keeps = keeps,
             .needs_dx = keeps && D > 1,
             .has_input_dropout = c.has_dropout,
             .has_recurrent_dropout = c.has_recurrent_dropout};
    const AlignedFloats kernel = random_floats(D * columns, 0.1f);
    const AlignedFloats recurrent_kernel = random_floats(R * columns, 0.1f);
    const AlignedFloats bias = random_floats(2 * columns, 0.1f);
    const AlignedFloats projection = random_floats(H * c.projection, 0.1f);
    packed_ = AlignedFloats(kernels::packed_floats(spec_));
    const kernels::Layout layout(spec_);
    for (std::int64_t part = 0; part < kernels::recurrent_pack_parts(layout); ++part) {
      kernels::recurrent_pack(
          layout,
          {kernel.data(), recurrent_kernel.data(), bias.data(), projection.data()},
          packed_.data(),
          part);
    }
    const std::int64_t masks = kernels::dropout_masks(spec_);
    x_ = random_floats(T * S * D);
    y_ = AlignedFloats(T * S * R);
    dy_ = random_floats(T * S * R);
    dx_ = AlignedFloats(T * S * D);
    dropout_ = random_floats(masks * S * D);
    recurrent_dropout_ = random_floats(masks * S * R);
    mask_.assign(static_cast<std::size_t>(T * S), 1);
    for (std::size_t i = 0; i < mask_.size(); i += 7) {
      mask_[i] = 0;
    }
    dkernel_ = AlignedFloats(D * columns);
    drecurrent_kernel_ = AlignedFloats(R * columns);
    dprojection_kernel_ = AlignedFloats(H * c.projection);
    dbias_ = AlignedFloats(2 * columns);
    workspace_ = AlignedFloats(kernels::workspace_floats(spec_));
    state_ = AlignedFloats(S * H);
    cell_state_ = AlignedFloats(S * H);
    arguments_ = {
        .packed = packed_.data(),
        .rows = S,
        .x = x_.data(),
        .mask = c.has_mask ? mask_.data() : nullptr,
        .input_dropout = c.has_dropout ? dropout_.data() : nullptr,
        .recurrent_dropout = c.has_recurrent_dropout ? recurrent_dropout_.data() : nullptr,
        .h0 = T == 1 ? state_.data() : nullptr,
        .c0 = T == 1 ? cell_state_.data() : nullptr,
        .y = y_.data(),
        .h_last = T == 1 ? state_.data() : nullptr,
        .c_last = T == 1 ? cell_state_.data() : nullptr,
        .workspace = workspace_.data()};
  }

  void forward() { kernels::recurrent_forward(spec_, arguments_); }

  void backward() {
    kernels::recurrent_backward(spec_,
                                {.forward = &arguments_,
                                 .dy = dy_.data(),
                                 .dx = spec_.needs_dx ? dx_.data() : nullptr,
                                 .dkernel = dkernel_.data(),
                                 .drecurrent_kernel = drecurrent_kernel_.data(),
                                 .dbias = dbias_.data(),
                                 .dprojection_kernel = dprojection_kernel_.data()});
  }

 private:
  kernels::RecurrentSpec spec_;
  kernels::RecurrentForward arguments_;
  AlignedFloats packed_, x_, y_, dy_, dx_, dropout_, recurrent_dropout_, workspace_;
  AlignedFloats state_, cell_state_, dkernel_, drecurrent_kernel_, dbias_, dprojection_kernel_;
  std::vector<std::uint8_t> mask_;
};

void time_case(benchmark::State& state, const Case& c) {
  Layer layer(c);
  const kernels::FlushDenormals flush;
  layer.forward();
  const Flops flops(state, flops_of(c));
  for (auto _ : state) {
    if (c.work != Work::backward) {
      layer.forward();
    }
    if (c.work == Work::backward || c.work == Work::train) {
      layer.backward();  // alone, it takes its own results for gates: the same work
    }
    benchmark::ClobberMemory();
  }
}

void add(const Case& c) {
  const auto& [T, S, D, H] = c.shape;
  const std::string options = std::string(c.has_dropout ? "_dropout" : "") +
                              (c.has_recurrent_dropout ? "_recurrent_dropout" : "") +
                              (c.has_mask ? "_mask" : "") + (c.projection > 0 ? "_projected" : "") +
                              (c.activation == kernels::Function::tanh ? "" : "_relu");
  const std::string name = std::string(name_of(c.work)) + options + "/" + name_of(c.cell) +
                           "/T=" + std::to_string(T) + ",S=" + std::to_string(S) +
                           ",D=" + std::to_string(D) + ",H=" + std::to_string(H);
  benchmark::RegisterBenchmark(name.c_str(), [c](benchmark::State& state) { time_case(state, c); });
}

void add_all() {
  const Sizes first = {60, 16, 1, 80}, second = {60, 16, 80, 100};
  for (const Cell cell : {Cell::lstm, Cell::gru_reset_after, Cell::simple_rnn}) {
    for (const Sizes& shape : {first, second}) {
      for (const Work work : {Work::forward, Work::backward, Work::train, Work::predict}) {
        add({work, cell, shape});
      }
    }
    for (const std::int64_t H : {8, 32, 64}) {
      add({Work::predict, cell, {1, 1, H, H}});  // one step with carried state
    }
    add({Work::predict, cell, {1, 1, 1, 80}});
    add({Work::predict, cell, {1, 1, 80, 100}});
  }
  add({.work = Work::train, .cell = Cell::lstm, .shape = second, .has_recurrent_dropout = true});
  add({.work = Work::train,
       .cell = Cell::lstm,
       .shape = second,
       .has_dropout = true,
       .has_recurrent_dropout = true});
  add({.work = Work::train, .cell = Cell::lstm, .shape = second, .has_mask = true});
  add({.work = Work::train,
       .cell = Cell::lstm,
       .shape = second,
       .activation = kernels::Function::relu});
  for (const std::int64_t H : {32, 33, 48, 64, 65, 80, 100, 112, 128, 130, 144, 256, 512}) {
    add({Work::train, Cell::lstm, {20, 16, H, H}});
  }
  add({Work::train, Cell::lstm, {20, 64, 1024, 1024}});
  for (const std::int64_t H : {100, 256, 512}) {
    add({.work = Work::train,
         .cell = Cell::lstm,
         .shape = {20, 16, H / 2, H},
         .projection = H / 2});
    add({.work = Work::predict,
         .cell = Cell::lstm,
         .shape = {20, 16, H / 2, H},
         .projection = H / 2});
    add({Work::train, Cell::lstm, {20, 16, H / 2, H}});
    add({Work::predict, Cell::lstm, {20, 16, H / 2, H}});
  }
  for (const std::int64_t S : {1, 7, 8, 33, 64, 65}) {
    add({Work::train, Cell::lstm, {60, S, 80, 100}});
  }
  for (const std::int64_t D : {3, 5}) {
    add({Work::train, Cell::lstm, {60, 16, D, 80}});
  }
  add({Work::train, Cell::simple_rnn, {3, 1, 1, 6}});  // one window of a forecasting contest
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  engram::bench::add_all();
  return engram::bench::run(argc, argv);
}
