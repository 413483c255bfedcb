// SPDX-License-Identifier: Apache-2.0
/// What a row's bits must not depend on: the other rows, the cutting of time into calls.
#include "kernels/recurrent_run.hpp"

namespace engram::kernels {
namespace {

class RecurrentRows : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(RecurrentRows);

/// Row n of an array (steps, N, size).
Values row_of(const Values& values, std::int64_t N, std::int64_t size, std::int64_t n) {
  Values row;
  for (std::int64_t at = n * size; at < static_cast<std::int64_t>(values.size()); at += N * size) {
    row.insert(row.end(), values.begin() + at, values.begin() + at + size);
  }
  return row;
}

/// The layer with row n alone.
RecurrentCase only(const RecurrentCase& l, std::int64_t n) {
  RecurrentCase one = l;
  one.N = 1;
  one.x = row_of(l.x, l.N, l.D, n);
  one.input_dropout = row_of(l.input_dropout, l.N, l.D, n);
  one.recurrent_dropout = row_of(l.recurrent_dropout, l.N, l.H, n);
  one.h0 = row_of(l.h0, l.N, l.H, n);
  one.c0 = row_of(l.c0, l.N, l.H, n);
  one.mask.clear();
  for (std::size_t at = static_cast<std::size_t>(n); at < l.mask.size();
       at += static_cast<std::size_t>(l.N)) {
    one.mask.push_back(l.mask[at]);
  }
  return one;
}

void expect_same_rows(const RecurrentCase& l) {
  RecurrentRun together(l);
  together.forward();
  const Values y(together.y.data(), together.y.data() + together.y.size());
  for (std::int64_t n = 0; n < l.N; ++n) {
    RecurrentRun alone(only(l, n), {.S = l.N});
    alone.forward();
    const Values expected = row_of(y, l.N, l.H, n);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), alone.y.data()))
        << describe(l) << " row " << n;
  }
}

TEST_P(RecurrentRows, BitsDoNotDependOnTheOtherRows) {
  for (const Cell cell : kCells) {
    for (const std::int64_t H : {8, 33, 100}) {
      expect_same_rows(random_case(cell, {3, 5, H, 33}, {}, 1));
    }
    for (unsigned bits = 0; bits < kAllWays; bits += 7) {
      expect_same_rows(random_case(cell, {3, 2, 17, 5}, Ways::of(bits), bits));
    }
  }
}

void expect_same_steps(const RecurrentCase& whole) {
  RecurrentRun sequence(whole);
  sequence.forward();
  RecurrentCase step = whole;
  step.T = 1;
  for (std::int64_t t = 0; t < whole.T; ++t) {
    const std::int64_t inputs = whole.N * whole.D, outputs = whole.N * whole.H;
    step.x.assign(whole.x.begin() + t * inputs, whole.x.begin() + (t + 1) * inputs);
    RecurrentRun run(step, {.keeps = false});
    run.forward();
    EXPECT_TRUE(std::equal(run.y.data(), run.y.data() + outputs, sequence.y.data() + t * outputs))
        << describe(whole) << " step " << t;
    step.h0.assign(run.h.data(), run.h.data() + outputs);
    step.c0.assign(run.c.data(), run.c.data() + outputs);
  }
}

TEST_P(RecurrentRows, StepsWithCarriedStatesGiveTheSequence) {
  for (const Cell cell : kCells) {
    expect_same_steps(random_case(cell, {7, 3, 20, 2}, {.has_states = true}, 1));
    for (const std::int64_t H : {1, 3, 4, 5, 8, 12, 13, 16, 17, 20, 32, 33, 64, 100}) {
      for (const std::int64_t D : {1, 9}) {
        expect_same_steps(random_case(cell, {3, D, H, 1}, {.has_states = true}, 2));
      }
      expect_same_steps(
          random_case(cell, {3, 2, H, 1}, {.has_states = true, .has_other_functions = true}, 3));
    }
  }
}

TEST_P(RecurrentRows, ShorterLastSliceTakesTheSamePlan) {
  for (const Cell cell : kCells) {
    const RecurrentCase l = random_case(cell, {4, 3, 20, 3}, {.has_mask = true}, 1);
    RecurrentRun exact(l), roomy(l, {.S = 16});
    const AlignedFloats dy = floats_of(random_values(exact.y.size(), 2, 1));
    for (RecurrentRun* run : {&exact, &roomy}) {
      run->forward();
      run->backward(dy);
    }
    EXPECT_TRUE(std::equal(exact.y.data(), exact.y.data() + exact.y.size(), roomy.y.data()));
    EXPECT_TRUE(std::equal(
        exact.dkernel.data(), exact.dkernel.data() + exact.dkernel.size(), roomy.dkernel.data()));
  }
}

TEST_P(RecurrentRows, MaskedStepIsLikeNoStep) {
  for (const Cell cell : kCells) {
    RecurrentCase l = random_case(cell, {5, 3, 20, 2}, {.return_sequences = false}, 1);
    RecurrentCase shorter = l;
    shorter.T = 3;
    l.mask = {1, 1, 0, 0, 1, 1, 0, 0, 1, 1};  // steps 1 and 3
    const std::int64_t step = l.N * l.D;
    shorter.x.clear();
    for (const std::int64_t t : {0, 2, 4}) {
      shorter.x.insert(shorter.x.end(), l.x.begin() + t * step, l.x.begin() + (t + 1) * step);
    }
    RecurrentRun masked(l), short_run(shorter);
    masked.forward();
    short_run.forward();
    EXPECT_TRUE(std::equal(masked.y.data(), masked.y.data() + masked.y.size(), short_run.y.data()))
        << describe(l);
  }
}

}  // namespace
}  // namespace engram::kernels
