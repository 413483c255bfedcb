// SPDX-License-Identifier: Apache-2.0
#include "engine/judgement.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/phases.hpp"
#include "engine/plan.hpp"
#include "engine/slices.hpp"

namespace engram {

void OutputFigures::add(const OutputFigures& other) {
  loss_sum += other.loss_sum;
  weight += other.weight;
  penalty += other.penalty;
  metric_sums.resize(std::max(metric_sums.size(), other.metric_sums.size()));
  for (std::size_t i = 0; i < other.metric_sums.size(); ++i) {
    metric_sums[i] += other.metric_sums[i];
  }
}

double OutputFigures::loss(Reduction reduction) const {
  if (reduction == Reduction::sum) {
    return loss_sum;
  }
  return weight > 0 ? loss_sum / weight : 0.0;
}

namespace {

bool divides(Reduction reduction) {
  return reduction == Reduction::mean || reduction == Reduction::mean_with_sample_weight;
}

double sum_of(const float* weights, std::int64_t rows) {
  return weights == nullptr ? static_cast<double>(rows)
                            : std::accumulate(weights, weights + rows, 0.0);
}

/// The loss of a batch as one is multiplied by each sample's weight, then reduced.
double factor_of_batch(const float* weights, std::int64_t rows, Reduction reduction) {
  if (weights == nullptr || reduction == Reduction::mean_with_sample_weight) {
    return 1;
  }
  const double sum = sum_of(weights, rows);
  return reduction == Reduction::mean ? sum / static_cast<double>(rows) : sum;
}

}  // namespace

/// The values that the loss of an output gives for so many samples.
double Plan::losses_of(const Loss& loss, std::size_t output, std::int64_t rows) const {
  const Shape& shape = output_shape(output);
  const LossScope scope = scope_of(loss);
  return scope == LossScope::batch      ? 1
         : scope == LossScope::sequence ? static_cast<double>(rows)
                                        : static_cast<double>(rows * size_of(shape) / shape.back());
}

/// Several outputs with masks of their own cannot share one factor for the gradients: the rows that
/// count are counted first.
std::vector<double> Plan::count_rows(const Batch& batch,
                                     const Judgement& judgement,
                                     const float* weights,
                                     const BatchNumber& number) {
  const auto rows = static_cast<std::int64_t>(batch.order.size());
  std::vector<double> counts(outputs_.size());
  Arena& arena = arena_of(0);
  const bool has_masks = std::ranges::any_of(outputs_, [&](const Output& output) {
    return signal_of(output.port, arena).mask != nullptr;
  });
  const bool must_judge =
      has_masks || std::ranges::any_of(judgement, [](const auto& judged) {
        const LossSpec& spec = judged.loss->spec();
        return judged.reduction == Reduction::mean_with_sample_weight ||
               (spec.leaves_rows_out != nullptr && spec.leaves_rows_out(judged.loss->options()));
      });
  for (std::int64_t first = 0; first < rows; first += slice_rows_) {
    const SliceRun common{.rows = std::min(slice_rows_, rows - first),
                          .first_row = first,
                          .seed = number.seed,
                          .step = number.step};
    BatchFigures figures;
    if (must_judge) {
      gather(arena, batch, common);
      forward(arena, common, weights);
      figures = judge(arena, batch, judgement, common, false);
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      counts[i] += must_judge ? figures[i].weight : losses_of(*judgement[i].loss, i, common.rows);
    }
  }
  return counts;
}

/// A mean was taken over all rows of the batch; masks are known only when all slices are done.
float Plan::scale_of_gradients(const OutputFigures& total,
                               const OutputJudgement& judged,
                               std::int64_t rows) const {
  if (!divides(judged.reduction)) {
    return 1;
  }
  const double all = losses_of(*judged.loss, 0, rows);
  return total.weight > 0 ? static_cast<float>(all / total.weight) : 0.0f;
}

/// The rows of a slice that count in the loss of an output.
double Plan::count(const Arena& arena, std::size_t output, std::int64_t rows) const {
  const Shape& shape = output_shape(output);
  const std::uint8_t* mask = signal_of(outputs_[output].port, arena).mask;
  if (mask == nullptr || shape.size() < 2) {
    return static_cast<double>(rows * size_of(shape) / shape.back());
  }
  const auto used = std::count_if(mask, mask + shape[0] * rows, [](auto m) { return m != 0; });
  return static_cast<double>(used * (size_of(shape) / shape.back() / shape[0]));
}

BatchFigures Plan::judge(Arena& arena,
                         const Batch& batch,
                         const Judgement& judgement,
                         const SliceRun& common,
                         bool has_gradients) const {
  const PhaseTimer timer(Phase::loss);
  BatchFigures figures;
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    figures.push_back(judge_output(arena, batch, judgement, common, i, has_gradients));
  }
  return figures;
}

Plan::RowWeights Plan::weigh(Arena& arena,
                             const Batch& batch,
                             const Judgement& judgement,
                             const SliceRun& common,
                             std::size_t output) const {
  const bool is_sequence = scope_of(*judgement[output].loss) == LossScope::sequence;
  const Shape& shape = is_sequence ? Shape{1} : output_shape(output);
  const std::int64_t places = size_of(shape) / shape.back();
  const auto rows = static_cast<std::size_t>(common.rows * places);
  RowWeights weights;
  const std::uint8_t* mask = signal_of(outputs_[output].port, arena).mask;
  if (mask != nullptr && shape.size() > 1) {
    const auto inner = static_cast<std::size_t>(places / shape[0]);
    arena.mask.resize(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      arena.mask[i] = mask[i / inner] != 0 ? 1.0f : 0.0f;
    }
    weights.mask = weights.both = arena.mask.data();
  }
  if (const Tensor* sample = judgement[output].sample_weight) {
    const Shape steps = shape.size() > 1 ? Shape{shape[0], places / shape[0]} : Shape{1};
    arena.weight.resize(rows);
    gather_time_major(*sample,
                      steps,
                      batch.order.subspan(static_cast<std::size_t>(common.first_row),
                                          static_cast<std::size_t>(common.rows)),
                      arena.weight.data());
    weights.sample = weights.both = arena.weight.data();
  }
  if (weights.mask != nullptr && weights.sample != nullptr) {
    arena.both.resize(rows);
    std::ranges::transform(arena.mask, arena.weight, arena.both.begin(), std::multiplies<>());
    weights.both = arena.both.data();
  }
  return weights;
}

/// The rows of the loss of an output: its predictions, and the targets gathered into the arena.
LossRows Plan::loss_rows(Arena& arena,
                         const Batch& batch,
                         const Loss& loss,
                         const SliceRun& common,
                         std::size_t output) const {
  const Shape& shape = output_shape(output);
  const Signal signal = signal_of(outputs_[output].port, arena);
  const std::int64_t places = size_of(shape) / shape.back();  // rows of the loss in a sample
  const bool is_sequence = scope_of(loss) == LossScope::sequence;
  const RowsView& targets = batch.y[output];
  const std::int64_t target_size = targets.sample_size();
  arena.target.resize(static_cast<std::size_t>(common.rows * target_size));
  Shape target = {target_size};
  if (shape.size() > 1 && !is_sequence) {
    target = {shape[0], target_size / shape[0]};
  }
  gather_time_major(targets,
                    target,
                    batch.order.subspan(static_cast<std::size_t>(common.first_row),
                                        static_cast<std::size_t>(common.rows)),
                    arena.target.data());
  LossRows rows{.rows = common.rows * (is_sequence ? 1 : places),
                .outputs = shape.back(),
                .steps = is_sequence ? shape[0] : 1,
                .predicted = signal.value};
  rows.targets = target_size;
  rows.target = arena.target.data();
  rows.logits = outputs_[output].uses_logits ? signal.logits : nullptr;
  return rows;
}

void Plan::add_metrics(const OutputJudgement& judged,
                       LossRows rows,
                       const RowWeights& weights,
                       OutputFigures& figures) {
  for (std::size_t i = 0; i < judged.metrics.size(); ++i) {
    const Metric& judge = judged.metrics[i];
    const MetricSpec& metric = judge.spec();
    const bool is_plain = i < judged.plain_metrics;
    rows.weight = metric.uses_mask ? (is_plain ? weights.mask : weights.both)
                                   : (is_plain ? nullptr : weights.sample);
    const std::size_t place = figures.metric_sums.size();
    const auto own = static_cast<std::size_t>(sums_of(judge, rows.outputs));
    figures.metric_sums.resize(place + own + 1);
    metric.add(judge.options(), rows, figures.metric_sums.data() + place);
    figures.metric_sums.back() = sum_of(rows.weight, rows.rows);
  }
}

OutputFigures Plan::judge_output(Arena& arena,
                                 const Batch& batch,
                                 const Judgement& judgement,
                                 const SliceRun& common,
                                 std::size_t output,
                                 bool has_gradients) const {
  const OutputJudgement& judged = judgement[output];
  const Loss& loss = *judged.loss;
  LossRows rows = loss_rows(arena, batch, loss, common, output);
  const RowWeights weights = weigh(arena, batch, judgement, common, output);
  const bool is_one = scope_of(loss) == LossScope::batch;
  const bool is_sequence = scope_of(loss) == LossScope::sequence;
  const double factor = is_one ? factor_of_batch(weights.sample, rows.rows, judged.reduction) : 1.0;
  LeftOut left_out;
  rows.weight = weights.both;
  rows.mask = weights.mask;
  rows.left_out = &left_out;
  if (has_gradients && outputs_[output].gradient != kNowhere) {
    const double all = losses_of(loss, output, static_cast<std::int64_t>(batch.order.size()));
    const double counted =
        !divides(judged.reduction) ? 1 : (counts_.empty() ? all : counts_[output]);
    rows.gradient = arena.floats.data() + outputs_[output].gradient;
    rows.scale = counted > 0 ? judged.loss_weight / static_cast<float>(counted) : 0.0f;
    rows.scale *= static_cast<float>(factor);
  }
  OutputFigures figures;
  figures.loss_sum = factor * loss.spec().evaluate(loss.options(), rows);
  if (judged.reduction == Reduction::mean_with_sample_weight && !is_one) {
    figures.weight = sum_of(rows.weight, rows.rows) - left_out.weight;
  } else if (judged.reduction == Reduction::mean && !is_one && !is_sequence) {
    figures.weight = count(arena, output, common.rows) - left_out.rows;
  } else {
    figures.weight = losses_of(loss, output, common.rows);
  }
  rows.gradient = nullptr;
  rows.left_out = nullptr;
  add_metrics(judged, rows, weights, figures);
  return figures;
}

}  // namespace engram
