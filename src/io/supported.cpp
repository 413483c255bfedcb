// SPDX-License-Identifier: Apache-2.0
#include "engram/supported.hpp"

#include <fmt/format.h>

#include "engram/activations.hpp"
#include "engram/initializers.hpp"
#include "layers/layer_spec.hpp"
#include "parts/loss_spec.hpp"
#include "parts/metric_spec.hpp"
#include "parts/optimizer_spec.hpp"
#include "parts/schedule_spec.hpp"
#include "parts/weight_rules.hpp"

namespace engram {

namespace {

/// A value as Python writes it.
std::string python_text(const FixedValue& value) {
  struct {
    std::string operator()(std::monostate) const { return "None"; }

    std::string operator()(bool is_true) const { return is_true ? "True" : "False"; }

    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }

    std::string operator()(double number) const { return fmt::format("{}", number); }

    std::string operator()(const std::string& text) const { return "'" + text + "'"; }

    std::string operator()(const EmptyList&) const { return "[]"; }
  } const text;

  return std::visit(text, value);
}

/// Notes the name of each option.
class OptionLister final : public OptionVisitor {
 public:
  std::vector<SupportedOption> found;

  void option(std::string_view name, std::int64_t&, const Rule&) override { add(name); }

  void option(std::string_view name, float&, const Rule&) override { add(name); }

  void option(std::string_view name, std::optional<float>&, const Rule&) override { add(name); }

  void option(std::string_view name, std::optional<std::int64_t>&) override { add(name); }

  void option(std::string_view name, bool&) override { add(name); }

  void option(std::string_view name, std::string&) override { add(name); }

  void option(std::string_view name, Shape&) override { add(name); }

  void option(std::string_view name, Activation&) override { add(name); }

  void option(std::string_view name, Initializer&) override { add(name); }

  void option(std::string_view name,
              std::optional<std::string>&,
              std::span<const std::string_view>) override {
    add(name);
  }

  void option(std::string_view name, std::optional<Layer>&) override { add(name); }

  void option(std::string_view name, KindOption&) override { add(name); }

  void named(std::string_view name, NamedOptions&) override { add(name); }

  void sizes(std::string_view name, std::span<std::int64_t>, const Rule&) override { add(name); }

  void optional_sizes(std::string_view name, bool&, std::span<std::int64_t>, const Rule&) override {
    add(name);
  }

  void numbers(std::string_view name, std::vector<float>&) override { add(name); }

  void whole_numbers(std::string_view name,
                     std::vector<std::int64_t>&,
                     const Rule&,
                     bool) override {
    add(name);
  }

  void texts(std::string_view name, std::vector<std::string>&) override { add(name); }

  void token(std::string_view name, OptionalToken&) override { add(name); }

  void call_option(std::string_view name, bool&) override { add(name, OptionSupport::call); }

  void fixed(std::string_view name, const FixedValue& value) override {
    add(name, OptionSupport::one_value, python_text(value));
  }

  void ignored(std::string_view name, const FixedValue&) override {
    add(name, OptionSupport::ignored);
  }

  bool begins_extras(bool) override {
    usual_ = OptionSupport::extra;
    return true;
  }

 private:
  void add(std::string_view name) { add(name, usual_); }

  void add(std::string_view name, OptionSupport support, std::string value = "") {
    found.push_back({.name = std::string(name), .support = support, .value = std::move(value)});
  }

  OptionSupport usual_ = OptionSupport::any;
};

void add_kind(std::string_view module,
              std::string_view class_name,
              const OptionsAccess& access,
              std::vector<SupportedKind>& kinds) {
  OptionLister lister;
  access.visit(access.create().get(), lister);
  kinds.push_back({.module = std::string(module),
                   .class_name = std::string(class_name),
                   .options = std::move(lister.found)});
}

template <class Specs>
void add_kinds(std::string_view module, const Specs& specs, std::vector<SupportedKind>& kinds) {
  for (const auto* spec : specs) {
    add_kind(module, spec->class_name, spec->access, kinds);
  }
}

template <class Names>
void add_names(std::string_view module, const Names& names, std::vector<SupportedKind>& kinds) {
  for (const std::string_view name : names) {
    kinds.push_back({.module = std::string(module), .class_name = std::string(name)});
  }
}

}  // namespace

std::vector<SupportedKind> supported_kinds() {
  std::vector<SupportedKind> kinds;
  add_kinds("keras.layers", layers(), kinds);
  add_names("keras.activations", Activation::names(), kinds);
  add_names("keras.initializers", Initializer::class_names(), kinds);
  add_kinds("keras.regularizers", regularizers(), kinds);
  add_kinds("keras.constraints", constraints(), kinds);
  add_kinds("keras.losses", losses(), kinds);
  add_kinds("keras.metrics", metrics(), kinds);
  add_kinds("keras.optimizers", optimizers(), kinds);
  add_kind("keras.optimizers", "OptimizerMap", optimizer_map_access(), kinds);
  add_kinds("keras.optimizers.schedules", schedules(), kinds);
  return kinds;
}

}  // namespace engram
