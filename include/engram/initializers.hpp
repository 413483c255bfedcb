// SPDX-License-Identifier: Apache-2.0
/// How weights get their first values, by Keras's names and formulas.
///
/// Example: LSTM{.units = 8, .kernel_initializer = "he_normal", .bias_initializer = Constant{.value
/// = 1}}
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace engram {

struct RandomUniform {
  float minval = -0.05f, maxval = 0.05f;
  std::optional<std::int64_t> seed = {};
};

struct RandomNormal {
  float mean = 0.0f, stddev = 0.05f;
  std::optional<std::int64_t> seed = {};
};

/// Normal values, those beyond two standard deviations drawn again.
struct TruncatedNormal {
  float mean = 0.0f, stddev = 0.05f;
  std::optional<std::int64_t> seed = {};
};

/// A matrix with orthonormal rows or columns (Saxe et al. 2014), times gain.
struct Orthogonal {
  float gain = 1.0f;
  std::optional<std::int64_t> seed = {};
};

struct Constant {
  float value = 0.0f;
};

/// gain where row and column are the same, else 0. Errors: OptionError for a weight of another rank
/// than 2.
struct Identity {
  float gain = 1.0f;
};

/// Values of variance scale / fan; the Glorot, He and Lecun ones are of this kind.
struct VarianceScaling {
  float scale = 1.0f;
  std::string mode = "fan_in";                    ///< fan_in, fan_out, fan_avg
  std::string distribution = "truncated_normal";  ///< that, untruncated_normal, uniform
  std::optional<std::int64_t> seed = {};
};

/// A kind of initializer with its numbers. Implicit from Keras's names: glorot_uniform,
/// glorot_normal, he_uniform, he_normal, lecun_uniform, lecun_normal, orthogonal, random_uniform
/// ("uniform"), random_normal ("normal"), truncated_normal, zeros, ones, constant, identity,
/// variance_scaling.
class Initializer {
 public:
  Initializer() : Initializer("zeros") {}

  /// Errors: OptionError for an unknown name.
  Initializer(std::string_view name);

  Initializer(const char* name) : Initializer(std::string_view(name)) {}

  Initializer(const RandomUniform& options);
  Initializer(const RandomNormal& options);
  Initializer(const TruncatedNormal& options);
  Initializer(const Orthogonal& options);
  Initializer(const Constant& options);
  Initializer(const Identity& options);

  /// Errors: OptionError for an unknown mode or distribution, or a scale that is not above 0.
  Initializer(const VarianceScaling& options);

  /// Every class name that there is.
  static std::vector<std::string_view> class_names();

  /// Keras's class name, such as "GlorotUniform".
  const std::string& class_name() const { return class_name_; }

  /// Keras's snake_case name, such as "glorot_uniform".
  std::string name() const;

  /// The numbers that the class has: minval and maxval, mean and stddev, gain, value, or scale.
  float a = 0.0f, b = 0.0f;
  std::string mode = "", distribution = "";  ///< VarianceScaling's
  std::optional<std::int64_t> seed = {};

  /// One that a file names and that is none of Keras's: `object` is the file's text. It can be kept
  /// and written, but gives no values.
  static Initializer foreign(std::string class_name, std::string object);

  std::string object = "";  ///< of a foreign one

  bool operator==(const Initializer&) const = default;

 private:
  std::string class_name_;
};

}  // namespace engram
