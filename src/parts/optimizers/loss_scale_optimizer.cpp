// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "parts/optimizers/optimizer_options.hpp"

namespace engram {

namespace {

/// Any optimizer but such a wrapper.
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
    return spec == nullptr || spec == &loss_scale_optimizer_spec() ? nullptr : &spec->access;
  }

  void set(std::string_view name, std::shared_ptr<void> options) override {
    const OptimizerSpec* spec = find_optimizer(name);
    if (spec == nullptr) {
      throw error<OptionError>(
          {.where = "LossScaleOptimizer", .expected = "an inner_optimizer", .got = "none"});
    }
    value_ = Optimizer(*spec, std::move(options));
  }

 private:
  Optimizer& value_;
};

void visit_options(LossScaleOptimizer& o, OptionVisitor& v) {
  v.ignored("name", "loss_scale_optimizer");
  InnerOptimizer inner(o.inner_optimizer);
  v.option("inner_optimizer", inner);
  v.option("initial_scale", o.initial_scale, above(0));
  v.option("dynamic_growth_steps", o.dynamic_growth_steps, at_least(0));
}

const Optimizer& inner_of(const void* options) {
  return static_cast<const LossScaleOptimizer*>(options)->inner_optimizer;
}

}  // namespace

/// compile() takes the inner optimizer out, so that only the names of slots and the like are asked.
const OptimizerSpec& loss_scale_optimizer_spec() {
  static const OptimizerSpec spec = {
      .class_name = "LossScaleOptimizer",
      .name = "loss_scale_optimizer",
      .access = options_access<LossScaleOptimizer, visit_options>(),
      .slots = [](const void* o) { return inner_of(o).spec().slots(inner_of(o).options()); },
      .common = [](const void* o) { return inner_of(o).spec().common(inner_of(o).options()); },
      .update = [](const void* o,
                   const UpdateRange& r) { inner_of(o).spec().update(inner_of(o).options(), r); }};
  return spec;
}

const OptimizerSpec& spec_of(const LossScaleOptimizer&) { return loss_scale_optimizer_spec(); }

}  // namespace engram
