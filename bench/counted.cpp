// SPDX-License-Identifier: Apache-2.0
/// Does one fixed piece of work N times, for tools/count_instructions.py, which counts.
/// Usage: counted CASE N    (without CASE: prints the cases)
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "bench.hpp"
#include "engram/engram.hpp"
#include "kernels/dense.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/update.hpp"

namespace engram::bench {
namespace {

using Work = std::function<void()>;

/// The work `times` times, to stand out from what a process does besides.
Work repeated(int times, const Work& work) {
  return [=] {
    for (int i = 0; i < times; ++i) {
      work();
    }
  };
}

/// A step's product of the chapter's second LSTM, or the gradient of its weights.
Work product(bool is_gradient) {
  constexpr std::int64_t K = 181, N = 400;
  const std::int64_t M = is_gradient ? 128 : 16;
  const auto a = std::make_shared<AlignedFloats>(random_floats(M * K));
  const auto b = std::make_shared<AlignedFloats>(random_floats((is_gradient ? M : K) * N));
  const auto c = std::make_shared<AlignedFloats>((is_gradient ? K : M) * N);
  if (is_gradient) {
    return [=] {
      kernels::gradient_product({.M = M,
                                 .K = K,
                                 .N = N,
                                 .a = a->data(),
                                 .lda = K,
                                 .g = b->data(),
                                 .ldg = N,
                                 .dw = c->data(),
                                 .lddw = N});
    };
  }
  const auto packed = std::make_shared<AlignedFloats>(kernels::packed_matrix_floats(K, N));
  kernels::pack_matrix(b->data(), K, N, N, packed->data());
  return [=] {
    kernels::product({.M = M,
                      .K = K,
                      .N = N,
                      .a = a->data(),
                      .lda = K,
                      .packed = packed->data(),
                      .c = c->data(),
                      .ldc = N});
  };
}

Work adam() {
  constexpr std::int64_t n = 100'000;
  const auto floats = std::make_shared<AlignedFloats>(random_floats(4 * n, 0.1f));
  float* p = floats->data();
  std::fill_n(p + 3 * n, n, 0.1f);
  return [floats, p] {
    kernels::adam_update({.alpha = 0.001f,
                          .beta_1 = 0.9f,
                          .beta_2 = 0.999f,
                          .epsilon = 1e-7f,
                          .g = p,
                          .w = p + n,
                          .m = p + 2 * n,
                          .v = p + 3 * n},
                         n);
  };
}

Work dropout() {
  const auto factors = std::make_shared<AlignedFloats>(10'000);
  return [factors] { kernels::dropout_factors(factors->data(), 10'000, 0.2f, {.seed = 1}); };
}

/// Epochs of one batch of `rows` windows of T values.
Work training(std::vector<Layer> layers, std::int64_t rows, std::int64_t T, Optimizer optimizer) {
  const auto model = std::make_shared<Sequential>(layers);
  model->compile({.optimizer = optimizer, .loss = "mean_squared_error"});
  const auto x = std::make_shared<Tensor>(random_tensor({rows, T, 1}));
  const auto y = std::make_shared<Tensor>(random_tensor({rows, 1}));
  return [=] { model->fit(*x, *y, {.batch_size = rows, .epochs = 2}); };
}

Work single_rows() {
  return repeated(100, training({SimpleRNN{.units = 6}, Dense{.units = 1}}, 1, 3, RMSprop{}));
}

template <class Cell>
std::vector<Layer> stock() {
  return {Cell{.units = 80, .return_sequences = true},
          Dropout{.rate = 0.2f},
          Cell{.units = 100},
          Dropout{.rate = 0.2f},
          Dense{.units = 1}};
}

Work stepping() {
  const auto model = std::make_shared<Sequential>(stock<LSTM>());
  model->build({60, 1});
  const auto stream = std::make_shared<Stream>(model->stream());
  return [model, stream] {
    const float x[] = {0.5f};
    for (int i = 0; i < 100; ++i) {
      stream->step(x);
    }
  };
}

Work predicting() {
  const auto model = std::make_shared<Sequential>(stock<LSTM>());
  const auto x = std::make_shared<Tensor>(random_tensor({1, 60, 1}));
  return [=] { model->predict(*x); };
}

const std::map<std::string, std::function<Work()>>& cases() {
  static const std::map<std::string, std::function<Work()>> all = {
      {"product_16x181x400", [] { return repeated(20, product(false)); }},
      {"gradient_128x181x400", [] { return repeated(5, product(true)); }},
      {"adam_100000", [] { return repeated(20, adam()); }},
      {"dropout_10000", [] { return repeated(100, dropout()); }},
      {"train_stock_lstm_10_steps", [] { return training(stock<LSTM>(), 16, 10, Adam{}); }},
      {"train_stock_gru_10_steps", [] { return training(stock<GRU>(), 16, 10, Adam{}); }},
      {"train_stock_rnn_10_steps", [] { return training(stock<SimpleRNN>(), 16, 10, Adam{}); }},
      {"train_single_rows", single_rows},
      {"step_stock_lstm_100", stepping},
      {"predict_stock_lstm_window", [] { return repeated(5, predicting()); }}};
  return all;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) {
  using engram::bench::cases;
  if (argc < 3 || !cases().contains(argv[1])) {
    for (const auto& [name, make] : cases()) {
      std::printf("%s\n", name.c_str());
    }
    return argc == 1 ? 0 : 2;
  }
  engram::set_threads(1);
  const engram::bench::Work work = cases().at(argv[1])();
  work();  // what happens once only
  for (int i = 0; i < std::atoi(argv[2]); ++i) {
    work();
  }
}
