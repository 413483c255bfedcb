// SPDX-License-Identifier: Apache-2.0
#include "parts/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "parts/functions.hpp"

namespace engram {

bool Rule::allows(double value) const {
  return std::isfinite(value) && (is_low_open ? value > low : value >= low) &&
         (is_high_open ? value < high : value <= high);
}

std::string Rule::text() const {
  if (std::isinf(low) && std::isinf(high)) {
    return "finite";
  }
  if (std::isinf(high)) {
    return fmt::format("{} {}", is_low_open ? "above" : "at least", low);
  }
  if (std::isinf(low)) {
    return fmt::format("{} {}", is_high_open ? "below" : "at most", high);
  }
  return fmt::format("in {}{}, {}{}", is_low_open ? "(" : "[", low, high, is_high_open ? ")" : "]");
}

namespace {

class CheckVisitor final : public OptionVisitor {
 public:
  explicit CheckVisitor(std::string_view where) : where_(where) {}

  void option(std::string_view name, std::int64_t& value, const Rule& rule) override {
    check(name, value, rule);
  }

  void option(std::string_view name, float& value, const Rule& rule) override {
    check(name, value, rule);
  }

  void option(std::string_view name, std::optional<float>& value, const Rule& rule) override {
    if (value) {
      check(name, *value, rule);
    }
  }

  void choice(std::string_view name,
              std::string& value,
              std::span<const std::string_view> allowed) override {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      throw error<OptionError>(unknown_name(where_, name, value, allowed));
    }
  }

  void option(std::string_view name, Initializer& value) override {
    const InitializerNumbers names = numbers_of(value);
    check(fmt::format("{}'s {}", name, names.a), value.a, any());
    check(
        fmt::format("{}'s {}", name, names.b), value.b, names.b == "stddev" ? at_least(0) : any());
  }

  void option(std::string_view name,
              std::optional<std::string>& value,
              std::span<const std::string_view> names) override {
    if (value && !names.empty() && std::ranges::find(names, *value) == names.end()) {
      throw error<OptionError>(unknown_name(where_, name, *value, names));
    }
  }

  void option(std::string_view, std::optional<std::int64_t>&) override {}

  void option(std::string_view name,
              std::optional<std::int64_t>& value,
              const Rule& rule) override {
    if (value) {
      check(name, *value, rule);
    }
  }

  void whole_numbers(std::string_view name,
                     std::vector<std::int64_t>& values,
                     const Rule& rule,
                     bool) override {
    for (const std::int64_t value : values) {
      check(name, value, rule);
    }
  }

  void option(std::string_view name, KindOption& value) override {
    if (!value.class_name().empty()) {
      check_options(value.access(),
                    value.options(),
                    fmt::format("{}: {}'s {}", where_, name, value.class_name()));
    } else if (value.number() != nullptr) {
      check(name, *value.number(), at_least(0));
    }
  }

  void named(std::string_view, NamedOptions& values) override { values.visit(*this); }

  void option(std::string_view, bool&) override {}

  void option(std::string_view, std::string&) override {}

  void option(std::string_view, Shape&) override {}

  void option(std::string_view, Activation&) override {}

  void fixed(std::string_view, const FixedValue&) override {}

 private:
  template <class Number>
  void check(std::string_view name, Number value, const Rule& rule) {
    const auto number = static_cast<double>(value);
    if (!rule.allows(number)) {
      throw error<OptionError>({.where = std::string(where_),
                                .expected = fmt::format("{} {}", name, rule.text()),
                                .got = fmt::format("{}", value)});
    }
  }

  std::string_view where_;
};

}  // namespace

namespace {

struct NoOptions {};

void visit_nothing(NoOptions&, OptionVisitor&) {}

}  // namespace

OptionsAccess no_options() { return options_access<NoOptions, visit_nothing>(); }

void check_options(const OptionsAccess& access, const void* options, std::string_view where) {
  CheckVisitor visitor(where);
  access.visit(const_cast<void*>(options), visitor);  // this visitor only looks
}

}  // namespace engram
