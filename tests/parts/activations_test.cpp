// SPDX-License-Identifier: Apache-2.0
#include "engram/activations.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "golden/golden.hpp"
#include "kernels/elementwise.hpp"
#include "parts/functions.hpp"
#include "parts/nested.hpp"

namespace engram {
namespace {

namespace k = kernels;
using Values = std::vector<float>;

struct Result {
  Values y, dx;
};

Result run(Activation activation, const Values& x, const Values& dy, std::int64_t columns) {
  const auto n = static_cast<std::int64_t>(x.size()), rows = n / columns;
  Result r{.y = Values(x.size()), .dx = Values(x.size())};
  if (const auto function = function_of(activation)) {
    k::apply(*function, x.data(), r.y.data(), n);
    const Values& kept = k::keeps_input(*function) ? x : r.y;
    k::apply_gradient(*function, kept.data(), dy.data(), r.dx.data(), n);
  } else if (activation == Activation::Kind::softmax) {
    k::softmax(x.data(), r.y.data(), rows, columns);
    k::softmax_gradient(r.y.data(), dy.data(), r.dx.data(), rows, columns);
  } else {
    k::log_softmax(x.data(), r.y.data(), rows, columns);
    k::log_softmax_gradient(r.y.data(), dy.data(), r.dx.data(), rows, columns);
  }
  return r;
}

/// Values and gradients of every activation that Keras 3.15 on TensorFlow computed in float32.
/// Allowed are 2e-6 of a value: roundings, and 1.5e-6 of gelu's error function.
TEST(Activation, AgreesWithKerasOnTensorFlow) {
  const nlohmann::json file = golden::read("activations.json");
  const Values x = flat(file["x"]), dy = flat(file["dy"]);
  std::set<std::string_view> names;
  for (const nlohmann::json& c : file["cases"]) {
    const Activation activation(c["activation"].get<std::string>());
    names.insert(activation.name());
    const Result got = run(activation, x, dy, last_axis(file["x"]));
    const Values y = flat(c["y"]), dx = flat(c["dx"]);
    for (std::size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(got.y[i], y[i], 2e-6 * std::max(1.0f, std::abs(y[i]))) << c["activation"] << x[i];
      EXPECT_NEAR(got.dx[i], dx[i], 3e-6 * std::max(1.0f, std::abs(dx[i])))
          << c["activation"] << x[i];
    }
  }
  EXPECT_EQ(names.size(), Activation::names().size());
}

TEST(Activation, OtherNamesOfTheSame) {
  EXPECT_EQ(Activation("swish"), Activation("silu"));
  EXPECT_EQ(Activation("hard_swish"), Activation("hard_silu"));
}

}  // namespace
}  // namespace engram
