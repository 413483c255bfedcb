// SPDX-License-Identifier: Apache-2.0
/// Training as users see it, through Model: epochs of the chapter's programs, one layer of many
/// sizes, odd sizes, single rows. Names: WORK/MODEL/SIZES/THREADS.
#include "bench.hpp"
#include "engram/engram.hpp"

namespace engram::bench {
namespace {

struct Case {
  std::string name;
  std::vector<Layer> layers;
  std::int64_t rows = 0, batch_size = 0, T = 0, D = 0;
  double flops_of_row = 0;  ///< forward, gradients and all
  Optimizer optimizer = Adam{};
  bool shuffle = true;
  bool has_lengths = false;         ///< from 1 to T, all as often; flops_of_row is of the mean
  std::int64_t bucket_batches = 0;  ///< as FitOptions has it
};

/// Floating-point operations of a recurrent layer's row and step, forward and gradients; the first
/// layer's input has no gradient.
double recurrent_flops(double gates, double D, double H, bool is_first) {
  const double forward = 2 * gates * H * (D + H);
  return 3 * forward - (is_first ? 2 * gates * H * D : 0);
}

/// One epoch of fit for each iteration.
void time_epochs(benchmark::State& state, const Case& c, int threads) {
  set_threads(threads);
  Sequential model(c.layers);
  model.compile({.optimizer = c.optimizer, .loss = "mean_squared_error"});
  const Tensor x = random_tensor({c.rows, c.T, c.D});
  model.build({c.T, c.D});
  Shape target = model.layers().back().output_shape;
  target[0] = c.rows;
  const Tensor y = random_tensor(target);
  std::vector<std::int64_t> lengths;
  for (std::int64_t row = 0; row < c.rows; ++row) {
    lengths.push_back(1 + 7919 * row % c.T);
  }
  const RowsView rows = c.has_lengths ? RowsView(x).with_lengths(lengths) : RowsView(x);
  const auto epoch = [&] {
    model.fit(rows,
              y,
              {.batch_size = c.batch_size,
               .epochs = 1,
               .shuffle = c.shuffle,
               .bucket_batches = c.bucket_batches});
  };
  epoch();
  {
    const Flops flops(state, c.flops_of_row * static_cast<double>(c.rows), threads);
    for (auto _ : state) {
      epoch();
    }
  }
  state.SetItemsProcessed(state.iterations() * ((c.rows + c.batch_size - 1) / c.batch_size));
}

void add(const Case& c, std::initializer_list<int> threads) {
  for (const int n : threads) {
    const std::string name = c.name + "/threads=" + std::to_string(n);
    benchmark::RegisterBenchmark(name.c_str(),
                                 [c, n](benchmark::State& state) { time_epochs(state, c, n); })
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

/// The chapter's stock program: 80 and 100 units, windows of 60, batch 64.
template <class Cell>
Case stock(
    const std::string& name, double gates, Cell first, Cell second, bool has_masking = false) {
  first.units = 80;
  first.return_sequences = true;
  second.units = 100;
  Case c{.name = "epoch/" + name, .rows = 2066, .batch_size = 64, .T = 60, .D = 1};
  if (has_masking) {
    c.layers.push_back(Masking{.mask_value = 9});
  }
  c.layers.insert(c.layers.end(),
                  {first, Dropout{.rate = 0.2f}, second, Dropout{.rate = 0.2f}, Dense{.units = 1}});
  // As the chapter's figures are counted: three times the forward pass.
  c.flops_of_row = 60 * (3 * 2 * gates * 80 * 81 + recurrent_flops(gates, 80, 100, false));
  return c;
}

template <class Cell>
Case one_layer(
    const std::string& name, double gates, std::int64_t H, std::int64_t D, std::int64_t batch) {
  const std::int64_t T = 100;
  return {
      .name = "layer/" + name + "/H=" + std::to_string(H) + ",D=" + std::to_string(D) +
              ",batch=" + std::to_string(batch),
      .layers = {Cell{.units = H}},
      .rows = batch,
      .batch_size = batch,
      .T = T,
      .D = D,
      .flops_of_row = static_cast<double>(T) *
                      recurrent_flops(gates, static_cast<double>(D), static_cast<double>(H), true)};
}

/// Two LSTMs over the same sequence: twice the work of one.
Case bidirectional(std::int64_t H, std::int64_t batch) {
  Case c = one_layer<LSTM>("Bidirectional", 4, H, H, batch);
  c.layers = {Bidirectional{.layer = LSTM{.units = H}}};
  c.flops_of_row *= 2;
  return c;
}

/// A layer that carries its states from batch to batch.
Case stateful(std::int64_t H, std::int64_t batch) {
  Case c = one_layer<LSTM>("stateful-LSTM", 4, H, H, batch);
  c.layers = {Input{.shape = {c.T, c.D}, .batch_size = batch}, LSTM{.units = H, .stateful = true}};
  c.shuffle = false;
  return c;
}

/// Sequences of 1 to 100 steps, half of the work of 100 each; and the same number of whole ones.
void add_lengths(std::int64_t H, std::int64_t batch) {
  Case c = one_layer<LSTM>("whole-LSTM", 4, H, H, batch);
  c.rows = 16 * batch;
  add(c, {1});
  c.flops_of_row *= 0.505;
  c.has_lengths = true;
  for (const std::int64_t buckets : {0, 16}) {
    c.name = "layer/lengths-LSTM" + std::string(buckets > 0 ? "-buckets" : "") +
             "/H=" + std::to_string(H) + ",D=" + std::to_string(H) +
             ",batch=" + std::to_string(batch);
    c.bucket_batches = buckets;
    add(c, {1});
  }
}

void add_all() {
  add(stock("stock-lstm", 4, LSTM{}, LSTM{}), {1, 2});
  add(stock("stock-gru", 3, GRU{}, GRU{}), {1, 2});
  add(stock("stock-rnn", 1, SimpleRNN{}, SimpleRNN{}), {1, 2});
  const LSTM recurrent_dropout{.recurrent_dropout = 0.2f};
  const LSTM relu{.activation = Activation("relu")};
  const LSTM hard{.recurrent_activation = Activation("hard_sigmoid")};
  add(stock("stock-lstm-recurrent_dropout", 4, recurrent_dropout, recurrent_dropout), {1});
  add(stock("stock-lstm-mask", 4, LSTM{}, LSTM{}, true), {1});
  add(stock("stock-lstm-relu", 4, relu, relu), {1});
  add(stock("stock-lstm-hard_sigmoid", 4, hard, hard), {1});
  for (const std::int64_t H : {32, 64, 128, 256, 512, 1024}) {
    add(one_layer<LSTM>("LSTM", 4, H, H, 32), {1, 2});
  }
  for (const std::int64_t H : {33, 48, 65, 80, 100, 112, 130, 144}) {
    add(one_layer<LSTM>("LSTM", 4, H, H, 32), {1});
  }
  add(bidirectional(64, 32), {1});
  add(stateful(64, 32), {1});
  add_lengths(64, 64);
  for (const std::int64_t D : {1, 3, 5, 16}) {
    add(one_layer<LSTM>("LSTM", 4, 64, D, 32), {1});
  }
  for (const std::int64_t batch : {1, 7, 16, 33, 48, 65, 80}) {
    add(one_layer<LSTM>("LSTM", 4, 64, 64, batch), {1, 2});
  }
  add({.name = "single_rows/SimpleRNN(6)+Dense(1)",
       .layers = {SimpleRNN{.units = 6}, Dense{.units = 1}},
       .rows = 1000,
       .batch_size = 1,
       .T = 3,
       .D = 1,
       .flops_of_row = 3 * 3 * 2 * 6 * 7,
       .optimizer = RMSprop{}},
      {1});
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  engram::bench::add_all();
  return engram::bench::run(argc, argv);
}
