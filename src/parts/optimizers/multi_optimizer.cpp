// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.hpp"
#include "parts/optimizers/inner_optimizer.hpp"
#include "parts/pattern.hpp"

namespace engram {

namespace {

/// The entries under their keys.
class Entries final : public NamedOptions {
 public:
  explicit Entries(std::vector<std::pair<std::string, Optimizer>>& entries) : entries_(entries) {}

  void set_names(const std::vector<std::string>& names) override {
    entries_.clear();
    for (const std::string& name : names) {
      entries_.emplace_back(name, RMSprop{});
    }
  }

  void visit(OptionVisitor& v) override {
    for (auto& [name, optimizer] : entries_) {
      InnerOptimizer inner(optimizer);
      v.option(name, inner);
    }
  }

 private:
  std::vector<std::pair<std::string, Optimizer>>& entries_;
};

void visit_map(OptimizerMap& o, OptionVisitor& v) {
  InnerOptimizer inner(o.default_optimizer);
  v.option("default_optimizer", inner);
  Entries entries(o.optimizer_map);
  v.named("optimizer_map", entries);
}

class MapOption final : public KindOption {
 public:
  explicit MapOption(OptimizerMap& value) : value_(value) {}

  std::string_view module() const override { return "keras.optimizers"; }

  std::string_view class_name() const override { return "OptimizerMap"; }

  const OptionsAccess& access() const override { return optimizer_map_access(); }

  const void* options() const override { return &value_; }

  std::vector<std::string_view> names() const override { return {class_name()}; }

  const OptionsAccess* find(std::string_view name) const override {
    return name == class_name() ? &optimizer_map_access() : nullptr;
  }

  void set(std::string_view name, std::shared_ptr<void> options) override {
    if (name != class_name()) {
      throw error<OptionError>(
          {.where = "MultiOptimizer", .expected = "an optimizer_map", .got = "none"});
    }
    value_ = options_as<OptimizerMap>(options.get());
  }

 private:
  OptimizerMap& value_;
};

void visit_options(MultiOptimizer& o, OptionVisitor& v) {
  MapOption map(o.optimizer_map);
  v.option("optimizer_map", map);
  v.option("loss_scale_factor", o.loss_scale_factor, above(0));
  v.ignored("name", "multi_optimizer");
}

}  // namespace

const OptionsAccess& optimizer_map_access() {
  static const OptionsAccess access = options_access<OptimizerMap, visit_map>();
  return access;
}

std::vector<Optimizer> inner_optimizers(const OptimizerMap& map) {
  std::vector<Optimizer> all;
  const auto add = [&](const Optimizer& optimizer) {
    if (std::ranges::none_of(all, [&](const Optimizer& one) { return is_same(one, optimizer); })) {
      all.push_back(optimizer);
    }
  };
  for (const auto& [key, optimizer] : map.optimizer_map) {
    add(optimizer);
  }
  add(map.default_optimizer);
  return all;
}

const Optimizer& optimizer_for(const OptimizerMap& map, const std::string& path) {
  const std::pair<std::string, Optimizer>* found = nullptr;
  for (const auto& entry : map.optimizer_map) {
    if (entry.first == path) {
      return entry.second;
    }
  }
  for (const auto& entry : map.optimizer_map) {
    if (!Pattern(entry.first).is_all_of(path)) {
      continue;
    }
    if (found != nullptr) {
      throw error<OptionError>({.where = "MultiOptimizer: " + path,
                                .expected = "one key of optimizer_map that matches",
                                .got = in_quotes(found->first) + " and " + in_quotes(entry.first)});
    }
    found = &entry;
  }
  return found != nullptr ? found->second : map.default_optimizer;
}

void check_keys(const OptimizerMap& map) {
  std::vector<std::string_view> seen;
  for (const auto& [key, optimizer] : map.optimizer_map) {
    Pattern check(key);
    if (std::ranges::find(seen, key) != seen.end()) {
      throw error<OptionError>({.where = "MultiOptimizer",
                                .expected = "each key of optimizer_map once",
                                .got = in_quotes(key) + " twice"});
    }
    seen.push_back(key);
  }
}

/// compile() takes the inner optimizers out: nobody asks this one for slots, rates or updates.
const OptimizerSpec& multi_optimizer_spec() {
  static const OptimizerSpec spec = {
      .class_name = "MultiOptimizer",
      .name = "multi_optimizer",
      .access = options_access<MultiOptimizer, visit_options>(),
      .slots = [](const void*) { return std::vector<std::string_view>(); },
      .common = [](const void*) { return OptimizerCommon{.learning_rate = 0.0f}; },
      .wraps_others = true,
      .update = [](const void*, const UpdateRange&) {}};
  return spec;
}

const OptimizerSpec& spec_of(const MultiOptimizer&) { return multi_optimizer_spec(); }

}  // namespace engram
