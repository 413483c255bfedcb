// SPDX-License-Identifier: Apache-2.0
#include "model/batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engine/slices.hpp"
#include "engram/runtime.hpp"
#include "kernels/elementwise.hpp"
#include "model/foreign_names.hpp"
#include "model/sample_weights.hpp"

namespace engram {

namespace {

// Plans kept for other batch sizes and uses: training, validation, prediction, and one to spare.
constexpr std::size_t kPlans = 4;

/// "x", or "x[1]" of several.
std::string x_name(std::size_t i, std::size_t count, std::string_view name = "x") {
  return count == 1 ? std::string(name) : fmt::format("{}[{}]", name, i);
}

void check_finite(const RowsView& rows, std::string_view where, std::string_view name) {
  const std::span<const float> memory = rows.memory();
  if (kernels::all_finite(memory.data(), static_cast<std::int64_t>(memory.size()))) {
    return;
  }
  const auto is_bad = [](float v) { return !std::isfinite(v); };
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const std::span row(rows.row(i), static_cast<std::size_t>(rows.sample_size()));
    const auto bad = std::ranges::find_if(row, is_bad);
    if (bad != row.end()) {
      throw error<DataError>(
          {.where = fmt::format("{}: {}", where, name),
           .expected = "finite values",
           .got = fmt::format("{} in row {}, element {}", *bad, i, bad - row.begin()),
           .remedy = "Clean or drop such rows."});
    }
  }
}

/// The samples have the shapes that Input layers declare (-1 fits any length); without an Input
/// they may differ from those the model was built for in what the weights do not depend on.
void check_against_built(const ModelData& data,
                         const std::vector<Shape>& samples,
                         std::string_view where) {
  const std::vector<Shape>& built = *data.inputs;
  if (samples == built) {
    return;
  }
  const auto refuse = [&](std::size_t i) {
    throw error<ShapeError>({.where = fmt::format("{}: {}", where, x_name(i, built.size())),
                             .expected = "samples of shape " + to_string(built[i]),
                             .got = to_string(samples[i])});
  };
  if (!declares_inputs(data.network)) {
    Network network = data.network;
    check_nested(network, samples);
    place_weights(network, samples);
    for (std::size_t i = 0; i < network.weights.size(); ++i) {
      if (network.weights[i].shape != data.network.weights[i].shape) {
        refuse(0);
      }
    }
    return;
  }
  for (std::size_t i = 0; i < built.size(); ++i) {
    const auto fits = [](std::int64_t wanted, std::int64_t got) {
      return wanted < 0 || wanted == got;
    };
    if (!std::ranges::equal(built[i], samples[i], fits)) {
      refuse(i);
    }
  }
}

}  // namespace

std::vector<Shape> sample_shapes(ArraySpan x) {
  std::vector<Shape> shapes;
  for (const RowsView& array : x) {
    shapes.push_back(array.sample_shape());
  }
  return shapes;
}

std::vector<bool> which_have_lengths(ArraySpan x) {
  std::vector<bool> has;
  for (const RowsView& view : x) {
    has.push_back(view.has_lengths());
  }
  return std::ranges::any_of(x, &RowsView::has_lengths) ? has : std::vector<bool>{};
}

std::vector<std::int64_t> batch_order(const ModelData& data,
                                      ArraySpan x,
                                      std::span<const std::int64_t> order) {
  return data.network.carried == 0 ? longest_first(x, order)
                                   : std::vector<std::int64_t>(order.begin(), order.end());
}

std::vector<std::int64_t> rows_in_order(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

void check_inputs(ModelData& data, ArraySpan x, std::string_view where) {
  if (!data.network.inputs.empty() && x.size() != data.network.inputs.size()) {
    throw error<ShapeError>({.where = std::string(where) + ": x",
                             .expected = fmt::format("{} arrays", data.network.inputs.size()),
                             .got = fmt::format("{}", x.size()),
                             .remedy = "Give one for each input of the model."});
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].empty()) {
      throw error<ShapeError>({.where = fmt::format("{}: {}", where, x_name(i, x.size())),
                               .expected = "one row or more",
                               .got = to_string(x[i].shape()),
                               .remedy = "The first axis counts the samples."});
    }
    if (x[i].rows() != x[0].rows()) {
      throw error<ShapeError>({.where = fmt::format("{}: {}", where, x_name(i, x.size())),
                               .expected = fmt::format("{} rows, as x[0]", x[0].rows()),
                               .got = to_string(x[i].shape())});
    }
  }
  build(data, sample_shapes(x));
  check_against_built(data, sample_shapes(x), where);
  for (std::size_t i = 0; i < x.size(); ++i) {
    check_finite(x[i], where, x_name(i, x.size()));
  }
}

namespace {

/// Checks the targets of one output, a sample of which has the shape `output`.
void check_target(const RowsView& y,
                  std::int64_t rows,
                  const Shape& output,
                  const LossSpec& loss,
                  const std::string& where) {
  if (y.shape().empty() || y.rows() != rows) {
    throw error<ShapeError>({.where = where,
                             .expected = fmt::format("{} rows, as many as x", rows),
                             .got = to_string(y.shape())});
  }
  const std::int64_t places = size_of(output) / output.back();
  if (&loss == &spec_of(CTC{})) {
    if (output.size() != 2) {
      throw error<ShapeError>({.where = where,
                               .expected = "outputs (steps, classes) for ctc",
                               .got = to_string(output)});
    }
    return;  // a text may have any length
  }
  if (places > 1 && &loss == &spec_of(Circle{})) {
    throw error<ShapeError>(
        {.where = where, .expected = "outputs of rank 1 for circle", .got = to_string(output)});
  }
  const std::int64_t wanted = loss.has_class_targets ? places : size_of(output);
  if (y.sample_size() != wanted) {
    throw error<ShapeError>(
        {.where = where,
         .expected = fmt::format("{} value{} a row for {} on outputs of shape {}",
                                 wanted,
                                 wanted == 1 ? "" : "s",
                                 loss.name,
                                 to_string(output)),
         .got = to_string(y.shape()),
         .remedy = loss.has_class_targets ? "Give class numbers, not one-hot rows." : ""});
  }
}

/// A sample's shape of each output.
std::vector<Shape> output_shapes(const ModelData& data, ArraySpan x) {
  const NetworkShapes shapes = shapes_of(data.network, sample_shapes(x));
  std::vector<Shape> outputs;
  for (const Port& port : data.network.outputs) {
    outputs.push_back(shapes.of(port));
  }
  return outputs;
}

}  // namespace

void check_targets(ModelData& data, ArraySpan x, ArraySpan y, std::string_view where, bool trains) {
  if (!data.compiled) {
    throw error<StateError>(
        {.where = std::string(where),
         .expected = "a compiled model",
         .got = "one without optimizer and loss",
         .remedy = data.compile_problem.empty()
                       ? "Call compile first."
                       : "The file's could not be used: " + data.compile_problem});
  }
  check_foreign(data, trains, where);
  const std::vector<Shape> outputs = output_shapes(data, x);
  if (y.size() != outputs.size()) {
    throw error<ShapeError>({.where = std::string(where) + ": y",
                             .expected = fmt::format("{} arrays", outputs.size()),
                             .got = fmt::format("{}", y.size()),
                             .remedy = "Give one for each output of the model."});
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::string name = x_name(i, y.size(), "y");
    check_target(
        y[i], x[0].rows(), outputs[i], data.loss_of(i).spec(), fmt::format("{}: {}", where, name));
    check_finite(y[i], where, name);
  }
}

void check_batches(ModelData& data,
                   std::int64_t rows,
                   std::int64_t batch_size,
                   std::string_view where) {
  if (data.network.carried == 0) {
    return;
  }
  const std::int64_t wanted = data.batch_size.value_or(std::min(batch_size, rows));
  if (std::min(batch_size, rows) != wanted || rows % wanted != 0) {
    throw error<ShapeError>(
        {.where = std::string(where),
         .expected = fmt::format("batches of {} rows, whose states are carried", wanted),
         .got = fmt::format("{} rows in batches of {}", rows, batch_size),
         .remedy = "Set batch_size, and give a multiple of it as rows."});
  }
  data.batch_size = wanted;
  data.states.resize(static_cast<std::size_t>(data.network.carried * wanted));
}

namespace {

/// The metric itself, or the accuracy that fits. Errors: ShapeError.
Metric metric_for(const Metric& metric, std::int64_t outputs, std::int64_t target_outputs) {
  Metric resolved = resolve_accuracy(metric, outputs, target_outputs);
  const std::int64_t wanted = has_class_targets(resolved) ? 1 : outputs;
  if (target_outputs != wanted) {
    throw error<ShapeError>({.where = "metric " + quoted(metric.name()),
                             .expected = fmt::format("{} target values an output", wanted),
                             .got = fmt::format("{}", target_outputs),
                             .remedy = "Use a metric that fits the loss's targets."});
  }
  return resolved;
}

/// Errors: OptionError for metrics beside a loss whose targets are not shaped as the outputs.
void check_metrics_of(const ModelData& data, std::size_t output) {
  for (const auto* metrics : {&data.metrics_of(output), &data.weighted_metrics_of(output)}) {
    if (scope_of(data.loss_of(output)) == LossScope::sequence && !metrics->empty()) {
      throw error<OptionError>({.where = "metric " + quoted(metrics->front().name()),
                                .expected = "no metric beside ctc",
                                .got = "one",
                                .remedy = "Its targets have another shape than the outputs."});
    }
  }
}

/// Keras's names: a second metric of a name gets _1, a weighted one the prefix weighted_ first.
void name_metrics(const ModelData& data, Judgement& judgement) {
  const auto name_all = [&](const auto& metrics_of, bool is_weighted) {
    for (std::size_t i = 0; i < judgement.size(); ++i) {
      std::map<std::string, int> uses;
      for (const std::string& name : judgement[i].metric_names) {
        ++uses[name];
      }
      for (const Metric& metric : judged_metrics(metrics_of(i))) {
        std::string name = metric.name();
        if (is_weighted && uses[name] > 0) {
          name = "weighted_" + name;
        }
        const int before = uses[name]++;
        judgement[i].metric_names.push_back(before == 0 ? name
                                                        : fmt::format("{}_{}", name, before));
      }
    }
  };
  name_all(
      [&](std::size_t i) -> auto& { return data.metrics_of(i); }, false);
  name_all(
      [&](std::size_t i) -> auto& { return data.weighted_metrics_of(i); }, true);
}

}  // namespace

Judgement judgement_of(const ModelData& data, ArraySpan x, ArraySpan y) {
  const std::vector<Shape> outputs = output_shapes(data, x);
  Judgement judgement;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::int64_t last = outputs[i].back();
    const std::int64_t target_outputs = y[i].sample_size() / (size_of(outputs[i]) / last);
    const std::vector<float>& weights = data.compiled->loss_weights;
    OutputJudgement judged{.loss = &data.loss_of(i),
                           .loss_weight = weights.empty() ? 1.0f : weights[i],
                           .reduction = reduction_of(data.loss_of(i)),
                           .outputs = last};
    check_metrics_of(data, i);
    for (const Metric& metric : judged_metrics(data.metrics_of(i))) {
      judged.metrics.push_back(metric_for(metric, last, target_outputs));
    }
    judged.plain_metrics = judged.metrics.size();
    for (const Metric& metric : judged_metrics(data.weighted_metrics_of(i))) {
      judged.metrics.push_back(metric_for(metric, last, target_outputs));
    }
    judgement.push_back(std::move(judged));
  }
  name_metrics(data, judgement);
  return judgement;
}

Plan& plan_for(ModelData& data, const PlanKey& key, const Judgement* judgement) {
  auto& plans = data.plans;
  const auto found = std::find_if(
      plans.begin(), plans.end(), [&](const auto& plan) { return plan->key() == key; });
  if (found != plans.end()) {
    std::rotate(found, found + 1, plans.end());  // the latest used is the last
  } else {
    if (plans.size() >= kPlans) {
      plans.erase(plans.begin());
    }
    plans.push_back(std::make_unique<Plan>(data.network, key, judgement));
  }
  Plan& plan = *plans.back();
  plan.pack(data.weights.data(), data.version, workers_of(data));
  return plan;
}

Workers& workers_of(ModelData& data) {
  if (!data.workers || data.workers->count() != threads()) {
    data.workers = std::make_unique<Workers>(threads());
  }
  return *data.workers;
}

namespace {

BatchFigures run_training(ModelData& data,
                          Plan& plan,
                          const Judgement& judgement,
                          ArraySpan x,
                          ArraySpan y,
                          std::span<const std::int64_t> order,
                          std::span<const std::int64_t> next) {
  const Batch batch{.x = x, .y = y, .order = order, .next = next, .states = data.states.data()};
  return plan.run(
      batch,
      &judgement,
      data.weights.data(),
      {.seed = data.seed, .step = static_cast<std::uint64_t>(data.compiled->iterations)},
      workers_of(data));
}

Updater& updater_of(ModelData& data) {
  if (!data.updater) {
    data.updater = std::make_unique<Updater>(data.network);
  }
  return *data.updater;
}

}  // namespace

BatchFigures train_on_rows(ModelData& data,
                           const Judgement& judgement,
                           ArraySpan x,
                           ArraySpan y,
                           std::int64_t batch_size,
                           std::span<const std::int64_t> order,
                           std::span<const std::int64_t> next) {
  const PlanKey key{.inputs = sample_shapes(x),
                    .rows = batch_size,
                    .is_training = true,
                    .is_judged = true,
                    .has_lengths = which_have_lengths(x)};
  Plan& plan = plan_for(data, key, &judgement);
  BatchFigures figures =
      run_training(data, plan, judgement, x, y, batch_order(data, x, order), next);
  figures[0].penalty += penalties(data.network, data.weights.data(), nullptr);
  Compiled& compiled = *data.compiled;
  const LearningRate rate =
      compiled.optimizer.spec().common(compiled.optimizer.options()).learning_rate;
  if (rate.schedule) {
    compiled.learning_rate = rate.at(compiled.iterations);
  }
  const auto scale = compiled.loss_scale ? std::optional(compiled.loss_scale->scale) : std::nullopt;
  const bool is_applied = updater_of(data).update(plan,
                                                  {.optimizer = &compiled.optimizer,
                                                   .learning_rate = compiled.learning_rate,
                                                   .batches = compiled.iterations + 1,
                                                   .loss_scale = scale,
                                                   .weights = data.weights.data(),
                                                   .slots = compiled.slots},
                                                  workers_of(data));
  compiled.iterations += is_applied ? 1 : 0;
  if (compiled.loss_scale) {
    compiled.loss_scale->note(is_applied);
  }
  touch_weights(data);
  return figures;
}

std::vector<Tensor> gradients_of(ModelData& data,
                                 ArraySpan x,
                                 ArraySpan y,
                                 ArraySpan sample_weight) {
  check_inputs(data, x, "gradients");
  check_targets(data, x, y, "gradients");
  check_batches(data, x[0].rows(), x[0].rows(), "gradients");
  const std::vector<float> states = data.states;
  Judgement judgement = judgement_of(data, x, y);
  const std::vector<Tensor> weights =
      make_sample_weights(data, x, y, {.sample_weight = sample_weight}, "gradients");
  set_sample_weights(judgement, weights);
  const PlanKey key{.inputs = sample_shapes(x),
                    .rows = x[0].rows(),
                    .is_training = true,
                    .is_judged = true,
                    .has_lengths = which_have_lengths(x)};
  Plan& plan = plan_for(data, key, &judgement);
  const std::vector<std::int64_t> order = batch_order(data, x, rows_in_order(0, x[0].rows()));
  run_training(data, plan, judgement, x, y, order, {});
  data.states = states;
  const std::span<const float> sum =
      updater_of(data).sum(plan, data.weights.data(), workers_of(data));
  std::vector<Tensor> gradients;
  for (const NetworkWeight& weight : data.network.weights) {
    const float* values = sum.data() + weight.offset;
    gradients.emplace_back(weight.shape);
    if (weight.is_trainable) {
      std::copy_n(values, weight.size, gradients.back().data());
    }
  }
  return gradients;
}

EpochSums evaluate_rows(ModelData& data,
                        const Judgement& judgement,
                        ArraySpan x,
                        ArraySpan y,
                        std::int64_t batch_size) {
  const PlanKey key{.inputs = sample_shapes(x),
                    .rows = batch_size,
                    .is_judged = true,
                    .has_lengths = which_have_lengths(x)};
  Plan& plan = plan_for(data, key, &judgement);
  EpochSums sums;
  const double penalty = penalties(data.network, data.weights.data(), nullptr);
  for (std::int64_t first = 0; first < x[0].rows(); first += batch_size) {
    const std::vector<std::int64_t> order =
        batch_order(data, x, rows_in_order(first, std::min(first + batch_size, x[0].rows())));
    const Batch batch{.x = x, .y = y, .order = order, .states = data.states.data()};
    BatchFigures figures = plan.run(batch, &judgement, data.weights.data(), {}, workers_of(data));
    figures[0].penalty += penalty;
    add_batch(sums, judgement, figures, static_cast<std::int64_t>(order.size()));
  }
  return sums;
}

void add_batch(EpochSums& sums,
               const Judgement& judgement,
               const BatchFigures& batch,
               std::int64_t rows) {
  const auto count = static_cast<double>(rows);
  sums.rows += count;
  std::size_t next = 0;
  const auto add = [&](double value) {
    sums.metric_sums.resize(std::max(sums.metric_sums.size(), next + 1));
    sums.metric_sums[next++] += value;
  };
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const OutputFigures& output = batch[i];
    const double loss = output.loss(judgement[i].reduction);
    sums.loss_sum += (judgement[i].loss_weight * loss + output.penalty) * count;
    if (batch.size() > 1) {
      add(loss);  // Keras counts each batch once here, whatever its rows
      add(1);
    }
    std::ranges::for_each(output.metric_sums, add);
  }
}

Logs logs_of(const ModelData& data,
             const Judgement& judgement,
             const EpochSums& sums,
             const std::string& prefix) {
  const double rows = std::max(sums.rows, 1.0);
  Logs logs = {{prefix + "loss", sums.loss_sum / rows}};
  Logs metrics;
  std::size_t next = 0;
  for (std::size_t i = 0; !sums.metric_sums.empty() && i < judgement.size(); ++i) {
    std::string start = prefix;
    if (judgement.size() > 1) {
      const Port port = data.network.outputs[i];
      start += data.network.nodes[static_cast<std::size_t>(port.node)].name + "_";
      logs.emplace_back(start + "loss", sums.metric_sums[next] / sums.metric_sums[next + 1]);
      next += 2;
    }
    for (std::size_t k = 0; k < judgement[i].metrics.size(); ++k) {
      const Metric& metric = judgement[i].metrics[k];
      const auto count = static_cast<std::size_t>(sums_of(metric, judgement[i].outputs));
      const auto own = std::span(sums.metric_sums).subspan(next, count);
      const double weight = sums.metric_sums[next + count];
      const std::vector<double> values = values_of(metric, own, weight);
      for (std::size_t v = 0; v < values.size(); ++v) {
        const std::string place = values.size() > 1 ? fmt::format("[{}]", v) : "";
        metrics.emplace_back(start + judgement[i].metric_names[k] + place, values[v]);
      }
      next += count + 1;
    }
  }
  logs.insert(logs.end(), metrics.begin(), metrics.end());
  return logs;
}

}  // namespace engram
