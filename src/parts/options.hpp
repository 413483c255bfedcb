// SPDX-License-Identifier: Apache-2.0
/// Looks through the options of a layer, an optimizer or a loss, by Keras's names.
///
/// Each options struct has one function that names its fields in the order of Keras's config:
///   void visit_options(LSTM& o, OptionVisitor& v) {  // given to options_access<LSTM,
///   visit_options>
///     v.option("units", o.units, at_least(1));
///     v.fixed("return_state", false);   // Keras has it; this value only is supported
///   }
/// Checks, files, recipes, summary() and documents are visitors.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engram/activations.hpp"
#include "engram/choice.hpp"
#include "engram/initializers.hpp"
#include "engram/tensor.hpp"
#include "parts/foreign.hpp"

namespace engram {

class Layer;

/// What a number may be.
struct Rule {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool is_high_open = false;  ///< the value must stay below `high`
  bool is_low_open = false;   ///< the value must stay above `low`

  bool allows(double value) const;
  std::string text() const;  ///< "at least 1", "in [0, 1)"
};

inline Rule any() { return {}; }

inline Rule at_least(double low) { return {.low = low}; }

inline Rule above(double low) { return {.low = low, .is_low_open = true}; }

inline Rule in_range(double low, double high) { return {.low = low, .high = high}; }

inline Rule in_range_below(double low, double high) {
  return {.low = low, .high = high, .is_high_open = true};
}

struct EmptyList {
  bool operator==(const EmptyList&) const = default;
};

/// The only value that a Keras option may have here; monostate is None.
using FixedValue = std::variant<std::monostate, bool, std::int64_t, double, std::string, EmptyList>;

/// A whole number or a text, or Keras's None.
using OptionalToken = std::variant<std::monostate, std::int64_t, std::string>;

struct OptionsAccess;

/// An option that holds a kind out of a family, with options of its own, such as a learning rate
/// schedule; or none; or, where number() is not null, that number.
class KindOption {
 public:
  virtual ~KindOption() = default;

  virtual std::string_view module() const = 0;      ///< Keras's, "keras.regularizers"
  virtual std::string_view class_name() const = 0;  ///< "L2"; empty: none, or the number
  virtual const OptionsAccess& access() const = 0;  ///< of the kind that it holds
  virtual const void* options() const = 0;

  virtual float* number() { return nullptr; }

  /// Every kind's names, "L2".
  virtual std::vector<std::string_view> names() const = 0;

  /// By "L2" or "l2"; null when there is none.
  virtual const OptionsAccess* find(std::string_view name) const = 0;

  /// Takes the kind of this name with its options; an empty name: none.
  virtual void set(std::string_view name, std::shared_ptr<void> options) = 0;

  /// The kind that it holds, when that is none of Keras's; else null.
  virtual const Foreign* foreign() const { return nullptr; }

  /// Takes such a kind; false of a family in which there may be none.
  virtual bool set_foreign(std::string /*name*/, std::string /*object*/) { return false; }
};

class OptionVisitor;

/// Options under names of the user's choice; files hold them as an object.
class NamedOptions {
 public:
  virtual ~NamedOptions() = default;

  /// Makes one option for each name, as it begins.
  virtual void set_names(const std::vector<std::string>& names) = 0;
  virtual void visit(OptionVisitor& visitor) = 0;
};

/// Sees each option once. A visitor that reads changes the value; others look.
class OptionVisitor {
 public:
  virtual ~OptionVisitor() = default;

  virtual void option(std::string_view name, std::int64_t& value, const Rule& rule) = 0;
  virtual void option(std::string_view name, float& value, const Rule& rule) = 0;
  virtual void option(std::string_view name, std::optional<float>& value, const Rule& rule) = 0;
  virtual void option(std::string_view name, std::optional<std::int64_t>& value) = 0;
  virtual void option(std::string_view name, bool& value) = 0;
  virtual void option(std::string_view name, std::string& value) = 0;
  virtual void option(std::string_view name, Shape& value) = 0;
  virtual void option(std::string_view name, Activation& value) = 0;
  virtual void option(std::string_view name, Initializer& value) = 0;

  // Rare kinds of options, which most visitors may pass by.

  /// An argument that Keras gives to the layer's call: files keep it there, not in its config.
  virtual void call_option(std::string_view /*name*/, bool& /*value*/) {}

  /// One of `names` (none: any text), or Keras's None.
  virtual void option(std::string_view /*name*/,
                      std::optional<std::string>& /*value*/,
                      std::span<const std::string_view> /*names*/) {}

  /// A layer inside a wrapper.
  virtual void option(std::string_view /*name*/, std::optional<Layer>& /*value*/) {}

  /// Layers inside a layer.
  virtual void option(std::string_view /*name*/, std::vector<Layer>& /*value*/) {}

  /// A text that is one of `allowed`.
  virtual void choice(std::string_view name,
                      std::string& value,
                      std::span<const std::string_view> /*allowed*/) {
    option(name, value);
  }

  /// Sizes along one axis or more, each under `rule`. Files hold them as a list.
  virtual void sizes(std::string_view name, std::span<std::int64_t> values, const Rule& rule) {
    for (std::int64_t& value : values) {
      option(name, value, rule);
    }
  }

  /// A tensor's shape, -1 a length that is not said, which files write as null.
  virtual void sample_shape(std::string_view name, Shape& value) { option(name, value); }

  /// Sizes at both ends of axes. Files hold them as a list of pairs.
  virtual void pairs(std::string_view name,
                     std::span<std::array<std::int64_t, 2>> values,
                     const Rule& rule) {
    sizes(name, {values[0].data(), 2 * values.size()}, rule);
  }

  /// Sizes, or Keras's None where they are not given.
  virtual void optional_sizes(std::string_view name,
                              bool& is_given,
                              std::span<std::int64_t> values,
                              const Rule& rule) {
    if (is_given) {
      sizes(name, values, rule);
    }
  }

  /// Numbers that data decide, such as means; files hold a list, one number, or null for none.
  virtual void numbers(std::string_view /*name*/, std::vector<float>& /*values*/) {}

  /// Whole numbers; files hold a list, or null for none. With `counts_up` one number n stands for
  /// 1 to n.
  virtual void whole_numbers(std::string_view /*name*/,
                             std::vector<std::int64_t>& /*values*/,
                             const Rule& /*rule*/,
                             bool /*counts_up*/ = false) {}

  /// Any texts; files hold a list, or null for none.
  virtual void texts(std::string_view /*name*/, std::vector<std::string>& /*values*/) {}

  virtual void token(std::string_view /*name*/, OptionalToken& /*value*/) {}

  /// A number under a rule, or Keras's None.
  virtual void option(std::string_view name,
                      std::optional<std::int64_t>& value,
                      const Rule& /*rule*/) {
    option(name, value);
  }

  virtual void option(std::string_view /*name*/, KindOption& /*value*/) {}

  virtual void named(std::string_view /*name*/, NamedOptions& /*values*/) {}

  /// One that files leave out where it is none.
  virtual void rare_option(std::string_view name, KindOption& value) { option(name, value); }

  /// The place where files say null for a rare_option that is none.
  virtual void place_of_none(std::string_view /*name*/) {}

  /// Before options that Keras does not have, which come last: whether to see them. Who writes
  /// files leaves them out where all are as usual; Keras refuses the others by name.
  virtual bool begins_extras(bool /*are_usual*/) { return true; }

  /// An option of Keras that has one value here.
  virtual void fixed(std::string_view name, const FixedValue& value) = 0;

  /// An option of Keras without meaning here, such as a loss's name: written as `value`; a reader
  /// takes any.
  virtual void ignored(std::string_view name, const FixedValue& value) { fixed(name, value); }
};

/// Passes by everything; the base of visitors that look for one kind of option.
class LookingVisitor : public OptionVisitor {
 public:
  using OptionVisitor::option;

  void option(std::string_view, std::int64_t&, const Rule&) override {}

  void option(std::string_view, float&, const Rule&) override {}

  void option(std::string_view, std::optional<float>&, const Rule&) override {}

  void option(std::string_view, std::optional<std::int64_t>&) override {}

  void option(std::string_view, bool&) override {}

  void option(std::string_view, std::string&) override {}

  void option(std::string_view, Shape&) override {}

  void option(std::string_view, Activation&) override {}

  void option(std::string_view, Initializer&) override {}

  void fixed(std::string_view, const FixedValue&) override {}
};

/// The options of a spec, whose type its functions know.
template <class T>
const T& options_as(const void* options) {
  return *static_cast<const T*>(options);
}

/// How a spec gives access to options whose type only it knows.
struct OptionsAccess {
  std::shared_ptr<void> (*create)() = nullptr;                     ///< with defaults
  void (*visit)(void* options, OptionVisitor& visitor) = nullptr;  ///< field by field
  std::shared_ptr<void> (*copy)(const void* options) = nullptr;
};

/// The KindOption of an optional choice out of the family that `All` lists.
template <class Spec, std::span<const Spec* const> (*All)()>
class ChosenKind : public KindOption {
 public:
  ChosenKind(std::string_view module, std::optional<Choice<Spec>>& value)
      : module_(module), value_(value) {}

  std::string_view module() const override { return module_; }

  std::string_view class_name() const override { return value_ ? value_->spec().class_name : ""; }

  const OptionsAccess& access() const override { return value_->spec().access; }

  const void* options() const override { return value_->options(); }

  std::vector<std::string_view> names() const override {
    std::vector<std::string_view> names;
    for (const Spec* spec : All()) {
      names.push_back(spec->class_name);
    }
    return names;
  }

  const OptionsAccess* find(std::string_view name) const override {
    const Spec* spec = spec_called(name);
    return spec == nullptr ? nullptr : &spec->access;
  }

  void set(std::string_view name, std::shared_ptr<void> options) override {
    value_.reset();
    if (const Spec* spec = spec_called(name)) {
      value_.emplace(*spec, std::move(options));
    }
  }

 private:
  static const Spec* spec_called(std::string_view name) {
    for (const Spec* spec : All()) {
      if (name == spec->class_name || name == spec->name) {
        return spec;
      }
    }
    return nullptr;
  }

  std::string_view module_;
  std::optional<Choice<Spec>>& value_;
};

/// The access to a struct T whose fields `Visit` names.
template <class T, void (*Visit)(T&, OptionVisitor&)>
OptionsAccess options_access() {
  return {.create = [] { return std::static_pointer_cast<void>(std::make_shared<T>()); },
          .visit = [](void* options, OptionVisitor& v) { Visit(*static_cast<T*>(options), v); },
          .copy =
              [](const void* options) {
                const T& original = options_as<T>(options);
                return std::static_pointer_cast<void>(std::make_shared<T>(original));
              }};
}

/// The access to options of a kind that has none.
OptionsAccess no_options();

/// Errors: OptionError, "<where>: expected <name> <rule>, got <value>", for the first bad number.
void check_options(const OptionsAccess& access, const void* options, std::string_view where);

}  // namespace engram
