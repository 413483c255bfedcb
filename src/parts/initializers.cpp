// SPDX-License-Identifier: Apache-2.0
#include "engram/initializers.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"
#include "parts/fans.hpp"
#include "parts/functions.hpp"
#include "parts/orthogonal.hpp"

namespace engram {

namespace {

enum class Fill { constant, uniform, normal, truncated_normal, orthogonal, identity };
enum class Fan { none, in, out, average };

/// Deviation of a normal distribution cut at two deviations, as Keras has it.
constexpr double kTruncatedDeviation = 0.87962566103423978;

struct Kind {
  std::string_view class_name, name, other_name;
  Fill fill = Fill::constant;
  InitializerNumbers numbers = {};
  float a = 0, b = 0;   ///< defaults of Initializer::a and b
  Fan fan = Fan::none;  ///< what the variance, scale / fan, goes by (Keras's VarianceScaling)
  double scale = 1;
};

/// Sources: Glorot & Bengio 2010, He et al. 2015, LeCun et al. 1998, Saxe et al. 2014.
constexpr std::array<Kind, 15> kKinds = {{
    {"GlorotUniform", "glorot_uniform", "", Fill::uniform, {}, 0, 0, Fan::average, 1},
    {"GlorotNormal", "glorot_normal", "", Fill::truncated_normal, {}, 0, 0, Fan::average, 1},
    {"HeUniform", "he_uniform", "", Fill::uniform, {}, 0, 0, Fan::in, 2},
    {"HeNormal", "he_normal", "", Fill::truncated_normal, {}, 0, 0, Fan::in, 2},
    {"LecunUniform", "lecun_uniform", "", Fill::uniform, {}, 0, 0, Fan::in, 1},
    {"LecunNormal", "lecun_normal", "", Fill::truncated_normal, {}, 0, 0, Fan::in, 1},
    {"Orthogonal", "orthogonal", "OrthogonalInitializer", Fill::orthogonal, {"gain"}, 1},
    {"RandomUniform",
     "random_uniform",
     "uniform",
     Fill::uniform,
     {"minval", "maxval"},
     -0.05f,
     0.05f},
    {"RandomNormal", "random_normal", "normal", Fill::normal, {"mean", "stddev"}, 0, 0.05f},
    {"TruncatedNormal",
     "truncated_normal",
     "",
     Fill::truncated_normal,
     {"mean", "stddev"},
     0,
     0.05f},
    {"Zeros", "zeros", "zero", Fill::constant, {}, 0},
    {"Ones", "ones", "one", Fill::constant, {}, 1},
    {"Constant", "constant", "", Fill::constant, {"value"}, 0},
    {"Identity", "identity", "IdentityInitializer", Fill::identity, {"gain"}, 1},
    {"VarianceScaling", "variance_scaling", "", Fill::truncated_normal, {"scale"}, 1, 0, Fan::in},
}};

const Kind& find_kind(std::string_view name) {
  for (const Kind& kind : kKinds) {
    if (name == kind.name || name == kind.class_name ||
        (!name.empty() && name == kind.other_name)) {
      return kind;
    }
  }
  std::vector<std::string_view> names;
  std::ranges::transform(kKinds, std::back_inserter(names), &Kind::name);
  throw error<OptionError>(unknown_name("Initializer", "initializer", name, names));
}

/// Keras's compute_fans: inputs and outputs of a weight of any rank.
double fan(Fan which, const Shape& shape) {
  const std::size_t rank = shape.size();
  const double in = rank == 0 ? 1 : static_cast<double>(shape[rank < 2 ? 0 : rank - 2]);
  const double out = rank == 0 ? 1 : static_cast<double>(shape.back());
  const double receptive =
      in * out == 0 || rank < 3 ? 1 : static_cast<double>(size_of(shape)) / (in * out);
  const double fan = which == Fan::in ? in : (which == Fan::out ? out : (in + out) / 2);
  return std::max(1.0, receptive * fan);
}

/// Its kind, with what mode and distribution say of a VarianceScaling.
Kind kind_of(const Initializer& initializer) {
  Kind kind = find_kind(initializer.class_name());
  if (kind.class_name == "VarianceScaling") {
    const auto& [mode, distribution] = std::tie(initializer.mode, initializer.distribution);
    kind.scale = initializer.a;
    kind.fan = mode == "fan_in" ? Fan::in : (mode == "fan_out" ? Fan::out : Fan::average);
    kind.fill = distribution == "uniform"              ? Fill::uniform
                : distribution == "untruncated_normal" ? Fill::normal
                                                       : Fill::truncated_normal;
  }
  return kind;
}

void check_scaling(const VarianceScaling& o) {
  const auto check = [](std::string_view option, const std::string& value, const auto& allowed) {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      throw error<OptionError>(unknown_name("VarianceScaling", option, value, allowed));
    }
  };
  check("mode", o.mode, kScalingModes);
  check("distribution", o.distribution, kScalingDistributions);
  if (!(o.scale > 0)) {
    throw error<OptionError>(
        {.where = "VarianceScaling", .expected = "scale above 0", .got = std::to_string(o.scale)});
  }
}

void fill_identity(float gain, const Shape& shape, std::span<float> values) {
  if (shape.size() != 2) {
    throw error<OptionError>({.where = "Identity",
                              .expected = "a weight of rank 2",
                              .got = to_string(shape),
                              .remedy = "Choose another initializer for it."});
  }
  std::fill(values.begin(), values.end(), 0.0f);
  for (std::int64_t i = 0; i < std::min(shape[0], shape[1]); ++i) {
    values[static_cast<std::size_t>(i * shape[1] + i)] = gain;
  }
}

double truncated_normal(Random& random) {
  double z = random.normal();
  while (std::abs(z) > 2) {
    z = random.normal();
  }
  return z;
}

void fill_orthogonal(double gain, const Shape& shape, Random& random, std::span<float> values) {
  if (shape.size() < 2) {
    throw error<OptionError>({.where = "Orthogonal",
                              .expected = "a weight of rank 2 or more",
                              .got = to_string(shape),
                              .remedy = "Choose another initializer for it."});
  }
  const std::int64_t columns = shape.back();
  const std::int64_t rows = columns == 0 ? 0 : size_of(shape) / columns;
  const std::int64_t longer = std::max(rows, columns), shorter = std::min(rows, columns);
  std::vector<double> matrix(values.size());  // column after column
  for (std::int64_t i = 0; i < longer; ++i) {
    for (std::int64_t j = 0; j < shorter; ++j) {
      matrix[static_cast<std::size_t>(j * longer + i)] = random.normal();
    }
  }
  orthonormalize(matrix, longer, shorter);
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < columns; ++j) {
      const std::int64_t at = rows < columns ? i * longer + j : j * longer + i;
      values[static_cast<std::size_t>(i * columns + j)] =
          static_cast<float>(gain * matrix[static_cast<std::size_t>(at)]);
    }
  }
}

}  // namespace

Initializer::Initializer(std::string_view name) {
  const Kind& kind = find_kind(name);
  a = kind.a;
  b = kind.b;
  class_name_ = kind.class_name;
  if (class_name_ == "VarianceScaling") {
    *this = VarianceScaling{};
  }
}

Initializer::Initializer(const RandomUniform& o)
    : a(o.minval), b(o.maxval), seed(o.seed), class_name_("RandomUniform") {}

Initializer::Initializer(const RandomNormal& o)
    : a(o.mean), b(o.stddev), seed(o.seed), class_name_("RandomNormal") {}

Initializer::Initializer(const TruncatedNormal& o)
    : a(o.mean), b(o.stddev), seed(o.seed), class_name_("TruncatedNormal") {}

Initializer::Initializer(const Orthogonal& o)
    : a(o.gain), seed(o.seed), class_name_("Orthogonal") {}

Initializer::Initializer(const Constant& o) : a(o.value), class_name_("Constant") {}

Initializer::Initializer(const Identity& o) : a(o.gain), class_name_("Identity") {}

Initializer::Initializer(const VarianceScaling& o)
    : a(o.scale),
      mode(o.mode),
      distribution(o.distribution == "normal" ? "truncated_normal" : o.distribution),
      seed(o.seed),
      class_name_("VarianceScaling") {
  VarianceScaling checked = o;
  checked.distribution = distribution;
  check_scaling(checked);
}

Initializer Initializer::foreign(std::string class_name, std::string object) {
  Initializer made;
  made.class_name_ = std::move(class_name);
  made.object = std::move(object);
  return made;
}

InitializerNumbers numbers_of(const Initializer& initializer) {
  if (!initializer.object.empty()) {
    return {};
  }
  return find_kind(initializer.class_name()).numbers;
}

std::vector<std::string_view> Initializer::class_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) {
    names.push_back(kind.class_name);
  }
  return names;
}

std::string Initializer::name() const {
  return object.empty() ? std::string(find_kind(class_name_).name) : class_name_;
}

Initializer with_fans(const Initializer& initializer, const Shape& shape, const Shape& matrix) {
  const Kind kind = kind_of(initializer);
  if (kind.fan == Fan::none) {
    return initializer;
  }
  VarianceScaling scaling{.seed = initializer.seed};
  scaling.scale = static_cast<float>(kind.scale * fan(kind.fan, shape) / fan(kind.fan, matrix));
  scaling.mode = kScalingModes[kind.fan == Fan::in ? 0 : (kind.fan == Fan::out ? 1 : 2)];
  scaling.distribution = kind.fill == Fill::uniform  ? "uniform"
                         : kind.fill == Fill::normal ? "untruncated_normal"
                                                     : "truncated_normal";
  return scaling;
}

void initialize(const Initializer& initializer,
                const Shape& shape,
                std::uint64_t seed,
                float* values) {
  if (!initializer.object.empty()) {
    throw error<OptionError>({.where = "first values of weights",
                              .expected = "an initializer of Keras's",
                              .got = in_quotes(initializer.class_name())});
  }
  const Kind kind = kind_of(initializer);
  Random random(initializer.seed ? static_cast<std::uint64_t>(*initializer.seed) : seed);
  const std::span<float> all(values, static_cast<std::size_t>(size_of(shape)));
  double a = initializer.a, b = initializer.b;  // bounds, or mean and deviation
  if (kind.fan != Fan::none) {
    const double variance = kind.scale / fan(kind.fan, shape);
    const double limit = std::sqrt(3 * variance);
    a = kind.fill == Fill::uniform ? -limit : 0;
    b = kind.fill == Fill::uniform  ? limit
        : kind.fill == Fill::normal ? std::sqrt(variance)
                                    : std::sqrt(variance) / kTruncatedDeviation;
  }
  switch (kind.fill) {
    case Fill::constant:
      std::fill(all.begin(), all.end(), initializer.a);
      break;
    case Fill::uniform:
      std::generate(all.begin(), all.end(), [&] {
        return static_cast<float>(a + (b - a) * random.uniform());
      });
      break;
    case Fill::normal:
      std::generate(
          all.begin(), all.end(), [&] { return static_cast<float>(a + b * random.normal()); });
      break;
    case Fill::truncated_normal:
      std::generate(all.begin(), all.end(), [&] {
        return static_cast<float>(a + b * truncated_normal(random));
      });
      break;
    case Fill::orthogonal:
      fill_orthogonal(a, shape, random, all);
      break;
    case Fill::identity:
      fill_identity(initializer.a, shape, all);
      break;
  }
}

}  // namespace engram
