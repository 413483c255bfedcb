// SPDX-License-Identifier: Apache-2.0
/// The functions of one value, over dense samples of all float32 and at special values.
#include <bit>

#include "base/aligned.hpp"
#include "kernels/each_target.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/layout.hpp"
#include "kernels/recurrent.hpp"
#include "reference/functions.hpp"

namespace engram::kernels {
namespace {

// The errors that src/kernels/functions-inl.hpp and elementwise.hpp state.
constexpr double kTanhUlp = 5;
constexpr double kSigmoidError = 2e-7;  // of gates, absolute
constexpr double kOutputSigmoidUlp = 4;

/// Floats of both signs from all magnitudes, about two million of them.
Floats samples() {
  Floats x;
  constexpr std::uint32_t kInfinityBits = 0x7f800000, kStride = 2039;
  for (std::uint32_t bits = 0; bits < kInfinityBits; bits += kStride) {
    x.push_back(std::bit_cast<float>(bits));
    x.push_back(-x.back());
  }
  return x;
}

/// f as the gates of a layer have it: a SimpleRNN of one step whose pre-activation is x itself.
Floats gate(Function f, const Floats& x) {
  constexpr std::size_t kRows = 256;
  const RecurrentSpec spec = {.cell = Cell::simple_rnn,
                              .T = 1,
                              .D = 1,
                              .H = 1,
                              .S = kRows,
                              .activation = f,
                              .use_bias = false};
  const float one = 1;
  AlignedFloats packed(packed_floats(spec)), workspace(workspace_floats(spec));
  recurrent_pack(Layout(spec), {.kernel = &one, .recurrent_kernel = &one}, packed.data(), 0);
  Floats y(x.size());
  for (std::size_t first = 0; first < x.size(); first += kRows) {
    recurrent_forward(spec,
                      {.packed = packed.data(),
                       .rows = static_cast<std::int64_t>(std::min(kRows, x.size() - first)),
                       .x = x.data() + first,
                       .y = y.data() + first,
                       .workspace = workspace.data()});
  }
  return y;
}

Floats applied(Function f, const Floats& x) {
  Floats y(x.size());
  apply(f, x.data(), y.data(), static_cast<std::int64_t>(x.size()));
  return y;
}

struct Worst {
  double error = 0;
  float x = 0, y = 0;
};

/// The largest of error(expected, actual) over the samples.
template <class Error>
Worst worst(Function f, const Floats& x, const Floats& y, const Error& error) {
  Worst found;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double e = error(reference::value_of(f, x[i]), y[i]);
    if (!(e <= found.error)) {
      found = {e, x[i], y[i]};
    }
  }
  return found;
}

class FunctionOfOneValue : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(FunctionOfOneValue);

TEST_P(FunctionOfOneValue, TanhKeepsItsBound) {
  const Floats x = samples();
  const Worst w = worst(Function::tanh, x, applied(Function::tanh, x), ulps);
  RecordProperty("ulp", std::to_string(w.error));
  EXPECT_LE(w.error, kTanhUlp) << "x " << w.x << " y " << w.y;
}

TEST_P(FunctionOfOneValue, TanhNeverPassesOne) {
  for (const float y : applied(Function::tanh, samples())) {
    ASSERT_LE(std::abs(y), 1.0f);
  }
}

TEST_P(FunctionOfOneValue, GateSigmoidKeepsItsBound) {
  const Floats x = samples();
  const Worst w = worst(Function::sigmoid, x, gate(Function::sigmoid, x), [](double e, float a) {
    return std::abs(e - a);
  });
  EXPECT_LE(w.error, kSigmoidError) << "x " << w.x << " y " << w.y;
}

TEST_P(FunctionOfOneValue, OutputSigmoidKeepsItsBoundInBothTails) {
  Floats x = samples();
  std::erase_if(x, [](float v) { return v < -87; });  // smaller results are denormal
  const Worst w = worst(Function::sigmoid, x, applied(Function::sigmoid, x), ulps);
  EXPECT_LE(w.error, kOutputSigmoidUlp) << "x " << w.x << " y " << w.y;
}

TEST_P(FunctionOfOneValue, SimpleOnesAreWithinTwoRoundings) {
  Floats x = samples();
  std::erase_if(x, [](float v) { return std::abs(v) > 1e30f; });
  for (const Function f : {Function::linear, Function::relu, Function::hard_sigmoid}) {
    const Floats y = gate(f, x);
    EXPECT_EQ(y, applied(f, x));
    const Worst w = worst(f, x, y, [](double expected, float actual) {
      return std::abs(expected - actual) / std::max(1.0, std::abs(expected));
    });
    EXPECT_LE(w.error, 2 * kUnit) << "x " << w.x << " y " << w.y;
  }
}

TEST_P(FunctionOfOneValue, NaNStaysNaN) {
  for (const Function f : reference::functions()) {
    for (const std::int64_t n : {1, 16, 33}) {
      const Floats x(static_cast<std::size_t>(n), kNaN);
      for (const Floats& y : {applied(f, x), gate(f, x)}) {
        EXPECT_TRUE(std::all_of(y.begin(), y.end(), [](float v) { return std::isnan(v); }))
            << "function " << static_cast<int>(f);
      }
    }
  }
}

TEST_P(FunctionOfOneValue, InfinitySaturates) {
  const Floats x = {kInfinity, -kInfinity};
  EXPECT_EQ(applied(Function::tanh, x)[0], applied(Function::tanh, {100, 100})[0]);
  EXPECT_NEAR(applied(Function::tanh, x)[1], -1, kTanhUlp * kUnit);
  EXPECT_EQ(applied(Function::sigmoid, x), Floats({1, 0}));
  EXPECT_NEAR(gate(Function::sigmoid, x)[0], 1, kSigmoidError);
  EXPECT_NEAR(gate(Function::sigmoid, x)[1], 0, kSigmoidError);
  EXPECT_EQ(applied(Function::hard_sigmoid, x), Floats({1, 0}));
  EXPECT_EQ(applied(Function::relu, x), Floats({kInfinity, 0}));
}

/// From -20 to 20 in steps of 1/64 + 1/4096, which keeps off the corners but for 0.
Floats grid() {
  Floats x;
  for (int i = -1230; i <= 1230; ++i) {
    x.push_back(static_cast<float>(i) * (65.0f / 4096) + 1.0f / 8192);
  }
  return x;
}

/// A few roundings; the error function in gelu is good to 5e-7, and stands times x/2.
TEST_P(FunctionOfOneValue, SeldomOnesKeepTheirBound) {
  const Floats x = grid();
  for (const Function f : reference::functions()) {
    const Worst w = worst(f, x, applied(f, x), [](double expected, float actual) {
      return std::abs(expected - actual) / std::max(1.0, std::abs(expected));
    });
    EXPECT_LE(w.error, f == Function::gelu ? 1.5e-6 : 4e-7)
        << "function " << static_cast<int>(f) << " x " << w.x << " y " << w.y;
  }
}

/// By what is kept: x, or y. A slope by y has the error of y times the curvature.
TEST_P(FunctionOfOneValue, DerivativesAreThoseOfTheFunctions) {
  const Floats x = grid(), dy = random_floats(static_cast<std::int64_t>(x.size()), 2);
  for (const Function f : reference::functions()) {
    const Floats y = applied(f, x);
    Floats dx(x.size());
    const Floats& kept = keeps_input(f) ? x : y;
    apply_gradient(f, kept.data(), dy.data(), dx.data(), static_cast<std::int64_t>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double slope = reference::slope_at(f, x[i]);
      ASSERT_NEAR(dx[i], dy[i] * slope, 2e-6 * std::max(1.0, std::abs(slope)))
          << "function " << static_cast<int>(f) << " x " << x[i];
    }
  }
}

}  // namespace
}  // namespace engram::kernels
