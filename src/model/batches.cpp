// SPDX-License-Identifier: Apache-2.0
#include "model/batches.hpp"

#include <algorithm>
#include <numeric>

#include "engine/slices.hpp"
#include "engram/runtime.hpp"
#include "model/check_data.hpp"
#include "model/judging.hpp"
#include "model/sample_weights.hpp"

namespace engram {

namespace {

// Plans kept for other batch sizes and uses: training, validation, prediction, and one to spare.
constexpr std::size_t kPlans = 4;

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
  if (std::ranges::any_of(x, &RowsView::has_lengths)) {
    std::ranges::transform(x, std::back_inserter(has), &RowsView::has_lengths);
  }
  return has;
}

namespace {

bool is_sorted_by_length(const ModelData& data, ArraySpan x) {
  return data.network.carried == 0 && std::ranges::any_of(x, &RowsView::has_lengths);
}

}  // namespace

std::vector<std::int64_t> batch_order(const ModelData& data,
                                      ArraySpan x,
                                      std::vector<std::int64_t> order) {
  if (is_sorted_by_length(data, x)) {
    return longest_first(x, order);
  }
  return order;
}

std::vector<std::int64_t> rows_in_order(std::int64_t begin, std::int64_t end) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
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
  std::vector<std::int64_t> sorted;
  if (is_sorted_by_length(data, x)) {
    order = sorted = longest_first(x, order);
  }
  BatchFigures figures = run_training(data, plan, judgement, x, y, order, next);
  figures[0].penalty += penalties(data.network, data.weights.data(), nullptr);
  Compiled& compiled = *data.compiled;
  for (OptimizerInUse& used : compiled.optimizers) {
    const LearningRate rate = learning_rate_of(used.optimizer);
    used.learning_rate = rate.schedule ? rate.at(compiled.iterations) : used.learning_rate;
  }
  const auto scale = compiled.loss_scale ? std::optional(compiled.loss_scale->scale) : std::nullopt;
  const bool is_applied = updater_of(data).update(plan,
                                                  {.optimizers = compiled.optimizers,
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

}  // namespace engram
