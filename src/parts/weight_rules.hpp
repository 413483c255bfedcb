// SPDX-License-Identifier: Apache-2.0
/// What regularizers and constraints are to the engine and to files.
#pragma once

#include <span>
#include <string_view>

#include "engram/constraints.hpp"
#include "engram/regularizers.hpp"
#include "parts/options.hpp"

namespace engram {

struct RegularizerSpec {
  std::string_view class_name;  ///< "L2"
  std::string_view name;        ///< "l2"
  OptionsAccess access;

  /// The penalty, in float64; its gradient is added to `gradient`, unless null.
  double (*penalty)(const void* options, const float* w, const Shape& shape, float* gradient);
};

struct ConstraintSpec {
  std::string_view class_name;  ///< "MaxNorm"
  std::string_view name;        ///< "max_norm"
  OptionsAccess access;

  void (*apply)(const void* options, float* w, const Shape& shape);
};

std::span<const RegularizerSpec* const> regularizers();
std::span<const ConstraintSpec* const> constraints();

class RegularizerOption final : public ChosenKind<RegularizerSpec, regularizers> {
 public:
  explicit RegularizerOption(Regularizer& held)
      : ChosenKind("keras.regularizers", held.choice), value(held) {}

  Regularizer& value;
};

class ConstraintOption final : public ChosenKind<ConstraintSpec, constraints> {
 public:
  explicit ConstraintOption(Constraint& held)
      : ChosenKind("keras.constraints", held.choice), value(held) {}

  Constraint& value;
};

inline void visit_kind(OptionVisitor& v, std::string_view name, Regularizer& value) {
  RegularizerOption option(value);
  v.option(name, option);
}

inline void visit_kind(OptionVisitor& v, std::string_view name, Constraint& value) {
  ConstraintOption option(value);
  v.option(name, option);
}

/// What a layer's options say of one weight.
struct WeightRules {
  Regularizer regularizer;
  Constraint constraint;
};

/// Out of the options kernel_regularizer and kernel_constraint for the weight "kernel", and so on;
/// those of "recurrent_kernel" and "projection_kernel" are called recurrent_ and projection_.
WeightRules rules_of(const OptionsAccess& access, const void* options, std::string_view weight);

}  // namespace engram
