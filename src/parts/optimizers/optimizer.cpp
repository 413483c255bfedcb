// SPDX-License-Identifier: Apache-2.0
#include "engram/optimizers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

const OptimizerSpec* find_optimizer(std::string_view name) {
  const auto table = optimizers();
  const auto it = std::find_if(table.begin(), table.end(), [&](const OptimizerSpec* spec) {
    return name == spec->class_name || name == spec->name;
  });
  return it == table.end() ? nullptr : *it;
}

std::vector<std::string_view> optimizer_names() {
  std::vector<std::string_view> names;
  for (const OptimizerSpec* spec : optimizers()) {
    names.push_back(spec->name);
  }
  return names;
}

LearningRate learning_rate_of(const Optimizer& optimizer) {
  return optimizer.spec().common(optimizer.options()).learning_rate;
}

bool is_same(const Optimizer& a, const Optimizer& b) { return a.options() == b.options(); }

SlotPlaces slot_places(const Optimizer& optimizer) {
  const OptimizerCommon common = optimizer.spec().common(optimizer.options());
  SlotPlaces places;
  if (common.ema_momentum) {
    places.average = places.own++;
  }
  if (common.accumulation_steps > 1) {
    places.gradient_sum = places.own++;
  }
  places.count = places.own + optimizer.spec().slots(optimizer.options()).size();
  return places;
}

Optimizer without_loss_scale_factor(const Optimizer& optimizer) {
  struct : LookingVisitor {
    using LookingVisitor::option;

    void option(std::string_view name, std::optional<float>& value, const Rule&) override {
      if (name == "loss_scale_factor") {
        value.reset();
      }
    }
  } visitor;

  const OptionsAccess& access = optimizer.spec().access;
  std::shared_ptr<void> options = access.copy(optimizer.options());
  access.visit(options.get(), visitor);
  return {optimizer.spec(), std::move(options)};
}

void check_clipping(const Clipping& clipping, std::string_view where) {
  int count = 0;
  std::string given;
  const auto look = [&](std::string_view name, const std::optional<float>& value) {
    if (value) {
      given += fmt::format("{}{} {}", count++ == 0 ? "" : " and ", name, *value);
    }
  };
  look("clipnorm", clipping.clipnorm);
  look("global_clipnorm", clipping.global_clipnorm);
  look("clipvalue", clipping.clipvalue);
  if (count > 1) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "at most one of clipnorm, global_clipnorm and clipvalue",
                              .got = given});
  }
}

namespace {

const OptimizerSpec& optimizer_called(std::string_view name) {
  const OptimizerSpec* spec = find_optimizer(name);
  if (spec == nullptr) {
    throw error<OptionError>(unknown_name("Optimizer", "optimizer", name, optimizer_names()));
  }
  return *spec;
}

}  // namespace

Optimizer::Optimizer(std::string_view name)
    : Choice(optimizer_called(name), optimizer_called(name).access.create()) {}

}  // namespace engram
