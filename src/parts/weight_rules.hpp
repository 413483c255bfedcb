// SPDX-License-Identifier: Apache-2.0
/// What regularizers and constraints are to the engine and to files.
#pragma once

#include <span>
#include <string_view>

#include "engram/constraints.hpp"
#include "engram/regularizers.hpp"
#include "parts/options.hpp"

namespace engram {

/// What a regularizer looks at: a weight, or a layer's output (rows, ...).
struct Penalized {
  const float* values = nullptr;
  Shape shape;
  float* gradient = nullptr;  ///< added to, unless null
  double share = 1;           ///< of the penalty that counts
};

struct RegularizerSpec {
  std::string_view class_name;  ///< "L2"
  std::string_view name;        ///< "l2"
  OptionsAccess access;

  /// The penalty's share, in float64.
  double (*penalty)(const void* options, const Penalized& penalized);

  bool joins_rows = false;  ///< the penalty is no sum over rows
};

struct ConstraintSpec {
  std::string_view class_name;  ///< "MaxNorm"
  std::string_view name;        ///< "max_norm"
  OptionsAccess access;

  void (*apply)(const void* options, float* w, const Shape& shape);
};

std::span<const RegularizerSpec* const> regularizers();
std::span<const ConstraintSpec* const> constraints();

/// The KindOption of a family in which files may name what is none of Keras's.
template <class Spec, std::span<const Spec* const> (*All)()>
class ChosenOrForeign : public ChosenKind<Spec, All> {
 public:
  ChosenOrForeign(std::string_view module, std::optional<Choice<Spec>>& value)
      : ChosenKind<Spec, All>(module, value), held_(value) {}

  const Foreign* foreign() const override { return held_ ? foreign_of(*held_) : nullptr; }

  bool set_foreign(std::string name, std::string object) override {
    held_ = foreign_choice<Spec>(std::move(name), std::move(object));
    return true;
  }

 private:
  std::optional<Choice<Spec>>& held_;
};

class RegularizerOption final : public ChosenOrForeign<RegularizerSpec, regularizers> {
 public:
  explicit RegularizerOption(Regularizer& held)
      : ChosenOrForeign("keras.regularizers", held.choice), value(held) {}

  Regularizer& value;
};

class ConstraintOption final : public ChosenOrForeign<ConstraintSpec, constraints> {
 public:
  explicit ConstraintOption(Constraint& held)
      : ChosenOrForeign("keras.constraints", held.choice), value(held) {}

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

/// In Keras's config it comes before a layer's own options, and is not there when it is none; most
/// layers then say null at v.place_of_none.
inline void visit_activity_regularizer(OptionVisitor& v, Regularizer& value) {
  RegularizerOption option(value);
  v.rare_option("activity_regularizer", option);
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
