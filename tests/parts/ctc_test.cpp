// SPDX-License-Identifier: Apache-2.0
/// CTC gives Keras's losses and gradients (tools/golden/ctc.py).
#include <gtest/gtest.h>

#include "golden/golden.hpp"
#include "parts/loss_spec.hpp"
#include "parts/nested.hpp"

namespace engram {
namespace {

TEST(Ctc, AgreesWithKeras) {
  constexpr std::int64_t kRows = 6, kClasses = 4;
  const golden::json file = golden::read("ctc.json");
  ASSERT_EQ(file["cases"].size(), 3u);
  for (const golden::json& c : file["cases"]) {
    const auto steps = c["steps"].get<std::int64_t>();
    const Tensor logits =
        golden::stream(c["seed"].get<std::uint64_t>(), {kRows, steps, kClasses}, 3.0f);
    const auto place = [&](std::int64_t row, std::int64_t t, std::int64_t k) {
      return static_cast<std::size_t>((t * kRows + row) * kClasses + k);
    };
    std::vector<float> by_time(logits.values().size()), gradient(by_time.size());
    for (std::int64_t i = 0; i < logits.size(); ++i) {
      const std::int64_t row = i / (steps * kClasses), t = i / kClasses % steps;
      by_time[place(row, t, i % kClasses)] = logits.data()[i];
    }
    const std::vector<float> target = flat(c["y_true"]);
    const bool is_sum = c["reduction"] == "sum";
    const double loss = spec_of(CTC{}).evaluate(nullptr,
                                                {.rows = kRows,
                                                 .outputs = kClasses,
                                                 .steps = steps,
                                                 .targets = 3,
                                                 .predicted = by_time.data(),
                                                 .target = target.data(),
                                                 .gradient = gradient.data(),
                                                 .scale = is_sum ? 1.0f : 1.0f / kRows});
    const double want = c["value"][0].get<double>();
    EXPECT_NEAR(loss / (is_sum ? 1 : kRows), want, 2e-6 * std::abs(want));
    for (std::int64_t i = 0; i < logits.size(); ++i) {
      const std::int64_t row = i / (steps * kClasses), t = i / kClasses % steps;
      EXPECT_NEAR(gradient[place(row, t, i % kClasses)],
                  c["gradient"][static_cast<std::size_t>(i)].get<double>(),
                  2e-6);
    }
  }
}

}  // namespace
}  // namespace engram
