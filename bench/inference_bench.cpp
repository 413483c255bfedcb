// SPDX-License-Identifier: Apache-2.0
/// Prediction as users see it, through Model and Stream: many windows, one window, one step with
/// carried state. Names: WORK/MODEL/SIZES/THREADS.
#include "bench.hpp"
#include "engram/engram.hpp"

namespace engram::bench {
namespace {

template <class Cell>
Sequential stock() {
  return Sequential({Cell{.units = 80, .return_sequences = true},
                     Dropout{.rate = 0.2f},
                     Cell{.units = 100},
                     Dropout{.rate = 0.2f},
                     Dense{.units = 1}});
}

double stock_flops(double gates) { return 60 * 2 * gates * (80 * 81 + 100 * 180); }

/// predict over `rows` windows of 60.
template <class Cell>
void add_predict(const std::string& name, double gates, std::int64_t rows, int threads) {
  const std::string full = (rows == 1 ? "window/" : "predict/") + name +
                           "/rows=" + std::to_string(rows) + "/threads=" + std::to_string(threads);
  benchmark::RegisterBenchmark(
      full.c_str(),
      [=](benchmark::State& state) {
        set_threads(threads);
        Sequential model = stock<Cell>();
        model.build({60, 1});
        const Tensor x = random_tensor({rows, 60, 1});
        model.predict(x);
        const Flops flops(state, stock_flops(gates) * static_cast<double>(rows), threads);
        for (auto _ : state) {
          benchmark::DoNotOptimize(model.predict(x).data());
        }
      })
      ->UseRealTime()
      ->Unit(benchmark::kMicrosecond);
}

void time_steps(benchmark::State& state, Sequential model, std::int64_t D, double step_flops) {
  model.build({-1, D});
  Stream stream = model.stream();
  const AlignedFloats x = random_floats(D);
  const Flops flops(state, step_flops);
  for (auto _ : state) {
    benchmark::DoNotOptimize(stream.step(x.span()).data());
  }
}

/// One step of a layer of H units and inputs.
template <class Cell>
void add_step(const std::string& name, double gates, std::int64_t H) {
  benchmark::RegisterBenchmark(
      ("step/" + name + "/H=D=" + std::to_string(H)).c_str(), [=](benchmark::State& state) {
        const auto size = static_cast<double>(H);
        time_steps(state, Sequential({Cell{.units = H}}), H, 2 * gates * size * 2 * size);
      });
}

template <class Cell>
void add_cell(const std::string& name, double gates) {
  for (const int threads : {1, 2}) {
    add_predict<Cell>("stock-" + name, gates, 2066, threads);
  }
  add_predict<Cell>("stock-" + name, gates, 1, 1);
  for (const std::int64_t H : {8, 32, 64}) {
    add_step<Cell>(name, gates, H);
  }
  benchmark::RegisterBenchmark(("step/stock-" + name).c_str(), [=](benchmark::State& state) {
    time_steps(state, stock<Cell>(), 1, stock_flops(gates) / 60);
  });
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  using namespace engram;
  bench::add_cell<LSTM>("lstm", 4);
  bench::add_cell<GRU>("gru", 3);
  bench::add_cell<SimpleRNN>("rnn", 1);
  return bench::run(argc, argv);
}
