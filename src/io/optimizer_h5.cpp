// SPDX-License-Identifier: Apache-2.0
#include "io/optimizer_h5.hpp"

namespace engram::io {

namespace {

constexpr const char* kOwn = "optimizer/vars";
constexpr const char* kInner = "optimizer/inner_optimizer/vars";  // LossScaleOptimizer's

/// Keras keeps the learning rate as a variable unless a schedule gives it.
bool has_rate(const Compiled& compiled) {
  return !compiled.optimizer.spec().common(compiled.optimizer.options()).learning_rate.schedule;
}

/// Nadam's product of momenta; Keras does not keep it inside a LossScaleOptimizer.
bool has_last_scalar(const Compiled& compiled) {
  return compiled.optimizer.spec().last_scalar != nullptr && !compiled.loss_scale;
}

H5Dataset count(std::int64_t value) {
  return {.shape = {}, .values = std::vector<std::int64_t>{value}};
}

H5Dataset number(float value) { return {.shape = {}, .values = std::vector<float>{value}}; }

double read_count(const WeightsReader& reader, const std::string& path, const std::string& what) {
  const double value = reader.scalar(path);
  if (!(value >= 0 && value < 9e15)) {
    reader.fail(path, what, fmt::format("{}", value));
  }
  return value;
}

/// Around `inner` variables of the inner optimizer lie the wrapper's counter and scale, when it was
/// saved after the first step, behind an iteration and a rate that it does not use.
void read_loss_scale(const WeightsReader& reader, std::size_t inner, LossScale& loss_scale) {
  const auto path = [](std::size_t i) { return fmt::format("{}/{}", kOwn, i); };
  if (!reader.has(path(inner + 3))) {
    return;
  }
  const double good_steps = read_count(reader, path(2), "a number of steps");
  const double scale = reader.scalar(path(3));
  if (!(scale >= 0)) {
    reader.fail(path(3), "a scale of 0 or more", fmt::format("{}", scale));
  }
  if (!reader.only_checks()) {
    loss_scale.good_steps = static_cast<std::int64_t>(good_steps);
    loss_scale.scale = static_cast<float>(scale);
  }
}

}  // namespace

void read_optimizer(const WeightsReader& reader, ModelData& data) {
  Compiled& compiled = *data.compiled;
  const auto path = [&](std::size_t i) {
    return fmt::format("{}/{}", compiled.loss_scale ? kInner : kOwn, i);
  };
  if (!reader.has(path(0))) {
    return;  // saved without an optimizer
  }
  const double iterations = read_count(reader, path(0), "a number of iterations");
  std::size_t next = 1;
  const LearningRate& scheduled =
      compiled.optimizer.spec().common(compiled.optimizer.options()).learning_rate;
  double rate = scheduled.at(std::max<std::int64_t>(static_cast<std::int64_t>(iterations) - 1, 0));
  if (has_rate(compiled)) {
    rate = reader.scalar(path(next++));
    if (!(rate >= 0 && std::isfinite(static_cast<float>(rate)))) {
      reader.fail(path(1), "a learning rate of 0 or more", fmt::format("{}", rate));
    }
  }
  if (!reader.only_checks()) {
    compiled.iterations = static_cast<std::int64_t>(iterations);
    compiled.learning_rate = static_cast<float>(rate);
  }
  if (reader.has(path(next)) || iterations > 0) {  // else saved before the first step
    for (const SlotArray& array : slot_arrays(data.network, compiled.optimizer)) {
      float* into = compiled.slots[array.slot].data() + array.weight->offset;
      reader.read(path(next++), array.shape, into);
    }
    if (has_last_scalar(compiled)) {
      reader.scalar(path(next++));  // must be there; its value follows from the iterations
    }
    if (reader.has(path(next))) {
      reader.fail(path(next), fmt::format("{} optimizer variables", next), "more");
    }
  }
  if (compiled.loss_scale) {
    read_loss_scale(reader, next, *compiled.loss_scale);
  }
}

void add_optimizer(const ModelData& data, H5File& file) {
  const Compiled& compiled = *data.compiled;
  const OptimizerSpec& spec = compiled.optimizer.spec();
  std::vector<H5Dataset> variables = {count(compiled.iterations)};
  if (has_rate(compiled)) {
    variables.push_back(number(compiled.learning_rate));
  }
  for (const SlotArray& array : slot_arrays(data.network, compiled.optimizer)) {
    variables.push_back(
        dataset(array.shape, compiled.slots[array.slot].data() + array.weight->offset));
  }
  if (has_last_scalar(compiled)) {
    const void* options = compiled.optimizer.options();
    const std::int64_t steps = spec.common(options).accumulation_steps;
    variables.push_back(number(spec.last_scalar(options, compiled.iterations / steps)));
  }
  const auto put = [&](const std::string& group, std::string_view name) {
    file.groups[group]["name"] = std::string(name);
    for (std::size_t i = 0; i < variables.size(); ++i) {
      file.datasets[fmt::format("{}/{}", group, i)] = variables[i];
    }
  };
  if (const auto& scale = compiled.loss_scale) {
    put(kInner, spec.name);
    variables.insert(variables.begin(),
                     {count(0), number(0), count(scale->good_steps), number(scale->scale)});
  }
  put(kOwn, compiled.loss_scale ? loss_scale_optimizer_spec().name : spec.name);
}

}  // namespace engram::io
