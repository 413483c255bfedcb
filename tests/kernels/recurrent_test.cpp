// SPDX-License-Identifier: Apache-2.0
/// The recurrent kernels' forward pass against the float64 reference, Keras's values and the
/// book's.
#include "kernels/elementwise.hpp"
#include "kernels/recurrent_run.hpp"

namespace engram::kernels {
namespace {

/// Allowed error of states and outputs. A pre-activation is a sum of D + H + 1 products of size
/// about 1 / sqrt(inputs); its rounding error grows with the root of their number (Higham and Mary
/// 2019), by a factor that is below 4 in practice. The functions add 3e-7. Later steps multiply an
/// error by less than 2 at the weights of random_case, and forget it: 8 in all leaves room.
double allowed_error(const RecurrentCase& l) {
  const double inputs = static_cast<double>(l.D + l.H + 1);
  return 8 * (4 * std::sqrt(inputs) * kUnit + 3e-7);
}

double largest_difference(const Values& expected, const AlignedFloats& actual) {
  double largest = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double difference = std::abs(expected[i] - double{actual.data()[i]});
    largest = difference <= largest ? largest : difference;  // NaN counts
  }
  return largest;
}

void expect_reference(const RecurrentCase& l, const Call& call = {}) {
  RecurrentRun run(l, call);
  run.forward();
  const reference::RecurrentResult expected = reference::recurrent(l);
  double largest = 1;
  for (const double y : expected.y) {
    largest = std::max(largest, std::abs(y));
  }
  const double allowed = allowed_error(l) * largest;
  EXPECT_LE(largest_difference(expected.y, run.y), allowed) << describe(l);
  EXPECT_LE(largest_difference(expected.h, run.h), allowed) << describe(l);
  if (l.cell == Cell::lstm) {
    EXPECT_LE(largest_difference(expected.c, run.c), allowed) << describe(l);
  }
}

class RecurrentForwardPass : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(RecurrentForwardPass);

TEST_P(RecurrentForwardPass, IsTheReferenceForEveryWay) {
  const Sizes sizes[] = {{1, 1, 1, 1}, {2, 3, 5, 9}, {5, 2, 17, 3}, {3, 7, 8, 2}};
  for (unsigned bits = 0; bits < kAllWays; ++bits) {
    for (const Cell cell : kCells) {
      const RecurrentCase l = random_case(cell, sizes[bits % 4], Ways::of(bits), bits);
      expect_reference(l, {.S = l.N + bits % 3, .keeps = bits % 5 != 0});
    }
  }
}

TEST_P(RecurrentForwardPass, IsTheReferenceForEveryProjection) {
  const Sizes sizes[] = {{1, 1, 2, 1}, {2, 3, 5, 9}, {5, 2, 17, 3}, {3, 9, 40, 2}};
  for (unsigned bits = 0; bits < kAllWays; ++bits) {
    Ways ways = Ways::of(bits);
    const Sizes& s = sizes[bits % 4];
    ways.projection = 1 + bits / 4 % (s.H - 1);
    const RecurrentCase l = random_case(Cell::lstm, s, ways, bits);
    expect_reference(l, {.S = l.N + bits % 3, .keeps = bits % 5 != 0});
  }
}

TEST_P(RecurrentForwardPass, IsTheReferenceForLengths) {
  const Sizes sizes[] = {{6, 3, 5, 9}, {7, 9, 17, 3}, {4, 1, 8, 1}};
  for (unsigned bits = 0; bits < kAllWays; ++bits) {
    for (const Cell cell : kCells) {
      Ways ways = Ways::of(bits);
      ways.has_mask = false;
      ways.has_lengths = true;
      ways.projection = cell == Cell::lstm && bits % 3 == 0 ? 2 : 0;
      const RecurrentCase l = random_case(cell, sizes[bits % 3], ways, bits);
      expect_reference(l, {.keeps = bits % 5 != 0});
    }
  }
}

TEST_P(RecurrentForwardPass, DoesNotReadStepsThatAreMaskedForAllRows) {
  for (const bool is_backwards : {false, true}) {
    for (const Cell cell : kCells) {
      RecurrentCase l =
          random_case(cell, {5, 9, 17, 3}, {.go_backwards = is_backwards, .has_lengths = true}, 1);
      for (std::int64_t i = 3 * l.N; i < l.T * l.N; ++i) {
        l.mask[static_cast<std::size_t>(i)] = 0;
        std::fill_n(l.x.begin() + i * l.D, l.D, double{kNaN});
      }
      for (const bool keeps : {false, true}) {
        RecurrentRun run(l, {.keeps = keeps});
        run.forward();
        if (keeps) {
          run.backward(run.y);
        }
        for (const AlignedFloats* floats : {&run.y, &run.dx, &run.dkernel}) {
          const auto is_finite = [](float v) { return std::isfinite(v); };
          EXPECT_TRUE(std::all_of(floats->data(), floats->data() + floats->size(), is_finite))
              << describe(l);
        }
      }
    }
  }
}

TEST_P(RecurrentForwardPass, IsTheReferenceForEverySize) {
  const std::int64_t sizes[] = {1, 2, 3, 7, 8, 15, 16, 17, 33, 100};
  for (const Cell cell : kCells) {
    for (const std::int64_t H : sizes) {
      for (const std::int64_t D : {1, 3, 16, 33}) {
        expect_reference(random_case(cell, {3, D, H, 5}, {}, 1));
      }
    }
    for (const std::int64_t N : sizes) {
      expect_reference(random_case(cell, {2, 2, 20, N}, {}, 2));
    }
    for (const std::int64_t T : {1, 2, 50, 200}) {
      expect_reference(random_case(cell, {T, 3, 17, 2}, {}, 3));
    }
    expect_reference(random_case(cell, {2, 100, 100, 3}, {}, 4));
  }
}

TEST_P(RecurrentForwardPass, TakesEveryFunction) {
  using Pair = std::pair<Function, Function>;
  std::vector<Function> functions = reference::functions();
  functions.insert(functions.end(), {Function::softmax, Function::log_softmax});
  for (const Cell cell : kCells) {
    for (const Function f : functions) {
      // Products of these two grow beyond all bounds.
      const bool is_wild = f == Function::exponential || f == Function::log_softmax;
      for (const auto& [activation, recurrent_activation] :
           {Pair(f, Function::sigmoid),
            Pair(Function::silu, is_wild ? Function::tanh : f),
            Pair(f, is_wild ? Function::hard_sigmoid : f)}) {
        const std::int64_t T = is_wild ? 1 : 3;
        RecurrentCase l = random_case(cell, {T, 2, 18, 2}, {}, 1);
        l.activation = activation;
        l.recurrent_activation = recurrent_activation;
        expect_reference(l);
      }
    }
  }
}

TEST_P(RecurrentForwardPass, KeepsBitsWithoutKeepingValues) {
  const Sizes sizes[] = {{4, 3, 20, 5}, {4, 9, 20, 3}};  // with few rows, x is multiplied first
  for (unsigned way = 0; way < 2 * kAllWays; ++way) {
    for (const Cell cell : kCells) {
      const RecurrentCase l = random_case(cell, sizes[way % 2], Ways::of(way / 2), way);
      RecurrentRun kept(l), other(l, {.keeps = false});
      kept.forward();
      other.forward();
      EXPECT_TRUE(std::equal(kept.y.data(), kept.y.data() + kept.y.size(), other.y.data()))
          << describe(l);
    }
  }
}

/// Large layers multiply x for two steps at a time where values are kept (50 rows), else step by
/// step.
TEST_P(RecurrentForwardPass, KeepsBitsOfLargeLayers) {
  constexpr std::int64_t kFarWeights = 2 * 1024 * 1024, H = 512;
  for (const Ways& ways : {Ways{.go_backwards = true, .has_mask = true, .has_input_dropout = true},
                           Ways{.has_input_dropout = true, .has_recurrent_dropout = true}}) {
    for (const Cell cell : kCells) {
      const std::int64_t D = kFarWeights / (gates_of(cell) * H) + 1;
      const RecurrentCase l = random_case(cell, {3, D, H, 50}, ways, 1);
      RecurrentRun kept(l), other(l, {.keeps = false});
      kept.forward();
      other.forward();
      EXPECT_TRUE(std::equal(kept.y.data(), kept.y.data() + kept.y.size(), other.y.data()))
          << describe(l);
    }
  }
}

TEST(RecurrentWorkspace, DoesNotGrowWithTimeWhenNothingIsKept) {
  for (const Cell cell : kCells) {
    RecurrentSpec spec = {.cell = cell, .T = 1, .D = 30, .H = 20, .S = 4};
    const std::int64_t floats = workspace_floats(spec);
    spec.T = 1'000'000;
    EXPECT_EQ(workspace_floats(spec), floats);
  }
}

// Keras 3.15.1, one input and two units, x 1, 2, 3, kernel .3, recurrent kernel .2, bias .1 (1 for
// LSTM's forget gate): the first unit. Six decimals are known.
struct KerasValue {
  Cell cell;
  Function recurrent_activation;
  bool go_backwards;
  std::vector<std::uint8_t> mask;
  std::vector<double> y;
};

const std::vector<KerasValue> kKerasValues = {
    {Cell::simple_rnn, Function::sigmoid, false, {}, {.379949, .692102, .855641}},
    {Cell::simple_rnn, Function::sigmoid, true, {}, {.761594, .763535, .607793}},
    {Cell::simple_rnn, Function::sigmoid, false, {0, 1, 0}, {0, .604368, .604368}},
    {Cell::lstm, Function::sigmoid, false, {}, {.133883, .376744, .627231}},
    {Cell::lstm, Function::sigmoid, true, {}, {.369606, .520211, .526287}},
    {Cell::lstm, Function::sigmoid, false, {0, 1, 0}, {0, .256064, .256064}},
    {Cell::lstm, Function::hard_sigmoid, false, {}, {.120155, .318632, .532077}},
    {Cell::gru_reset_after, Function::sigmoid, false, {}, {.163065, .314144, .430236}},
    {Cell::gru_reset_after, Function::sigmoid, true, {}, {.197631, .338736, .395780}},
    {Cell::gru_reset_after, Function::sigmoid, false, {0, 1, 0}, {0, .200384, .200384}},
    {Cell::gru_reset_before, Function::sigmoid, false, {}, {.152478, .304566, .425683}}};

TEST_P(RecurrentForwardPass, GivesKerasValues) {
  for (const KerasValue& value : kKerasValues) {
    const auto columns = static_cast<std::size_t>(2 * gates_of(value.cell));
    RecurrentCase l = {.cell = value.cell, .T = 3, .D = 1, .H = 2, .N = 1};
    l.recurrent_activation = value.recurrent_activation;
    l.go_backwards = value.go_backwards;
    l.return_sequences = true;
    l.mask = value.mask;
    l.kernel = Values(columns, 0.3);
    l.recurrent_kernel = Values(2 * columns, 0.2);
    l.bias = Values(columns * (value.cell == Cell::gru_reset_after ? 2 : 1), 0.1);
    if (value.cell == Cell::lstm) {
      l.bias[2] = l.bias[3] = 1;
    }
    l.x = {1, 2, 3};
    RecurrentRun run(l);
    run.forward();
    for (std::size_t t = 0; t < 3; ++t) {
      EXPECT_NEAR(run.y.data()[2 * t], value.y[t], 1e-6) << describe(l) << " step " << t;
    }
  }
}

TEST_P(RecurrentForwardPass, GivesTheWorkedExampleOfTheChapter) {
  // Pre-activations [-2.3, .8, 1.1] + 0 + [.5, .3, -.2]; printed: [-.9, .8, .7].
  RecurrentCase l = {.cell = Cell::simple_rnn, .T = 1, .D = 1, .H = 3, .N = 1};
  l.kernel = {-2.3, .8, 1.1};
  l.recurrent_kernel = Values(9, 0.0);
  l.bias = {.5, .3, -.2};
  l.x = {1};
  RecurrentRun run(l);
  run.forward();
  const double states[] = {-.9, .8, .7};
  for (std::size_t u = 0; u < 3; ++u) {
    EXPECT_NEAR(run.y.data()[u], states[u], 0.05);  // printed with one decimal
  }
  // Logits [-.7, -.6, 2.9, .7, -.8] + [0, .1, .4, -.7, .1]; printed: [.02, .02, .91, .03, .02].
  Floats p = {-.7f, -.6f + .1f, 2.9f + .4f, .7f - .7f, -.8f + .1f};
  softmax(p.data(), p.data(), 1, 5);
  const double probabilities[] = {.02, .02, .91, .03, .02};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(p[i], probabilities[i], 0.005);  // printed with two decimals
  }
}

TEST_P(RecurrentForwardPass, NaNStaysInItsRow) {
  for (const Cell cell : kCells) {
    RecurrentCase l = random_case(cell, {3, 2, 17, 4}, {}, 1);
    l.x[static_cast<std::size_t>((0 * l.N + 2) * l.D)] = kNaN;  // step 0, row 2
    RecurrentRun run(l);
    run.forward();
    for (std::int64_t i = 0; i < run.y.size(); ++i) {
      EXPECT_EQ(std::isnan(run.y.data()[i]), i / l.H % l.N == 2) << describe(l);
    }
  }
}

}  // namespace
}  // namespace engram::kernels
