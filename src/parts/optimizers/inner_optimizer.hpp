// SPDX-License-Identifier: Apache-2.0
/// The option of a wrapper that holds any optimizer but a wrapper.
#pragma once

#include "base/error.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

class InnerOptimizer final : public KindOption {
 public:
  explicit InnerOptimizer(Optimizer& value) : value_(value) {}

  std::string_view module() const override { return "keras.optimizers"; }

  std::string_view class_name() const override { return value_.spec().class_name; }

  const OptionsAccess& access() const override { return value_.spec().access; }

  const void* options() const override { return value_.options(); }

  std::vector<std::string_view> names() const override { return optimizer_names(); }

  const OptionsAccess* find(std::string_view name) const override {
    const OptimizerSpec* spec = find_optimizer(name);
    return spec == nullptr || spec->wraps_others ? nullptr : &spec->access;
  }

  void set(std::string_view name, std::shared_ptr<void> options) override {
    const OptimizerSpec* spec = find_optimizer(name);
    if (spec == nullptr) {
      throw error<OptionError>(
          {.where = "a wrapper", .expected = "an optimizer inside", .got = "none"});
    }
    value_ = Optimizer(*spec, std::move(options));
  }

 private:
  Optimizer& value_;
};

}  // namespace engram
