// SPDX-License-Identifier: Apache-2.0
#include "model/judging.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.hpp"

namespace engram {

std::vector<Shape> output_shapes(const ModelData& data, ArraySpan x) {
  const std::vector<Shape> inputs = sample_shapes(x);
  const auto known = std::ranges::find_if(
      data.plans, [&](const auto& plan) { return plan->key().inputs == inputs; });
  std::vector<Shape> outputs;
  if (known != data.plans.end()) {  // a fit of a few rows would spend its time on the shapes
    for (std::size_t i = 0; i < data.network.outputs.size(); ++i) {
      outputs.push_back((*known)->output_shape(i));
    }
    return outputs;
  }
  const NetworkShapes shapes = shapes_of(data.network, inputs);
  for (const Port& port : data.network.outputs) {
    outputs.push_back(shapes.of(port));
  }
  return outputs;
}

namespace {

/// The metric itself, or the accuracy that fits. Errors: ShapeError.
Metric metric_for(const Metric& metric, std::int64_t outputs, std::int64_t target_outputs) {
  Metric resolved = resolve_accuracy(metric, outputs, target_outputs);
  const std::int64_t wanted = has_class_targets(resolved) ? 1 : outputs;
  if (target_outputs != wanted) {
    throw error<ShapeError>({.where = "metric " + in_quotes(metric.name()),
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
      throw error<OptionError>({.where = "metric " + in_quotes(metrics->front().name()),
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
