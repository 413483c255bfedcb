// SPDX-License-Identifier: Apache-2.0
/// Pointwise work: the cells' passes over a row that is in L1, functions, dropout, optimizers.
/// Reported is the time per element, in nanoseconds.
#include "bench.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/update.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "pointwise_bench.cpp"
#include <hwy/foreach_target.h>

#include "kernels/cells/gru-inl.hpp"
#include "kernels/cells/lstm-inl.hpp"
#include "kernels/cells/simple_rnn-inl.hpp"
#include "kernels/dispatch.hpp"

HWY_BEFORE_NAMESPACE();

namespace engram::kernels::HWY_NAMESPACE {

/// `rows` passes of a cell's forward step, or of its backward step.
template <class CellType>
HWY_INLINE void run_rows(
    std::int64_t H, bool is_forward, std::int64_t rows, float* z, float* rest) {
  const CellType cell = {{}, H, true};
  const std::int64_t size = (H + 15) / 16 * 16;
  for (std::int64_t row = 0; row < rows; ++row, z += 4 * size) {
    if (is_forward) {
      cell.forward({z, rest, rest + size, rest + 2 * size, rest + 3 * size, rest + 4 * size});
    } else {
      cell.backward({z,
                     rest,
                     rest + size,
                     rest + 2 * size,
                     rest + 3 * size,
                     rest + 4 * size,
                     rest + 5 * size,
                     rest + 6 * size,
                     rest + 7 * size});
    }
  }
}

void run_rows_impl(
    Cell type, std::int64_t H, bool is_forward, std::int64_t rows, float* z, float* rest) {
  switch (type) {
    case Cell::simple_rnn:
      return run_rows<SimpleRnnCell<UsualFunctions>>(H, is_forward, rows, z, rest);
    case Cell::lstm:
      return run_rows<LstmCell<UsualFunctions>>(H, is_forward, rows, z, rest);
    default:
      return run_rows<GruAfterCell<UsualFunctions>>(H, is_forward, rows, z, rest);
  }
}

}  // namespace engram::kernels::HWY_NAMESPACE

HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace engram::kernels {

ENGRAM_EXPORT(run_rows_impl);

}  // namespace engram::kernels

namespace engram::bench {
namespace {

using kernels::Cell;

/// Times call() and reports the time of each of its `elements`.
template <class Call>
void time_elements(benchmark::State& state, std::int64_t elements, const Call& call) {
  const kernels::FlushDenormals flush;
  for (auto _ : state) {
    call();
    benchmark::ClobberMemory();
  }
  const double all = 1e-9 * static_cast<double>(elements * state.iterations());
  state.counters["ns"] =
      benchmark::Counter(all, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void time_cell(benchmark::State& state, Cell cell, bool is_forward, std::int64_t H) {
  using namespace kernels;  // for the dispatch table
  constexpr std::int64_t kRows = 8;
  const std::int64_t size = aligned_floats(H);
  const AlignedFloats start = random_floats(kRows * 4 * size, 0.9f);
  AlignedFloats z = random_floats(kRows * 4 * size), rest = random_floats(8 * size);
  const auto run_rows = ENGRAM_DISPATCH(run_rows_impl);
  time_elements(state, kRows * H, [&] {
    if (!is_forward) {  // its results would vanish when taken for gates again
      std::copy_n(start.data(), start.size(), z.data());
    }
    run_rows(cell, H, is_forward, kRows, z.data(), rest.data());
  });
}

template <class Call>
void add(const std::string& name, const Call& call) {
  benchmark::RegisterBenchmark(name.c_str(), call);
}

void add_cells() {
  const std::pair<Cell, const char*> cells[] = {
      {Cell::simple_rnn, "SimpleRNN"}, {Cell::lstm, "LSTM"}, {Cell::gru_reset_after, "GRU"}};
  for (const auto& [cell, name] : cells) {
    for (const std::int64_t H : {8, 80, 96, 100, 112}) {
      for (const bool is_forward : {true, false}) {
        const Cell type = cell;
        add(std::string(is_forward ? "forward/" : "backward/") + name + "/H=" + std::to_string(H),
            [=](benchmark::State& state) { time_cell(state, type, is_forward, H); });
      }
    }
  }
}

void add_passes() {
  constexpr std::int64_t kCount = 2000;
  for (const auto& [f, name] : {std::pair{kernels::Function::tanh, "apply/tanh"},
                                std::pair{kernels::Function::sigmoid, "apply/sigmoid"}}) {
    const kernels::Function function = f;
    add(name, [=](benchmark::State& state) {
      const AlignedFloats x = random_floats(kCount, 4);
      AlignedFloats y(kCount);
      time_elements(state, kCount, [&] { kernels::apply(function, x.data(), y.data(), kCount); });
    });
  }
  add("dropout_factors", [](benchmark::State& state) {
    AlignedFloats y(kCount);
    time_elements(state, kCount, [&] { kernels::dropout_factors(y.data(), kCount, 0.2f, {}); });
  });
  add("adam_update", [](benchmark::State& state) {
    const AlignedFloats g = random_floats(kCount);
    AlignedFloats w(kCount), m(kCount), v(kCount);
    time_elements(state, kCount, [&] {
      kernels::adam_update({.alpha = 1e-3f,
                            .beta_1 = 0.9f,
                            .beta_2 = 0.999f,
                            .epsilon = 1e-7f,
                            .g = g.data(),
                            .w = w.data(),
                            .m = m.data(),
                            .v = v.data()},
                           kCount);
    });
  });
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  engram::bench::add_cells();
  engram::bench::add_passes();
  return engram::bench::run(argc, argv);
}

#endif  // HWY_ONCE
