// SPDX-License-Identifier: Apache-2.0
/// compile(): what a model is trained with, and the optimizers' arrays.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "base/error.hpp"
#include "model/model_data.hpp"

namespace engram {

namespace {

/// Errors: OptionError when a list does not have one entry for each output.
void check_lists(const ModelData& data, const CompileOptions& options) {
  const std::size_t outputs = data.network.outputs.size();
  const auto check = [&](std::string_view name, std::size_t size) {
    if (size != outputs && size != 0) {
      throw error<OptionError>({.where = "compile",
                                .expected = fmt::format("{} of {} outputs", name, outputs),
                                .got = fmt::format("{}", size)});
    }
  };
  check("losses", options.losses.size());
  check("loss_weights", options.loss_weights.size());
  check("output_metrics", options.output_metrics.size());
  check("output_weighted_metrics", options.output_weighted_metrics.size());
  const auto check_single = [&](const std::string& name, const std::vector<Metric>& metrics) {
    if (outputs > 1 && !metrics.empty()) {
      throw error<OptionError>({.where = "compile",
                                .expected = "output_" + name + ", a list for each output",
                                .got = name,
                                .remedy = "Say which output each metric is for."});
    }
  };
  check_single("metrics", options.metrics);
  check_single("weighted_metrics", options.weighted_metrics);
}

/// Errors: OptionError when one that `wrapper` holds is a wrapper, too.
void check_inner(const Optimizer& wrapper, std::span<const Optimizer> inner) {
  for (const Optimizer& optimizer : inner) {
    if (optimizer.spec().wraps_others) {
      throw error<OptionError>({.where = std::string(wrapper.spec().class_name),
                                .expected = "optimizers that hold no others",
                                .got = "a " + std::string(optimizer.spec().class_name)});
    }
  }
}

/// Takes the optimizers out of wrappers.
void take_optimizers(const Optimizer& optimizer, Compiled& compiled) {
  std::vector<Optimizer> inner = {optimizer};
  if (const auto* wrapper = optimizer.get_if<LossScaleOptimizer>()) {
    check_inner(optimizer, std::span(&wrapper->inner_optimizer, 1));
    inner = {without_loss_scale_factor(wrapper->inner_optimizer)};
    compiled.loss_scale = LossScale{.options = *wrapper, .scale = wrapper->initial_scale};
  } else if (const auto* multi = optimizer.get_if<MultiOptimizer>()) {
    inner = inner_optimizers(multi->optimizer_map);
    check_inner(optimizer, inner);
    check_keys(multi->optimizer_map);
    compiled.multi_optimizer = *multi;
  }
  for (const Optimizer& one : inner) {
    const OptimizerCommon common = one.spec().common(one.options());
    check_clipping(common.clipping, one.spec().class_name);
    compiled.optimizers.push_back({.optimizer = one, .learning_rate = common.learning_rate.at(0)});
  }
}

/// Says which weights each optimizer changes.
void share_out(const Network& network, Compiled& compiled) {
  for (OptimizerInUse& used : compiled.optimizers) {
    used.changes.assign(network.weights.size(), false);
  }
  for (std::size_t i = 0; i < network.weights.size(); ++i) {
    const NetworkWeight& weight = network.weights[i];
    const auto is_its = [&](const OptimizerInUse& used) {
      return !compiled.multi_optimizer ||
             is_same(used.optimizer,
                     optimizer_for(compiled.multi_optimizer->optimizer_map, weight.path));
    };
    if (weight.is_trainable) {
      std::ranges::find_if(compiled.optimizers, is_its)->changes[i] = true;
    }
  }
}

/// What a slot of its weights begins with.
void fill_slots(const Network& network, const OptimizerInUse& used, Compiled& compiled) {
  const OptimizerSpec& spec = used.optimizer.spec();
  const SlotPlaces places = slot_places(used.optimizer);
  for (std::size_t slot = places.own; spec.first_slot_value != nullptr && slot < places.count;
       ++slot) {
    const float first = spec.first_slot_value(used.optimizer.options(), slot - places.own);
    for (std::size_t i = 0; i < network.weights.size(); ++i) {
      const NetworkWeight& weight = network.weights[i];
      if (used.changes[i]) {
        std::fill_n(compiled.slots[slot].data() + weight.offset, weight.size, first);
      }
    }
  }
}

}  // namespace

void compile(ModelData& data, CompileOptions options) {
  check_lists(data, options);
  check_options(options.loss.spec().access, options.loss.options(), options.loss.spec().class_name);
  for (const Loss& loss : options.losses) {
    check_options(loss.spec().access, loss.options(), loss.spec().class_name);
  }
  for (const auto* metrics : {&options.metrics, &options.weighted_metrics}) {
    std::ranges::for_each(*metrics, check_metric);
  }
  for (const auto* lists : {&options.output_metrics, &options.output_weighted_metrics}) {
    for (const std::vector<Metric>& metrics : *lists) {
      std::ranges::for_each(metrics, check_metric);
    }
  }
  const OptimizerSpec& spec = options.optimizer.spec();
  check_options(spec.access, options.optimizer.options(), spec.class_name);
  Compiled compiled{.loss = std::move(options.loss),
                    .metrics = std::move(options.metrics),
                    .losses = std::move(options.losses),
                    .loss_weights = std::move(options.loss_weights),
                    .output_metrics = std::move(options.output_metrics),
                    .weighted_metrics = std::move(options.weighted_metrics),
                    .output_weighted_metrics = std::move(options.output_weighted_metrics)};
  take_optimizers(options.optimizer, compiled);
  if (data.is_built()) {
    make_slots(data.network, compiled);
  }
  data.compiled = std::move(compiled);
  data.optimizer_problem.clear();
  data.training.reset();
  data.plans.clear();
}

void LossScale::note(bool is_finite) {
  const bool grows = is_finite && good_steps + 1 == options.dynamic_growth_steps;
  good_steps = is_finite && !grows ? good_steps + 1 : 0;
  scale *= !is_finite ? 0.5f : grows ? 2.0f : 1.0f;
}

void make_slots(const Network& network, Compiled& compiled) {
  share_out(network, compiled);
  std::size_t count = 0;
  for (const OptimizerInUse& used : compiled.optimizers) {
    count = std::max(count, slot_places(used.optimizer).count);
  }
  compiled.slots.clear();
  for (std::size_t slot = 0; slot < count; ++slot) {
    compiled.slots.emplace_back(network.floats);
  }
  for (const OptimizerInUse& used : compiled.optimizers) {
    fill_slots(network, used, compiled);
  }
}

bool keeps_rate(const OptimizerInUse& used) { return !learning_rate_of(used.optimizer).schedule; }

bool rests(const OptimizerInUse& used) {
  return std::ranges::find(used.changes, true) == used.changes.end();
}

bool keeps_last_scalar(const Compiled& compiled, const OptimizerInUse& used) {
  return used.optimizer.spec().last_scalar != nullptr && !compiled.loss_scale &&
         !(compiled.multi_optimizer && rests(used));
}

std::int64_t count_optimizer_params(const ModelData& data) {
  const Compiled& compiled = *data.compiled;
  std::int64_t count = 0;
  for (const OptimizerInUse& used : compiled.optimizers) {
    for (const SlotArray& array : slot_arrays(data.network, used)) {
      count += size_of(array.shape);
    }
    count += keeps_rate(used) ? 2 : 1;  // and the iteration
    count += keeps_last_scalar(compiled, used) ? 1 : 0;
  }
  count += compiled.loss_scale ? 4 : 0;  // two of the same, counter and scale
  return count + (compiled.multi_optimizer ? 2 : 0);
}

}  // namespace engram
