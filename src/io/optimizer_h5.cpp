// SPDX-License-Identifier: Apache-2.0
#include "io/optimizer_h5.hpp"

namespace engram::io {

namespace {

constexpr const char* kOwn = "optimizer/vars";
constexpr const char* kInner = "optimizer/inner_optimizer/vars";  // LossScaleOptimizer's

/// Keras's name for an object of a class: "rm_sprop" of RMSprop.
std::string snake_case(std::string_view class_name) {
  const auto is_upper = [&](std::size_t i) { return class_name[i] >= 'A' && class_name[i] <= 'Z'; };
  std::string text;
  for (std::size_t i = 0; i < class_name.size(); ++i) {
    const bool begins_word = i > 0 && is_upper(i) &&
                             (!is_upper(i - 1) || (i + 1 < class_name.size() && !is_upper(i + 1)));
    text += begins_word ? "_" : "";
    text += static_cast<char>(is_upper(i) ? class_name[i] - 'A' + 'a' : class_name[i]);
  }
  return text;
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

/// Reads the variables of one optimizer from `next` on; gives the iterations.
std::int64_t read_rate(const WeightsReader& reader,
                       const std::string& group,
                       std::size_t& next,
                       OptimizerInUse& used) {
  const auto path = [&] { return fmt::format("{}/{}", group, next); };
  const auto iterations =
      static_cast<std::int64_t>(read_count(reader, path(), "a number of iterations"));
  ++next;
  double rate = learning_rate_of(used.optimizer).at(std::max<std::int64_t>(iterations - 1, 0));
  if (keeps_rate(used)) {
    rate = reader.scalar(path());
    if (!(rate >= 0 && std::isfinite(static_cast<float>(rate)))) {
      reader.fail(path(), "a learning rate of 0 or more", fmt::format("{}", rate));
    }
    ++next;
  }
  if (!reader.only_checks()) {
    used.learning_rate = static_cast<float>(rate);
  }
  return iterations;
}

void read_slots(const WeightsReader& reader,
                const std::string& group,
                std::size_t& next,
                const OptimizerInUse& used,
                ModelData& data) {
  Compiled& compiled = *data.compiled;
  for (const SlotArray& array : slot_arrays(data.network, used)) {
    float* into = compiled.slots[array.slot].data() + array.weight->offset;
    reader.read(fmt::format("{}/{}", group, next++), array.shape, into);
  }
  if (keeps_last_scalar(compiled, used)) {
    reader.scalar(fmt::format("{}/{}", group, next++));  // its value follows from the iterations
  }
}

std::vector<H5Dataset> variables_of(const ModelData& data, const OptimizerInUse& used) {
  const Compiled& compiled = *data.compiled;
  const bool counts = !compiled.multi_optimizer || !rests(used);
  std::vector<H5Dataset> variables = {count(counts ? compiled.iterations : 0)};
  if (keeps_rate(used)) {
    variables.push_back(number(used.learning_rate));
  }
  for (const SlotArray& array : slot_arrays(data.network, used)) {
    variables.push_back(
        dataset(array.shape, compiled.slots[array.slot].data() + array.weight->offset));
  }
  if (keeps_last_scalar(compiled, used)) {
    const OptimizerSpec& spec = used.optimizer.spec();
    const void* options = used.optimizer.options();
    const std::int64_t steps = spec.common(options).accumulation_steps;
    variables.push_back(number(spec.last_scalar(options, compiled.iterations / steps)));
  }
  return variables;
}

/// Whether the file shares the weights out among the optimizers as Keras would now that it is read:
/// with the paths of a model that was built by a call, Keras itself may have done it otherwise.
bool shares_out_alike(const WeightsReader& reader, const ModelData& data) {
  std::size_t expected = 2;
  for (const OptimizerInUse& used : data.compiled->optimizers) {
    expected += 1 + slot_arrays(data.network, used).size();
    expected += (keeps_rate(used) ? 1 : 0) + (keeps_last_scalar(*data.compiled, used) ? 1 : 0);
  }
  return reader.has(fmt::format("{}/{}", kOwn, expected - 1)) &&
         !reader.has(fmt::format("{}/{}", kOwn, expected));
}

}  // namespace

void read_optimizer(const WeightsReader& reader, ModelData& data) {
  Compiled& compiled = *data.compiled;
  const std::string group = compiled.loss_scale ? kInner : kOwn;
  const auto path = [&](std::size_t i) { return fmt::format("{}/{}", group, i); };
  if (!reader.has(path(0))) {
    return;  // saved without an optimizer
  }
  std::size_t next = compiled.multi_optimizer ? 2 : 0;  // behind its own iteration, and a rate of 0
  std::size_t unbuilt = next;
  for (const OptimizerInUse& used : compiled.optimizers) {
    unbuilt += keeps_rate(used) ? 2 : 1;
  }
  const double iterations = read_count(reader, path(0), "a number of iterations");
  const bool is_built = reader.has(path(unbuilt)) || iterations > 0;  // else before the first step
  if (compiled.multi_optimizer && is_built && !shares_out_alike(reader, data)) {
    data.optimizer_problem =
        "The file's MultiOptimizer shares its variables out by other paths: it begins anew.";
    return;
  }
  for (OptimizerInUse& used : compiled.optimizers) {
    const std::size_t begin = next;
    const double own = read_rate(reader, group, next, used);
    const bool counts = !compiled.multi_optimizer || !rests(used);
    if (counts && own != iterations) {
      reader.fail(path(begin), fmt::format("{} iterations", iterations), fmt::format("{}", own));
    }
    if (is_built) {
      read_slots(reader, group, next, used, data);
    }
  }
  if (is_built && reader.has(path(next))) {
    reader.fail(path(next), fmt::format("{} optimizer variables", next), "more");
  }
  if (!reader.only_checks()) {
    compiled.iterations = static_cast<std::int64_t>(iterations);
  }
  if (compiled.loss_scale) {
    read_loss_scale(reader, next, *compiled.loss_scale);
  }
}

void add_optimizer(const ModelData& data, H5File& file) {
  const Compiled& compiled = *data.compiled;
  const auto put = [&](const std::string& group,
                       const OptimizerSpec& spec,
                       const std::vector<H5Dataset>& variables) {
    file.groups[group]["name"] = snake_case(spec.class_name);
    for (std::size_t i = 0; i < variables.size(); ++i) {
      file.datasets[fmt::format("{}/{}", group, i)] = variables[i];
    }
  };
  std::vector<H5Dataset> all;
  const OptimizerSpec* spec = &compiled.optimizers[0].optimizer.spec();
  if (const auto& scale = compiled.loss_scale) {
    put(kInner, *spec, variables_of(data, compiled.optimizers[0]));
    all = {count(0), number(0), count(scale->good_steps), number(scale->scale)};
    spec = &loss_scale_optimizer_spec();
  }
  if (compiled.multi_optimizer) {
    all = {count(compiled.iterations), number(0)};
    spec = &multi_optimizer_spec();
  }
  std::map<std::string, int> counts;
  for (const OptimizerInUse& used : compiled.optimizers) {
    std::vector<H5Dataset> variables = variables_of(data, used);
    if (compiled.multi_optimizer) {
      const std::string kind = snake_case(used.optimizer.spec().class_name);
      const int earlier = counts[kind]++;
      const std::string suffix = earlier == 0 ? "" : fmt::format("_{}", earlier);
      put(fmt::format("optimizer/optimizers/{}{}/vars", kind, suffix),
          used.optimizer.spec(),
          variables);
    }
    std::ranges::move(variables, std::back_inserter(all));
  }
  put(kOwn, *spec, all);
}

}  // namespace engram::io
