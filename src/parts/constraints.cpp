// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "parts/weight_rules.hpp"

namespace engram {

namespace {

void visit_options(NonNeg&, OptionVisitor&) {}

void visit_options(UnitNorm& o, OptionVisitor& v) { v.option("axis", o.axis, at_least(-9)); }

void visit_options(MaxNorm& o, OptionVisitor& v) {
  v.option("max_value", o.max_value, at_least(0));
  v.option("axis", o.axis, at_least(-9));
}

void visit_options(MinMaxNorm& o, OptionVisitor& v) {
  v.option("min_value", o.min_value, at_least(0));
  v.option("max_value", o.max_value, at_least(0));
  v.option("rate", o.rate, in_range(0, 1));
  v.option("axis", o.axis, at_least(-9));
}

/// Gives the values along `axis` the norm wanted(norm), up to Keras's epsilon.
template <class Wanted>
void set_norms(float* w, const Shape& shape, std::int64_t axis, const Wanted& wanted) {
  const auto rank = static_cast<std::int64_t>(shape.size());
  if (axis < -rank || axis >= rank) {
    throw error<OptionError>(
        {.where = "constraint on a weight of shape " + to_string(shape),
         .expected = "axis in [-" + std::to_string(rank) + ", " + std::to_string(rank - 1) + "]",
         .got = std::to_string(axis)});
  }
  const auto at = shape.begin() + (axis < 0 ? axis + rank : axis);
  const std::int64_t inner = size_of(Shape(at + 1, shape.end())), along = *at;
  for (std::int64_t first = 0; first < size_of(shape); first += along * inner) {
    for (std::int64_t i = 0; i < inner; ++i) {
      float* values = w + first + i;
      double squares = 0;
      for (std::int64_t j = 0; j < along; ++j) {
        squares += static_cast<double>(values[j * inner]) * values[j * inner];
      }
      const auto norm = static_cast<float>(std::sqrt(squares));
      const float factor = wanted(norm) / (1e-7f + norm);
      for (std::int64_t j = 0; j < along; ++j) {
        values[j * inner] *= factor;
      }
    }
  }
}

void apply(const NonNeg&, float* w, const Shape& shape) {
  const std::int64_t n = size_of(shape);
  std::transform(w, w + n, w, [](float value) { return value < 0 ? 0.0f : value; });
}

void apply(const UnitNorm& o, float* w, const Shape& shape) {
  set_norms(w, shape, o.axis, [](float) { return 1.0f; });
}

void apply(const MaxNorm& o, float* w, const Shape& shape) {
  set_norms(w, shape, o.axis, [&](float norm) { return std::min(norm, o.max_value); });
}

void apply(const MinMaxNorm& o, float* w, const Shape& shape) {
  set_norms(w, shape, o.axis, [&](float norm) {
    const float inside = std::min(std::max(norm, o.min_value), o.max_value);
    return o.rate * inside + (1 - o.rate) * norm;
  });
}

template <class Options>
ConstraintSpec make_constraint_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .apply = [](const void* options, float* w, const Shape& shape) {
            apply(options_as<Options>(options), w, shape);
          }};
}

}  // namespace

Constraint::Constraint(std::string_view name) {
  ConstraintOption option(*this);
  const OptionsAccess* access = option.find(name);
  if (access == nullptr) {
    throw error<OptionError>(unknown_name("Constraint", "constraint", name, option.names()));
  }
  option.set(name, access->create());
}

const ConstraintSpec& max_norm_spec() {
  static const ConstraintSpec spec = make_constraint_spec<MaxNorm>("MaxNorm", "max_norm");
  return spec;
}

const ConstraintSpec& non_neg_spec() {
  static const ConstraintSpec spec = make_constraint_spec<NonNeg>("NonNeg", "non_neg");
  return spec;
}

const ConstraintSpec& unit_norm_spec() {
  static const ConstraintSpec spec = make_constraint_spec<UnitNorm>("UnitNorm", "unit_norm");
  return spec;
}

const ConstraintSpec& min_max_norm_spec() {
  static const ConstraintSpec spec = make_constraint_spec<MinMaxNorm>("MinMaxNorm", "min_max_norm");
  return spec;
}

const ConstraintSpec& spec_of(const MaxNorm&) { return max_norm_spec(); }

const ConstraintSpec& spec_of(const NonNeg&) { return non_neg_spec(); }

const ConstraintSpec& spec_of(const UnitNorm&) { return unit_norm_spec(); }

const ConstraintSpec& spec_of(const MinMaxNorm&) { return min_max_norm_spec(); }

}  // namespace engram
