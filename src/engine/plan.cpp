// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/phases.hpp"
#include "engine/slices.hpp"
#include "kernels/target.hpp"

namespace engram {

namespace {

// Below this many operations a batch stays on the calling thread: waking a worker costs a few
// microseconds, in which one core does about this much.
constexpr std::int64_t kSmallFlops = 1'000'000;

}  // namespace

void BatchFigures::add(const BatchFigures& other) {
  loss_sum += other.loss_sum;
  weight += other.weight;
  metric_sums.resize(std::max(metric_sums.size(), other.metric_sums.size()));
  for (std::size_t i = 0; i < other.metric_sums.size(); ++i) {
    metric_sums[i] += other.metric_sums[i];
  }
}

Plan::Plan(const Network& network, const PlanKey& key, const Judgement* judgement)
    : network_(network), key_(key), outputs_(output_shapes(network, key.input)) {
  kernels::simd_target();  // refuses a bad ENGRAM_SIMD; kernels themselves cannot
  const LayerSpec& last = network.nodes.back().spec();
  const LogitsOf from = last.logits_of(network.nodes.back().options());
  uses_logits_ = judgement != nullptr && from != LogitsOf::none &&
                 judgement->loss->spec().uses_logits(judgement->loss->options(), from);
  const bool is_whole = key.has_states || (key.is_training &&
                                           std::ranges::any_of(network.nodes, [](const auto& node) {
                                             const auto needs = node.spec().needs_whole_batch;
                                             return needs != nullptr && needs(node.options());
                                           }));
  slice_rows_ = is_whole ? key.rows : slice_rows(key.rows, network.floats, key.is_training);
  flops_ = forward_flops(network, key.input) * key.rows * (key.is_training ? 3 : 1);
  nodes_.reserve(network.nodes.size());
  for (const NetworkNode& node : network.nodes) {
    add_node(node, uses_logits_ && &node == &network.nodes.back());
  }
  place_buffers();
}

void Plan::add_node(const NetworkNode& node, bool keeps_logits) {
  Node added{.node = &node};
  const LayerSpec& spec = node.spec();
  LayerSizes sizes{.inputs = input_shapes(node, outputs_, key_.input),
                   .output = outputs_[nodes_.size()],
                   .rows = slice_rows_,
                   .is_training = key_.is_training,
                   .keeps_logits = keeps_logits};
  for (const int from : node.inputs) {
    const Node& input = nodes_[static_cast<std::size_t>(from)];
    sizes.needs_input_gradient |= input.needs_gradient;
    sizes.has_mask |= input.has_mask;
  }
  const MaskRule rule = spec.mask_rule(node.options());
  added.makes_mask = rule == MaskRule::makes;
  added.has_mask = added.makes_mask || (rule == MaskRule::passes && sizes.has_mask);
  const bool trains = std::any_of(node.weights.begin(), node.weights.end(), [&](int i) {
    const NetworkWeight& weight = network_.weights[static_cast<std::size_t>(i)];
    return weight.is_trainable || weight.momentum;
  });
  added.needs_gradient = key_.is_training && (trains || sizes.needs_input_gradient);
  added.size = size_of(sizes.output);
  if (!spec.is_identity(node.options(), key_.is_training)) {
    added.plan = spec.plan(node.options(), sizes);
  }
  nodes_.push_back(std::move(added));
}

void Plan::place_buffers() {
  std::int64_t packed = 0, states = 0;
  arena_floats_ = aligned_floats(size_of(key_.input) * slice_rows_);  // the input comes first
  const auto place = [&](std::int64_t floats) {
    return std::exchange(arena_floats_, arena_floats_ + aligned_floats(floats));
  };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.plan) {
      continue;
    }
    node.packed = std::exchange(packed, packed + aligned_floats(node.plan->packed_floats()));
    node.states = states;
    states += key_.has_states ? aligned_floats(node.plan->state_floats() * key_.rows) : 0;
    node.value = place(node.size * slice_rows_);
    node.gradient = node.needs_gradient ? place(node.size * slice_rows_) : 0;
    node.workspace = place(node.plan->workspace_floats());
    const std::int64_t steps = outputs_[i].size() > 1 ? outputs_[i][0] : 1;
    node.mask =
        std::exchange(arena_masks_, arena_masks_ + (node.makes_mask ? steps * slice_rows_ : 0));
  }
  logits_ = uses_logits_ ? place(nodes_.back().size * slice_rows_) : 0;
  packed_ = AlignedFloats(packed);
  state_floats_ = states;
}

std::int64_t Plan::bytes(int workers) const {
  const std::int64_t slices = (key_.rows + slice_rows_ - 1) / slice_rows_;
  const std::int64_t floats = packed_.size() + state_floats_ +
                              arena_floats_ * std::min<std::int64_t>(workers, slices) +
                              (key_.is_training ? network_.floats * slices : 0);
  return floats * static_cast<std::int64_t>(sizeof(float));
}

bool Plan::is_small() const { return flops_ < kSmallFlops; }

Plan::Arena Plan::make_arena() const {
  Arena arena;
  arena.floats = AlignedFloats(arena_floats_);
  arena.masks.resize(static_cast<std::size_t>(arena_masks_));
  float* base = arena.floats.data();
  arena.input.value = base;
  for (const Node& node : nodes_) {
    std::vector<Signal> inputs;
    for (const int from : node.node->inputs) {
      inputs.push_back(arena.outputs[static_cast<std::size_t>(from)]);
    }
    if (inputs.empty()) {
      inputs.push_back(arena.input);
    }
    Signal output = inputs[0];
    if (node.plan) {
      output = {.value = base + node.value,
                .gradient = node.needs_gradient ? base + node.gradient : nullptr,
                .mask = node.makes_mask ? arena.masks.data() + node.mask
                                        : (node.has_mask ? inputs[0].mask : nullptr)};
    }
    if (uses_logits_ && &node == &nodes_.back()) {
      output.logits = base + logits_;
    }
    arena.outputs.push_back(output);
    arena.inputs.push_back(std::move(inputs));
  }
  return arena;
}

Plan::Arena& Plan::arena_of(int worker) {
  Arena& arena = arenas_[static_cast<std::size_t>(worker)];
  if (arena.outputs.empty()) {
    arena = make_arena();  // on the worker that uses it, and only for those that find a slice
  }
  return arena;
}

void Plan::prepare(std::int64_t slices, int workers) {
  if (static_cast<int>(arenas_.size()) < workers) {
    arenas_.resize(static_cast<std::size_t>(workers));
  }
  used_gradients_.clear();
  if (key_.is_training) {
    while (static_cast<std::int64_t>(slice_gradients_.size()) < slices) {
      slice_gradients_.emplace_back(network_.floats);
    }
    for (std::int64_t i = 0; i < slices; ++i) {
      used_gradients_.push_back(slice_gradients_[static_cast<std::size_t>(i)].data());
    }
  }
}

std::span<const float* const> Plan::pointers(const Node& node,
                                             const float* flat,
                                             Pointers& storage) const {
  std::size_t count = 0;
  for (const int i : node.node->weights) {
    storage.at(count++) = flat + network_.weights[static_cast<std::size_t>(i)].offset;
  }
  return {storage.data(), count};
}

void Plan::pack(const float* weights, std::uint64_t version, Workers& workers) {
  if (packed_version_ == version) {
    return;
  }
  std::vector<std::pair<const Node*, std::int64_t>> parts;
  for (const Node& node : nodes_) {
    for (std::int64_t part = 0; node.plan && part < node.plan->pack_parts(); ++part) {
      parts.emplace_back(&node, part);
    }
  }
  const auto task = [&](std::int64_t i, int) {
    const PhaseTimer timer(Phase::packing);
    const auto [node, part] = parts[static_cast<std::size_t>(i)];
    Pointers storage;
    node->plan->pack(pointers(*node, weights, storage), packed_.data() + node->packed, part);
  };
  each_task(static_cast<std::int64_t>(parts.size()), is_small(), workers, task);
  packed_version_ = version;
}

BatchFigures Plan::run(const Batch& batch,
                       const Judgement* judgement,
                       const float* weights,
                       const BatchNumber& number,
                       Workers& workers) {
  const auto rows = static_cast<std::int64_t>(batch.order.size());
  const std::int64_t slices = (rows + slice_rows_ - 1) / slice_rows_;
  prepare(slices, workers.count());
  std::vector<BatchFigures> figures(static_cast<std::size_t>(slices));
  const auto task = [&](std::int64_t slice, int worker) {
    const kernels::FlushDenormals flush;
    Arena& arena = arena_of(worker);
    const std::int64_t first = slice * slice_rows_;
    const SliceRun common{.rows = std::min(slice_rows_, rows - first),
                          .first_row = first,
                          .seed = number.seed,
                          .step = number.step};
    const auto order =
        batch.order.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(common.rows));
    gather_time_major(batch.x, key_.input, order, arena.input.value);
    forward(arena, common, weights);
    if (batch.predicted != nullptr) {
      scatter_time_major(arena.outputs.back().value,
                         output_shape(),
                         common.rows,
                         batch.predicted + first * size_of(output_shape()));
    }
    if (judgement != nullptr) {
      figures[static_cast<std::size_t>(slice)] = judge(arena, batch, *judgement, common);
    }
    if (key_.is_training) {
      float* gradient = slice_gradients_[static_cast<std::size_t>(slice)].data();
      std::memset(gradient, 0, static_cast<std::size_t>(network_.floats) * sizeof(float));
      backward(arena, common, weights, gradient);
    }
  };
  each_task(slices, is_small(), workers, task);
  BatchFigures total;
  for (const BatchFigures& slice : figures) {
    total.add(slice);
  }
  const double all = static_cast<double>(rows * size_of(output_shape()) / output_shape().back());
  gradient_scale_ = total.weight > 0 ? static_cast<float>(all / total.weight) : 0.0f;
  return total;
}

SliceRun Plan::slice_run(std::size_t i, const Arena& arena, std::int64_t rows) const {
  SliceRun run;
  run.rows = rows;
  // An Input in front does not count: a saved model has one even where the model had none, and
  // dropout's numbers go by the position.
  const bool has_input = network_.nodes[0].spec().class_name == "InputLayer";
  run.position = static_cast<std::uint32_t>(i) - (has_input ? 1 : 0);
  run.inputs = arena.inputs[i];
  run.output = arena.outputs[i];
  run.is_gradient_of_logits = uses_logits_ && i + 1 == nodes_.size();
  run.packed = packed_.data() + nodes_[i].packed;
  run.workspace = const_cast<float*>(arena.floats.data()) + nodes_[i].workspace;
  return run;
}

void Plan::forward(const Arena& arena, SliceRun common, const float* weights) const {
  Pointers storage;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].plan) {
      SliceRun run = slice_run(i, arena, common.rows);
      run.first_row = common.first_row;
      run.seed = common.seed;
      run.step = common.step;
      run.weights = pointers(nodes_[i], weights, storage);
      nodes_[i].plan->forward(run);
    }
  }
}

void Plan::backward(const Arena& arena,
                    SliceRun common,
                    const float* weights,
                    float* gradient) const {
  Pointers storage, gradients;
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    if (node.plan && node.needs_gradient) {
      SliceRun run = slice_run(i, arena, common.rows);
      run.first_row = common.first_row;
      run.seed = common.seed;
      run.step = common.step;
      run.weights = pointers(node, weights, storage);
      std::array<float*, std::tuple_size_v<Pointers>> writable;
      const auto targets = pointers(node, gradient, gradients);
      std::transform(targets.begin(), targets.end(), writable.begin(), [](const float* p) {
        return const_cast<float*>(p);  // `gradient` itself is writable
      });
      run.gradients = {writable.data(), targets.size()};
      node.plan->backward(run);
    }
  }
}

BatchFigures Plan::judge(Arena& arena,
                         const Batch& batch,
                         const Judgement& judgement,
                         const SliceRun& common) const {
  const PhaseTimer timer(Phase::loss);
  const Shape& shape = output_shape();
  const Signal& output = arena.outputs.back();
  const std::int64_t places = size_of(shape) / shape.back();  // rows of the loss in a sample
  LossRows rows{.rows = common.rows * places, .outputs = shape.back(), .predicted = output.value};
  arena.target.resize(static_cast<std::size_t>(common.rows * batch.target_size));
  Shape target = {batch.target_size};
  if (shape.size() > 1) {
    target = {shape[0], batch.target_size / shape[0]};
  }
  const auto first = static_cast<std::size_t>(common.first_row);
  gather_time_major(batch.y,
                    target,
                    batch.order.subspan(first, static_cast<std::size_t>(common.rows)),
                    arena.target.data());
  rows.target = arena.target.data();
  rows.logits = output.logits;
  double counted = static_cast<double>(rows.rows);
  if (output.mask != nullptr && shape.size() > 1) {
    const std::int64_t inner = places / shape[0];
    arena.weight.resize(static_cast<std::size_t>(rows.rows));
    counted = 0;
    for (std::int64_t i = 0; i < rows.rows; ++i) {
      counted += arena.weight[static_cast<std::size_t>(i)] = output.mask[i / inner] != 0 ? 1 : 0;
    }
    rows.weight = arena.weight.data();
  }
  if (key_.is_training) {
    rows.gradient = output.gradient;
    rows.scale = 1.0f / static_cast<float>(static_cast<std::int64_t>(batch.order.size()) * places);
  }
  BatchFigures figures{.weight = counted};
  figures.loss_sum = judgement.loss->spec().evaluate(judgement.loss->options(), rows);
  rows.gradient = nullptr;
  for (const MetricSpec* metric : judgement.metrics) {
    const std::size_t place = figures.metric_sums.size();
    figures.metric_sums.resize(place + static_cast<std::size_t>(sums_of(*metric, rows.outputs)));
    metric->add(rows, figures.metric_sums.data() + place);
  }
  return figures;
}

Plan::Steps Plan::make_steps(const float* weights) const {
  Steps steps;
  steps.arena_ = make_arena();
  steps.states_ = AlignedFloats(state_floats_);
  steps.weights_.resize(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].plan) {
      SliceRun run = slice_run(i, steps.arena_, key_.rows);
      run.weights = pointers(nodes_[i], weights, steps.weights_[i]);
      run.states = steps.states_.data() + nodes_[i].states;
      steps.turns_.push_back({.plan = nodes_[i].plan.get(), .run = run});
    }
  }
  return steps;
}

std::span<const float> Plan::step(Steps& steps, const float* x) const {
  const kernels::FlushDenormals flush;
  std::copy_n(x, size_of(key_.input) * key_.rows, steps.arena_.input.value);
  for (const Steps::Turn& turn : steps.turns_) {
    turn.plan->forward(turn.run);
  }
  return {steps.arena_.outputs.back().value,
          static_cast<std::size_t>(nodes_.back().size * key_.rows)};
}

}  // namespace engram
