// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/error.hpp"
#include "kernels/elementwise.hpp"
#include "parts/weight_rules.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 2> kModes = {"rows", "columns"};

void visit_options(L1& o, OptionVisitor& v) { v.option("l1", o.l1, at_least(0)); }

void visit_options(L2& o, OptionVisitor& v) { v.option("l2", o.l2, at_least(0)); }

void visit_options(L1L2& o, OptionVisitor& v) {
  v.option("l1", o.l1, at_least(0));
  v.option("l2", o.l2, at_least(0));
}

void visit_options(OrthogonalRegularizer& o, OptionVisitor& v) {
  v.option("factor", o.factor, at_least(0));
  v.choice("mode", o.mode, kModes);
}

double penalty(const L1L2& o, const Penalized& p) {
  const std::int64_t n = size_of(p.shape);
  if (p.gradient != nullptr) {
    const auto share = static_cast<float>(p.share);
    kernels::add_l1_l2_gradient(p.values, o.l1 * share, o.l2 * share, p.gradient, n);
  }
  return p.share * ((o.l1 == 0 ? 0.0 : o.l1 * kernels::sum_of_magnitudes(p.values, n)) +
                    (o.l2 == 0 ? 0.0 : o.l2 * kernels::sum_of_squares(p.values, n)));
}

double penalty(const L1& o, const Penalized& p) { return penalty(L1L2{.l1 = o.l1}, p); }

double penalty(const L2& o, const Penalized& p) { return penalty(L1L2{.l2 = o.l2}, p); }

/// With unit vectors u_i: factor / pairs sum_{i<j} |u_i u_j|. By u_i the derivative is sum_j
/// sign(u_i u_j) u_j; by w_i that, less its part along u_i, through |w_i|.
double penalty(const OrthogonalRegularizer& o, const Penalized& p) {
  const Shape& shape = p.shape;
  const float* w = p.values;
  float* d = p.gradient;
  if (shape.size() != 2) {
    throw error<OptionError>({.where = "OrthogonalRegularizer",
                              .expected = "a weight of rank 2",
                              .got = to_string(shape)});
  }
  const bool is_rows = o.mode == "rows";
  const std::int64_t count = shape[is_rows ? 0 : 1], length = shape[is_rows ? 1 : 0];
  const auto place = [&](std::int64_t vector, std::int64_t i) {
    return is_rows ? vector * length + i : i * count + vector;
  };
  std::vector<double> unit(static_cast<std::size_t>(count * length)), norms;
  for (std::int64_t a = 0; a < count; ++a) {
    double squares = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      squares += static_cast<double>(w[place(a, i)]) * w[place(a, i)];
    }
    norms.push_back(std::max(std::sqrt(squares), 1e-7));
    for (std::int64_t i = 0; i < length; ++i) {
      unit[static_cast<std::size_t>(a * length + i)] = w[place(a, i)] / norms.back();
    }
  }
  const double pairs = static_cast<double>(count) * static_cast<double>(count - 1) / 2;
  const double share = p.share * o.factor / pairs;
  double sum = 0;
  for (std::int64_t a = 0; a < count; ++a) {
    const double* u = unit.data() + a * length;
    for (std::int64_t b = 0; b < count; ++b) {
      const double* other = unit.data() + b * length;
      double product = 0;
      for (std::int64_t i = 0; a != b && i < length; ++i) {
        product += u[i] * other[i];
      }
      sum += std::abs(product) / 2;  // each pair comes twice
      const double sign = static_cast<double>((product > 0) - (product < 0));
      for (std::int64_t i = 0; d != nullptr && a != b && i < length; ++i) {
        const double slope = sign * (other[i] - product * u[i]);
        d[place(a, i)] += static_cast<float>(share * slope / norms[static_cast<std::size_t>(a)]);
      }
    }
  }
  return share * sum;
}

template <class Options>
RegularizerSpec make_regularizer_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .penalty =
              [](const void* options, const Penalized& penalized) {
                return penalty(options_as<Options>(options), penalized);
              },
          .joins_rows = std::is_same_v<Options, OrthogonalRegularizer>};
}

class RulesVisitor final : public LookingVisitor {
 public:
  using LookingVisitor::option;

  explicit RulesVisitor(std::string_view weight)
      : weight_(weight.ends_with("_kernel") ? weight.substr(0, weight.size() - 7) : weight) {}

  WeightRules rules;

  void option(std::string_view name, KindOption& value) override {
    if (name == weight_ + "_regularizer") {
      rules.regularizer = dynamic_cast<RegularizerOption&>(value).value;
    } else if (name == weight_ + "_constraint") {
      rules.constraint = dynamic_cast<ConstraintOption&>(value).value;
    }
  }

 private:
  std::string weight_;
};

}  // namespace

Regularizer::Regularizer(std::string_view name) {
  RegularizerOption option(*this);
  const OptionsAccess* access = option.find(name);
  if (access == nullptr) {
    throw error<OptionError>(unknown_name("Regularizer", "regularizer", name, option.names()));
  }
  option.set(name, access->create());
}

WeightRules rules_of(const OptionsAccess& access, const void* options, std::string_view weight) {
  RulesVisitor visitor(weight);
  access.visit(const_cast<void*>(options), visitor);  // this visitor only looks
  return std::move(visitor.rules);
}

const RegularizerSpec& l1_spec() {
  static const RegularizerSpec spec = make_regularizer_spec<L1>("L1", "l1");
  return spec;
}

const RegularizerSpec& l2_spec() {
  static const RegularizerSpec spec = make_regularizer_spec<L2>("L2", "l2");
  return spec;
}

const RegularizerSpec& l1_l2_spec() {
  static const RegularizerSpec spec = make_regularizer_spec<L1L2>("L1L2", "l1_l2");
  return spec;
}

const RegularizerSpec& orthogonal_regularizer_spec() {
  static const RegularizerSpec spec = make_regularizer_spec<OrthogonalRegularizer>(
      "OrthogonalRegularizer", "orthogonal_regularizer");
  return spec;
}

const RegularizerSpec& spec_of(const L1&) { return l1_spec(); }

const RegularizerSpec& spec_of(const L2&) { return l2_spec(); }

const RegularizerSpec& spec_of(const L1L2&) { return l1_l2_spec(); }

const RegularizerSpec& spec_of(const OrthogonalRegularizer&) {
  return orthogonal_regularizer_spec();
}

}  // namespace engram
