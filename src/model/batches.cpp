// SPDX-License-Identifier: Apache-2.0
#include "model/batches.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "engram/layers/input.hpp"
#include "engram/runtime.hpp"
#include "kernels/elementwise.hpp"

namespace engram {

namespace {

// Plans kept for other batch sizes and uses: training, validation, prediction, and one to spare.
constexpr std::size_t kPlans = 4;

Shape sample_shape(const Tensor& x) { return Shape(x.shape().begin() + 1, x.shape().end()); }

void check_finite(const Tensor& tensor, std::string_view where, std::string_view name) {
  if (kernels::all_finite(tensor.data(), tensor.size())) {
    return;
  }
  const auto bad = std::find_if(
      tensor.values().begin(), tensor.values().end(), [](float v) { return !std::isfinite(v); });
  const std::int64_t at = bad - tensor.values().begin();
  const std::int64_t row = tensor.size() / tensor.shape()[0];
  throw error<DataError>({.where = fmt::format("{}: {}", where, name),
                          .expected = "finite values",
                          .got = fmt::format("{} in row {}, element {}", *bad, at / row, at % row),
                          .remedy = "Clean or drop such rows."});
}

/// The samples have the shape that a first Input declares (-1 fits any length); without one they
/// may differ from those the model was built for in what the weights do not depend on.
void check_against_built(const ModelData& data, const Shape& sample, std::string_view where) {
  if (sample == *data.input) {
    return;
  }
  const Shape& built = *data.input;
  bool fits = sample.size() == built.size();
  if (data.network.nodes[0].layer.get_if<Input>() != nullptr) {
    for (std::size_t i = 0; fits && i < built.size(); ++i) {
      fits = built[i] < 0 || built[i] == sample[i];
    }
  } else {
    Network network = data.network;
    place_weights(network, sample);
    for (std::size_t i = 0; fits && i < network.weights.size(); ++i) {
      fits = network.weights[i].shape == data.network.weights[i].shape;
    }
  }
  if (!fits) {
    throw error<ShapeError>({.where = std::string(where) + ": x",
                             .expected = "samples of shape " + to_string(built),
                             .got = to_string(sample)});
  }
}

std::int64_t target_size(const Tensor& y) { return y.size() / y.shape()[0]; }

std::vector<std::int64_t> rows_in_order(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

}  // namespace

void check_inputs(ModelData& data, const Tensor& x, std::string_view where) {
  if (x.rank() < 1 || x.shape()[0] < 1 || x.size() == 0) {
    throw error<ShapeError>({.where = std::string(where) + ": x",
                             .expected = "one row or more",
                             .got = to_string(x.shape()),
                             .remedy = "The first axis counts the samples."});
  }
  build(data, sample_shape(x));
  check_against_built(data, sample_shape(x), where);
  check_finite(x, where, "x");
}

void check_targets(ModelData& data, const Tensor& x, const Tensor& y, std::string_view where) {
  if (!data.compiled) {
    throw error<StateError>(
        {.where = std::string(where),
         .expected = "a compiled model",
         .got = "one without optimizer and loss",
         .remedy = data.compile_problem.empty()
                       ? "Call compile first."
                       : "The file's could not be used: " + data.compile_problem});
  }
  if (y.rank() < 1 || y.shape()[0] != x.shape()[0]) {
    throw error<ShapeError>({.where = std::string(where) + ": y",
                             .expected = fmt::format("{} rows, as many as x", x.shape()[0]),
                             .got = to_string(y.shape())});
  }
  check_finite(y, where, "y");
  const Shape output = output_shapes(data.network, sample_shape(x)).back();
  const std::int64_t places = size_of(output) / output.back();
  const LossSpec& loss = data.compiled->loss.spec();
  const std::int64_t wanted = loss.has_class_targets ? places : size_of(output);
  if (target_size(y) != wanted) {
    throw error<ShapeError>(
        {.where = std::string(where) + ": y",
         .expected = fmt::format("{} value{} a row for {} on outputs of shape {}",
                                 wanted,
                                 wanted == 1 ? "" : "s",
                                 loss.name,
                                 to_string(output)),
         .got = to_string(y.shape()),
         .remedy = loss.has_class_targets ? "Give class numbers, not one-hot rows." : ""});
  }
}

Judgement judgement_of(const ModelData& data, const Tensor& x, const Tensor& y) {
  const Shape output = output_shapes(data.network, sample_shape(x)).back();
  const std::int64_t places = size_of(output) / output.back();
  Judgement judgement{.loss = &data.compiled->loss, .outputs = output.back()};
  for (const Metric& metric : data.compiled->metrics) {
    const std::int64_t target_outputs = target_size(y) / places;
    const MetricSpec& spec = resolve_accuracy(metric, output.back(), target_outputs);
    const std::int64_t wanted = spec.has_class_targets ? 1 : output.back();
    if (target_outputs != wanted) {
      throw error<ShapeError>({.where = "metric " + quoted(metric.name()),
                               .expected = fmt::format("{} target values an output", wanted),
                               .got = fmt::format("{}", target_outputs),
                               .remedy = "Use a metric that fits the loss's targets."});
    }
    judgement.metrics.push_back(&spec);
  }
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
                          const Tensor& x,
                          const Tensor& y,
                          std::span<const std::int64_t> order) {
  const Batch batch{.x = x.data(), .y = y.data(), .target_size = target_size(y), .order = order};
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
                           const Tensor& x,
                           const Tensor& y,
                           std::int64_t batch_size,
                           std::span<const std::int64_t> order) {
  const Judgement judgement = judgement_of(data, x, y);
  const PlanKey key{
      .input = sample_shape(x), .rows = batch_size, .is_training = true, .is_judged = true};
  Plan& plan = plan_for(data, key, &judgement);
  BatchFigures figures = run_training(data, plan, judgement, x, y, order);
  figures.penalty = penalties(data.network, data.weights.data(), nullptr);
  Compiled& compiled = *data.compiled;
  const LearningRate rate =
      compiled.optimizer.spec().common(compiled.optimizer.options()).learning_rate;
  if (rate.schedule) {
    compiled.learning_rate = rate.at(compiled.iterations);
  }
  ++compiled.iterations;
  updater_of(data).update(plan,
                          {.optimizer = &compiled.optimizer,
                           .learning_rate = compiled.learning_rate,
                           .batches = compiled.iterations,
                           .weights = data.weights.data(),
                           .slots = compiled.slots},
                          workers_of(data));
  touch_weights(data);
  return figures;
}

std::vector<Tensor> gradients_of(ModelData& data, const Tensor& x, const Tensor& y) {
  check_inputs(data, x, "gradients");
  check_targets(data, x, y, "gradients");
  const Judgement judgement = judgement_of(data, x, y);
  const PlanKey key{
      .input = sample_shape(x), .rows = x.shape()[0], .is_training = true, .is_judged = true};
  Plan& plan = plan_for(data, key, &judgement);
  const std::vector<std::int64_t> order = rows_in_order(0, x.shape()[0]);
  run_training(data, plan, judgement, x, y, order);
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
                        const Tensor& x,
                        const Tensor& y,
                        std::int64_t batch_size) {
  const Judgement judgement = judgement_of(data, x, y);
  const PlanKey key{.input = sample_shape(x), .rows = batch_size, .is_judged = true};
  Plan& plan = plan_for(data, key, &judgement);
  EpochSums sums;
  const double penalty = penalties(data.network, data.weights.data(), nullptr);
  for (std::int64_t first = 0; first < x.shape()[0]; first += batch_size) {
    const std::vector<std::int64_t> order =
        rows_in_order(first, std::min(first + batch_size, x.shape()[0]));
    const Batch batch{.x = x.data(), .y = y.data(), .target_size = target_size(y), .order = order};
    BatchFigures figures = plan.run(batch, &judgement, data.weights.data(), {}, workers_of(data));
    figures.penalty = penalty;
    add_batch(sums, figures, static_cast<std::int64_t>(order.size()));
  }
  return sums;
}

void add_batch(EpochSums& sums, const BatchFigures& batch, std::int64_t rows) {
  const double loss = batch.weight > 0 ? batch.loss_sum / batch.weight : 0.0;
  sums.loss_sum += (loss + batch.penalty) * static_cast<double>(rows);
  sums.rows += static_cast<double>(rows);
  sums.metric_weight += batch.weight;
  sums.metric_sums.resize(batch.metric_sums.size());
  for (std::size_t i = 0; i < batch.metric_sums.size(); ++i) {
    sums.metric_sums[i] += batch.metric_sums[i];
  }
}

Logs logs_of(const ModelData& data,
             const Judgement& judgement,
             const EpochSums& sums,
             const std::string& prefix) {
  Logs logs = {{prefix + "loss", sums.rows > 0 ? sums.loss_sum / sums.rows : 0.0}};
  std::span<const double> left = sums.metric_sums;
  for (std::size_t i = 0; i < judgement.metrics.size() && !left.empty(); ++i) {
    const MetricSpec& metric = *judgement.metrics[i];
    const auto count = static_cast<std::size_t>(sums_of(metric, judgement.outputs));
    logs.emplace_back(prefix + data.compiled->metrics[i].name(),
                      metric.result(left.first(count), sums.metric_weight));
    left = left.subspan(count);
  }
  return logs;
}

}  // namespace engram
