// SPDX-License-Identifier: Apache-2.0
/// The recurrent kernels' gradients against central differences of the float64 reference.
///
/// The loss is a random weighting of the outputs. For each array of parameters the derivative along
/// one random direction is compared: an error in any element shows.
#include "kernels/recurrent_run.hpp"

namespace engram::kernels {
namespace {

double dot(const Values& a, const Values& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += a[i] * b[i];
  }
  return sum;
}

class GradientCheck {
 public:
  explicit GradientCheck(const RecurrentCase& l, const Call& call = {}) : l_(l), run_(l, call) {
    weighting_ = random_values(run_.y.size(), 99, 1);
    run_.forward();
    run_.backward(floats_of(weighting_));
    expect(&RecurrentCase::kernel, run_.dkernel, "kernel");
    expect(&RecurrentCase::recurrent_kernel, run_.drecurrent_kernel, "recurrent kernel");
    if (!l.bias.empty()) {
      expect(&RecurrentCase::bias, run_.dbias, "bias");
    }
    if (!l.projection_kernel.empty()) {
      expect(&RecurrentCase::projection_kernel, run_.dprojection_kernel, "projection kernel");
    }
    if (call.needs_dx) {
      expect(&RecurrentCase::x, run_.dx, "x");
    }
  }

 private:
  double loss() const { return dot(weighting_, reference::recurrent(l_).y); }

  void expect(Values RecurrentCase::*array, const AlignedFloats& gradient, const char* name) {
    const Values start = l_.*array;
    const auto n = static_cast<std::int64_t>(start.size());
    const Values direction = random_values(n, 77, 1);
    // The error of a central difference is about step^2, and 1e-16 / step by cancellation.
    constexpr double kStep = 1e-5, kDifferenceError = 1e-9;
    const auto loss_at = [&](double step) {
      for (std::size_t i = 0; i < start.size(); ++i) {
        (l_.*array)[i] = start[i] + step * direction[i];
      }
      return loss();
    };
    const double expected = (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
    l_.*array = start;
    double actual = 0, size = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const double part = gradient.data()[i] * direction[static_cast<std::size_t>(i)];
      actual += part;
      size += std::abs(gradient.data()[i]);
    }
    // Each element is a sum over rows and steps of terms with the functions' relative error (3e-7)
    // and roundings; the errors of the states reach it through every step. Measured: below 2e-6 of
    // the largest element; elements of one direction partly cancel, so their sum is the measure.
    const double allowed = 1e-5 * (1 + size / std::sqrt(static_cast<double>(n))) + kDifferenceError;
    EXPECT_NEAR(actual, expected, allowed) << describe(l_) << ", gradient of " << name;
  }

  RecurrentCase l_;
  RecurrentRun run_;
  Values weighting_;
};

class RecurrentGradient : public OnEachTarget {};

ENGRAM_ON_EACH_TARGET(RecurrentGradient);

TEST_P(RecurrentGradient, IsThatOfTheReferenceForEveryWay) {
  const Sizes sizes[] = {{3, 2, 3, 2}, {4, 1, 2, 3}, {2, 3, 17, 2}};
  for (unsigned bits = 0; bits < kAllWays; ++bits) {
    for (const Cell cell : kCells) {
      const GradientCheck check(random_case(cell, sizes[bits % 3], Ways::of(bits), bits));
    }
  }
}

TEST_P(RecurrentGradient, IsThatOfTheReferenceForEveryProjection) {
  const Sizes sizes[] = {{3, 2, 3, 2}, {4, 1, 2, 3}, {2, 3, 17, 2}, {60, 2, 6, 5}};
  for (unsigned bits = 0; bits < kAllWays; ++bits) {
    Ways ways = Ways::of(bits);
    const Sizes& s = sizes[bits % 64 == 0 ? 3 : bits % 3];
    ways.projection = 1 + bits / 4 % (s.H - 1);
    const GradientCheck check(random_case(Cell::lstm, s, ways, bits));
  }
}

TEST_P(RecurrentGradient, IsThatOfTheReferenceForLengths) {
  const Sizes sizes[] = {{6, 2, 3, 3}, {4, 1, 2, 1}, {50, 3, 5, 4}};
  for (unsigned bits = 0; bits < kAllWays; ++bits) {
    for (const Cell cell : kCells) {
      Ways ways = Ways::of(bits);
      ways.has_mask = false;
      ways.has_lengths = true;
      ways.projection = cell == Cell::lstm && bits % 3 == 0 ? 1 : 0;
      const Sizes& s = sizes[bits % 64 == 0 ? 2 : bits % 2];
      const GradientCheck check(random_case(cell, s, ways, bits));
    }
  }
}

TEST_P(RecurrentGradient, IsThatOfTheReferenceForEverySize) {
  for (const Cell cell : kCells) {
    for (const std::int64_t H : {1, 2, 7, 8, 15, 16, 33}) {
      const GradientCheck check(random_case(cell, {3, 3, H, 2}, {}, 1));
    }
    for (const std::int64_t N : {1, 7, 8, 9, 16, 17}) {
      const GradientCheck check(random_case(cell, {3, 2, 5, N}, {}, 2));
    }
    for (const std::int64_t D : {1, 8, 16, 17, 50}) {
      const GradientCheck check(random_case(cell, {2, D, 4, 2}, {}, 3));
    }
    // Long enough for several sums of weight gradients.
    const GradientCheck long_one(random_case(cell, {100, 2, 6, 5}, {}, 4));
    const GradientCheck longest(random_case(cell, {200, 1, 3, 1}, {}, 5));
    const GradientCheck wide(random_case(cell, {2, 5, 100, 2}, {}, 6));
  }
}

TEST_P(RecurrentGradient, TakesEveryFunction) {
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
        RecurrentCase l = random_case(cell, {T, 2, 6, 2}, {}, 1);
        l.activation = activation;
        l.recurrent_activation = recurrent_activation;
        const GradientCheck check(l);
      }
    }
  }
}

TEST_P(RecurrentGradient, WeightsDoNotDependOnWhetherTheInputsIsWanted) {
  for (const Cell cell : kCells) {
    const GradientCheck check(random_case(cell, {3, 2, 6, 2}, {}, 1), {.needs_dx = false});
  }
}

TEST_P(RecurrentGradient, IsAddedToWhatIsThere) {
  for (const Cell cell : kCells) {
    const RecurrentCase l = random_case(cell, {3, 2, 6, 2}, {}, 1);
    const RecurrentSpec spec = {.cell = cell,
                                .T = l.T,
                                .D = l.D,
                                .H = l.H,
                                .S = l.N,
                                .return_sequences = true,
                                .keeps = true};
    const std::int64_t columns = gates_of(cell) * l.H;
    const std::int64_t biases = (cell == Cell::gru_reset_after ? 2 : 1) * columns;
    const AlignedFloats kernel = floats_of(l.kernel), x = floats_of(l.x);
    const AlignedFloats recurrent_kernel = floats_of(l.recurrent_kernel), bias = floats_of(l.bias);
    AlignedFloats packed(packed_floats(spec)), workspace(workspace_floats(spec));
    AlignedFloats y(l.T * l.N * l.H), sums(l.D * columns + l.H * columns + biases);
    recurrent_pack(
        Layout(spec), {kernel.data(), recurrent_kernel.data(), bias.data()}, packed.data(), 0);
    const RecurrentForward a = {.packed = packed.data(),
                                .rows = l.N,
                                .x = x.data(),
                                .y = y.data(),
                                .workspace = workspace.data()};
    const auto add = [&] {
      recurrent_forward(spec, a);
      recurrent_backward(spec,
                         {.forward = &a,
                          .dy = y.data(),
                          .dkernel = sums.data(),
                          .drecurrent_kernel = sums.data() + l.D * columns,
                          .dbias = sums.data() + (l.D + l.H) * columns});
    };
    add();
    const Floats once(sums.data(), sums.data() + sums.size());
    add();
    for (std::size_t i = 0; i < once.size(); ++i) {
      ASSERT_EQ(sums.data()[i], 2 * once[i]) << describe(l) << " at " << i;
    }
  }
}

}  // namespace
}  // namespace engram::kernels
