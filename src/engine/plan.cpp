// SPDX-License-Identifier: Apache-2.0
#include "engine/plan.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include "base/error.hpp"
#include "base/phases.hpp"
#include "engine/nested_model.hpp"
#include "engine/slices.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/target.hpp"
#include "layers/activity.hpp"

namespace engram {

namespace {

// Below this many operations a batch stays on the calling thread: waking a worker costs a few
// microseconds, in which one core does about this much.
constexpr std::int64_t kSmallFlops = 1'000'000;

// One slice with fewer weights than this stays there too: to bring what another thread has updated
// back takes longer than to update it here.
constexpr std::int64_t kSharedWeights = 200'000;

}  // namespace

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

/// True when a penalty on what a layer gives looks at rows together.
bool joins_activities(const Network& network) {
  return std::ranges::any_of(network.nodes, [](const NetworkNode& node) {
    const auto found = activity_regularizers(node.spec(), node.options());
    return std::ranges::any_of(found, [](const Regularizer& regularizer) {
      return regularizer.choice->spec().joins_rows;
    });
  });
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

Plan::Plan(const Network& network, const PlanKey& key, const Judgement* judgement)
    : expanded_(has_nested(network) ? std::optional(expanded(network, key.inputs)) : std::nullopt),
      network_(expanded_ ? *expanded_ : network),
      key_(key),
      shapes_(shapes_of(network_, key.inputs)) {
  kernels::simd_target();  // refuses a bad ENGRAM_SIMD; kernels themselves cannot
  const auto joins_rows = [](const OutputJudgement& judged) {
    const LossScope scope = scope_of(*judged.loss);
    return scope == LossScope::rows_together || scope == LossScope::batch;
  };
  const bool is_compared = judgement != nullptr && std::ranges::any_of(*judgement, joins_rows);
  const bool is_whole =
      key.has_states || is_compared || joins_activities(network_) ||
      (key.is_training && std::ranges::any_of(network_.nodes, [](const auto& node) {
         const auto needs = node.spec().needs_whole_batch;
         return needs != nullptr && needs(node.options());
       }));
  flops_ = forward_flops(network_, shapes_) * key.rows * (key.is_training ? 3 : 1);
  slice_rows_ = is_whole ? key.rows
                         : slice_rows({.batch_rows = key.rows,
                                       .weights = network.floats,
                                       .flops = flops_,
                                       .is_training = key.is_training});
  for (const Shape& input : key.inputs) {
    inputs_.push_back({.size = size_of(input)});
  }
  add_outputs(judgement);
  nodes_.reserve(network_.nodes.size());
  for (const NetworkNode& node : network_.nodes) {
    add_node(node);
  }
  for (Output& output : outputs_) {
    output.port = source_of(output.port);
  }
  place_buffers();
  place_gradients();
}

/// An output is judged by its logits when the loss can use them and nobody else reads the values.
void Plan::add_outputs(const Judgement* judgement) {
  for (std::size_t i = 0; i < network_.outputs.size(); ++i) {
    const Port port = network_.outputs[i];
    auto uses = std::ranges::count(network_.outputs, port);
    for (const NetworkNode& node : network_.nodes) {
      uses += std::ranges::count(node.inputs, port);
    }
    const NetworkNode& node = network_.nodes[static_cast<std::size_t>(port.node)];
    const LogitsOf from = port.output == 0 ? node.spec().logits_of(node.options()) : LogitsOf::none;
    Output output{.port = port};
    if (judgement != nullptr && from != LogitsOf::none && uses == 1) {
      const Loss& loss = *(*judgement)[i].loss;
      output.uses_logits = loss.spec().uses_logits(loss.options(), from);
    }
    outputs_.push_back(output);
  }
}

bool Plan::is_input(Port port) const { return port.node < 0; }

/// Where a signal comes from, past the layers that do nothing: a node with a plan, or, with the
/// negative number ~i, input i of the model.
Port Plan::source_of(Port port) const {
  while (!is_input(port) && !nodes_[static_cast<std::size_t>(port.node)].plan) {
    port = nodes_[static_cast<std::size_t>(port.node)].inputs[0];
  }
  return port;
}

bool Plan::has_lengths(Port port) const {
  if (is_input(port)) {
    const auto input = static_cast<std::size_t>(~port.node);
    return !key_.has_lengths.empty() && key_.has_lengths[input];
  }
  return port.output == 0 && nodes_[static_cast<std::size_t>(port.node)].has_lengths;
}

bool Plan::has_mask(Port port) const {
  return is_input(port) ? has_lengths(port)
                        : port.output == 0 && nodes_[static_cast<std::size_t>(port.node)].has_mask;
}

void Plan::add_node(const NetworkNode& node) {
  Node added{.node = &node};
  const std::size_t index = nodes_.size();
  const LayerSpec& spec = node.spec();
  LayerSizes sizes{.inputs = shapes_.inputs[index],
                   .output = shapes_.outputs[index][0],
                   .rows = slice_rows_,
                   .is_training = key_.is_training};
  for (const Port& port : node.inputs) {
    added.inputs.push_back(source_of(port));
  }
  if (node.inputs.empty()) {
    const auto at = std::ranges::find(network_.inputs, static_cast<int>(index));
    added.inputs.push_back({.node = ~static_cast<int>(at - network_.inputs.begin())});
  }
  std::size_t masks = 0;
  for (const Port& port : added.inputs) {
    const bool is_first = &port == &added.inputs.front();
    sizes.has_mask |= is_first && has_mask(port);
    sizes.has_lengths |= is_first && has_lengths(port);
    added.has_lengths |= has_lengths(port);
    masks += has_mask(port) ? 1 : 0;
    if (!is_input(port)) {
      const Node& input = nodes_[static_cast<std::size_t>(port.node)];
      added.needs_gradient |= input.needs_gradient;
      sizes.needs_input_gradient |= is_first && input.needs_gradient;
    }
  }
  const MaskRule rule = mask_rule_of(network_, node);
  added.makes_mask = (rule == MaskRule::makes && !masks_places(node, sizes.inputs)) ||
                     (rule == MaskRule::joins_any && masks > 0) ||
                     (rule == MaskRule::joins_all && masks == added.inputs.size());
  added.has_mask = added.makes_mask || (rule == MaskRule::passes && sizes.has_mask);
  added.has_lengths &= added.has_mask;
  added.ignores_mask = ignores_mask(node) && !sizes.has_lengths;
  sizes.has_mask &= !added.ignores_mask;
  const bool trains = std::any_of(node.weights.begin(), node.weights.end(), [&](int i) {
    const NetworkWeight& weight = network_.weights[static_cast<std::size_t>(i)];
    return weight.is_trainable || weight.momentum;
  });
  added.needs_gradient = key_.is_training && (trains || added.needs_gradient);
  for (const Shape& shape : shapes_.outputs[index]) {
    added.outputs.push_back({.size = size_of(shape)});
  }
  // An Input does not count: a saved model has one even where the model had none, and dropout's
  // numbers go by the position.
  for (const Node& before : nodes_) {
    added.position += before.node->spec().class_name != "InputLayer" ? 1 : 0;
  }
  sizes.keeps_logits = std::ranges::any_of(outputs_, [&](const Output& output) {
    return output.uses_logits && output.port.node == static_cast<int>(index);
  });
  if (!spec.is_identity(node.options(), key_.is_training)) {
    added.plan = plan_of(spec, node.options(), sizes);
    added.is_penalized = !activity_regularizers(spec, node.options()).empty();
  }
  nodes_.push_back(std::move(added));
}

void Plan::place_buffers() {
  std::int64_t packed = 0, states = 0;
  const auto place = [&](std::int64_t floats) {
    return std::exchange(arena_floats_, arena_floats_ + aligned_floats(floats));
  };
  for (Place& input : inputs_) {
    input.value = place(input.size * slice_rows_);
    const auto i = static_cast<std::size_t>(&input - inputs_.data());
    if (!key_.has_lengths.empty() && key_.has_lengths[i]) {
      input.mask = std::exchange(arena_masks_, arena_masks_ + key_.inputs[i][0] * slice_rows_);
    }
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    Node& node = nodes_[i];
    if (!node.plan) {
      continue;
    }
    node.packed = std::exchange(packed, packed + aligned_floats(node.plan->packed_floats()));
    for (std::int64_t part = 0; part < node.plan->pack_parts(); ++part) {
      pack_parts_.emplace_back(i, part);
    }
    node.states = states;
    states += key_.has_states ? aligned_floats(node.plan->state_floats() * key_.rows) : 0;
    for (Place& output : node.outputs) {
      output.value = place(output.size * slice_rows_);
      output.gradient = node.needs_gradient ? place(output.size * slice_rows_) : kNowhere;
    }
    node.workspace = place(node.plan->workspace_floats());
    const Shape& shape = shapes_.outputs[i][0];
    const std::int64_t steps = shape.size() > 1 ? shape[0] : 1;
    node.mask =
        std::exchange(arena_masks_, arena_masks_ + (node.makes_mask ? steps * slice_rows_ : 0));
  }
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    outputs_[i].logits =
        outputs_[i].uses_logits ? place(size_of(output_shape(i)) * slice_rows_) : kNowhere;
  }
  packed_ = AlignedFloats(packed);
  state_floats_ = states;
}

/// Where a consumer puts its gradient of `port`: the first in the order of the backward pass has
/// the signal's own array, the others one each, a share to be added.
std::int64_t Plan::place_gradient(Port port, std::optional<Share>& share) {
  if (is_input(port) || !nodes_[static_cast<std::size_t>(port.node)].needs_gradient) {
    return kNowhere;
  }
  Place& place =
      nodes_[static_cast<std::size_t>(port.node)].outputs[static_cast<std::size_t>(port.output)];
  if (!std::exchange(place.is_used, true)) {
    return place.gradient;
  }
  share = Share{.from = arena_floats_, .to = place.gradient, .size = place.size};
  arena_floats_ += aligned_floats(place.size * slice_rows_);
  return share->from;
}

void Plan::place_gradients() {
  if (!key_.is_training) {
    return;
  }
  for (Output& output : outputs_) {
    output.gradient = place_gradient(output.port, output.share);
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    Node& node = nodes_[i];
    for (std::size_t k = 0; node.plan && k < node.inputs.size(); ++k) {
      std::optional<Share> share;
      node.input_gradients.push_back(place_gradient(node.inputs[k], share));
      if (share) {
        node.shares.push_back(*share);
      }
    }
  }
}

std::int64_t Plan::bytes(int workers) const {
  const std::int64_t slices = (key_.rows + slice_rows_ - 1) / slice_rows_;
  const std::int64_t floats = packed_.size() + state_floats_ +
                              arena_floats_ * std::min<std::int64_t>(workers, slices) +
                              (key_.is_training ? network_.floats * slices : 0);
  return floats * static_cast<std::int64_t>(sizeof(float));
}

bool Plan::is_small() const {
  const bool is_one_slice = key_.rows <= slice_rows_;
  return flops_ < kSmallFlops || (is_one_slice && network_.floats < kSharedWeights);
}

/// The signal at `port`; its gradient is each consumer's own affair.
Signal Plan::signal_of(Port port, const Arena& arena) const {
  if (is_input(port)) {
    float* base = const_cast<float*>(arena.floats.data());
    const Place& input = inputs_[static_cast<std::size_t>(~port.node)];
    auto* masks = const_cast<std::uint8_t*>(arena.masks.data());
    return {.value = base + input.value,
            .mask = input.mask == kNowhere ? nullptr : masks + input.mask};
  }
  return arena.outputs[static_cast<std::size_t>(port.node)][static_cast<std::size_t>(port.output)];
}

Plan::Arena Plan::make_arena() const {
  Arena arena;
  arena.floats = AlignedFloats(arena_floats_);
  arena.masks.resize(static_cast<std::size_t>(arena_masks_));
  float* base = arena.floats.data();
  const auto at = [&](std::int64_t place) { return place == kNowhere ? nullptr : base + place; };
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    std::vector<Signal> inputs, outputs;
    for (std::size_t k = 0; node.plan && k < node.inputs.size(); ++k) {
      inputs.push_back(signal_of(node.inputs[k], arena));
      inputs.back().gradient = key_.is_training ? at(node.input_gradients[k]) : nullptr;
    }
    for (std::size_t k = 0; node.plan && k < node.outputs.size(); ++k) {
      const Place& place = node.outputs[k];
      const bool has_gradient = place.is_used || k == 0 || node.is_penalized;
      outputs.push_back(
          {.value = at(place.value), .gradient = has_gradient ? at(place.gradient) : nullptr});
    }
    if (node.plan && node.has_mask) {
      outputs[0].mask = node.makes_mask ? arena.masks.data() + node.mask : inputs[0].mask;
    }
    if (node.ignores_mask && !inputs.empty()) {
      inputs[0].mask = nullptr;
    }
    for (const Output& output : outputs_) {
      if (output.uses_logits && output.port.node == static_cast<int>(i)) {
        outputs[0].logits = at(output.logits);
      }
    }
    arena.outputs.push_back(std::move(outputs));
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
  const auto task = [&](std::int64_t i, int) {
    const PhaseTimer timer(Phase::packing);
    const auto [index, part] = pack_parts_[static_cast<std::size_t>(i)];
    const Node& node = nodes_[index];
    Pointers storage;
    node.plan->pack(pointers(node, weights, storage), packed_.data() + node.packed, part);
  };
  each_task(static_cast<std::int64_t>(pack_parts_.size()), is_small(), workers, task);
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
  counts_.clear();
  // A gradient that is not one of the loss cannot be scaled with it afterwards.
  const bool is_penalized = std::ranges::any_of(nodes_, &Node::is_penalized);
  if (judgement != nullptr && key_.is_training && (outputs_.size() > 1 || is_penalized)) {
    counts_ = count_rows(batch, *judgement, weights, number);
  }
  std::vector<BatchFigures> figures(static_cast<std::size_t>(slices));
  const auto task = [&](std::int64_t slice, int worker) {
    const kernels::FlushDenormals flush;
    Arena& arena = arena_of(worker);
    const std::int64_t first = slice * slice_rows_;
    const SliceRun common{.rows = std::min(slice_rows_, rows - first),
                          .first_row = first,
                          .batch_rows = rows,
                          .seed = number.seed,
                          .step = number.step};
    gather(arena, batch, common);
    SliceRun carrying = common;
    carrying.states = batch.states;
    carrying.state_rows = rows;
    double penalty = 0;
    carrying.penalty = judgement != nullptr ? &penalty : nullptr;
    forward(arena, carrying, weights);
    scatter(arena, batch, common);
    if (judgement != nullptr) {
      BatchFigures& own = figures[static_cast<std::size_t>(slice)];
      own = judge(arena, batch, *judgement, common, true);
      own[0].penalty = penalty;
    }
    if (key_.is_training) {
      float* gradient = slice_gradients_[static_cast<std::size_t>(slice)].data();
      std::memset(gradient, 0, static_cast<std::size_t>(network_.floats) * sizeof(float));
      backward(arena, carrying, weights, gradient);
    }
  };
  // With a slice for every second worker at most, all work on one slice after the other.
  const bool shares = !is_small() && 2 * slices <= workers.count();
  const SharedKernels shared(shares ? &workers : nullptr);
  each_task(slices, is_small() || shares, workers, task);
  BatchFigures total(judgement != nullptr ? outputs_.size() : 0);
  for (const BatchFigures& slice : figures) {
    for (std::size_t i = 0; i < slice.size(); ++i) {
      total[i].add(slice[i]);
    }
  }
  gradient_scale_ = 1;
  if (counts_.empty() && !total.empty() && divides((*judgement)[0].reduction)) {
    const double all = losses_of(*(*judgement)[0].loss, 0, rows);
    gradient_scale_ = total[0].weight > 0 ? static_cast<float>(all / total[0].weight) : 0.0f;
  }
  return total;
}

void Plan::gather(const Arena& arena, const Batch& batch, const SliceRun& common) const {
  const auto order = batch.order.subspan(static_cast<std::size_t>(common.first_row),
                                         static_cast<std::size_t>(common.rows));
  const auto first = std::min(static_cast<std::size_t>(common.first_row), batch.next.size());
  const auto next = batch.next.subspan(
      first, std::min(static_cast<std::size_t>(common.rows), batch.next.size() - first));
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    prefetch_rows(batch.x[i], next);
    const Signal to = signal_of({.node = ~static_cast<int>(i)}, arena);
    gather_time_major(batch.x[i], key_.inputs[i], order, to.value);
    if (to.mask != nullptr) {
      gather_mask(batch.x[i], order, to.mask);
    }
  }
}

void Plan::scatter(const Arena& arena, const Batch& batch, const SliceRun& common) const {
  for (std::size_t i = 0; i < batch.predicted.size(); ++i) {
    const Shape& shape = output_shape(i);
    scatter_time_major(signal_of(outputs_[i].port, arena).value,
                       shape,
                       batch.order.subspan(static_cast<std::size_t>(common.first_row),
                                           static_cast<std::size_t>(common.rows)),
                       batch.predicted[i]);
  }
}

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

/// What all nodes are given, `run`, with what is the node's own.
SliceRun Plan::slice_run(std::size_t i, const Arena& arena, SliceRun run) const {
  const Node& node = nodes_[i];
  const std::span<const Signal> outputs = arena.outputs[i];
  run.position = node.position;
  run.inputs = arena.inputs[i];
  run.output = outputs[0];
  run.more_outputs = outputs.subspan(1);
  run.is_gradient_of_logits = run.output.logits != nullptr;
  run.packed = packed_.data() + node.packed;
  run.workspace = const_cast<float*>(arena.floats.data()) + node.workspace;
  const bool is_carried = run.states != nullptr && node.node->carried > 0;
  run.states = is_carried ? run.states + node.node->carried_at * run.state_rows : nullptr;
  return run;
}

void Plan::forward(const Arena& arena, SliceRun common, const float* weights) const {
  Pointers storage;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].plan) {
      SliceRun run = slice_run(i, arena, common);
      run.weights = pointers(nodes_[i], weights, storage);
      nodes_[i].plan->forward(run);
    }
  }
}

/// A first output that nobody learns from, such as the sequence of a layer of which only the states
/// are read, has no gradient; nor has any output, until its own penalty adds to it.
void Plan::clear_gradients(const Arena& arena, std::int64_t rows) const {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    const std::size_t count = node.is_penalized ? node.outputs.size() : 1;
    for (std::size_t k = 0; node.plan && node.needs_gradient && k < count; ++k) {
      if (!node.outputs[k].is_used) {
        std::fill_n(arena.outputs[i][k].gradient, node.outputs[k].size * rows, 0.0f);
      }
    }
  }
}

void Plan::backward(const Arena& arena,
                    SliceRun common,
                    const float* weights,
                    float* gradient) const {
  Pointers storage, gradients;
  float* base = const_cast<float*>(arena.floats.data());
  const auto add = [&](const Share& share) {
    kernels::add(base + share.from, base + share.to, share.size * common.rows);
  };
  clear_gradients(arena, common.rows);
  for (const Output& output : outputs_) {
    if (output.share) {
      add(*output.share);
    }
  }
  for (std::size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    if (node.plan && node.needs_gradient) {
      SliceRun run = slice_run(i, arena, common);
      run.weights = pointers(node, weights, storage);
      std::array<float*, std::tuple_size_v<Pointers>> writable;
      const auto targets = pointers(node, gradient, gradients);
      std::transform(targets.begin(), targets.end(), writable.begin(), [](const float* p) {
        return const_cast<float*>(p);  // `gradient` itself is writable
      });
      run.gradients = {writable.data(), targets.size()};
      node.plan->backward(run);
      std::ranges::for_each(node.shares, add);
    }
  }
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

OutputFigures Plan::judge_output(Arena& arena,
                                 const Batch& batch,
                                 const Judgement& judgement,
                                 const SliceRun& common,
                                 std::size_t output,
                                 bool has_gradients) const {
  const OutputJudgement& judged = judgement[output];
  const Shape& shape = output_shape(output);
  const Signal signal = signal_of(outputs_[output].port, arena);
  const std::int64_t places = size_of(shape) / shape.back();  // rows of the loss in a sample
  const Loss& loss = *judged.loss;
  const LossScope scope = scope_of(loss);
  const bool is_sequence = scope == LossScope::sequence;
  LossRows rows{.rows = common.rows * (is_sequence ? 1 : places),
                .outputs = shape.back(),
                .steps = is_sequence ? shape[0] : 1,
                .predicted = signal.value};
  const RowsView& targets = batch.y[output];
  const std::int64_t target_size = targets.sample_size();
  arena.target.resize(static_cast<std::size_t>(common.rows * target_size));
  Shape target = {target_size};
  rows.targets = target_size;
  if (shape.size() > 1 && !is_sequence) {
    target = {shape[0], target_size / shape[0]};
  }
  const auto first = static_cast<std::size_t>(common.first_row);
  gather_time_major(targets,
                    target,
                    batch.order.subspan(first, static_cast<std::size_t>(common.rows)),
                    arena.target.data());
  rows.target = arena.target.data();
  rows.logits = outputs_[output].uses_logits ? signal.logits : nullptr;
  const RowWeights weights = weigh(arena, batch, judgement, common, output);
  const bool is_one = scope == LossScope::batch;
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
  return figures;
}

Plan::Steps Plan::make_steps(const float* weights) const {
  Steps steps;
  steps.arena_ = make_arena();
  steps.states_ = AlignedFloats(state_floats_);
  steps.weights_.resize(nodes_.size());
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].plan) {
      SliceRun run = slice_run(i, steps.arena_, {.rows = key_.rows, .state_rows = key_.rows});
      run.weights = pointers(nodes_[i], weights, steps.weights_[i]);
      run.states = steps.states_.data() + nodes_[i].states;
      steps.turns_.push_back({.plan = nodes_[i].plan.get(), .run = run});
    }
  }
  steps.input_ = {signal_of({.node = ~0}, steps.arena_).value,
                  static_cast<std::size_t>(inputs_[0].size * key_.rows)};
  steps.output_ = {signal_of(outputs_[0].port, steps.arena_).value,
                   static_cast<std::size_t>(size_of(output_shape()) * key_.rows)};
  return steps;
}

std::span<const float> Plan::step(Steps& steps, const float* x) {
  const kernels::FlushDenormals flush;
  std::copy_n(x, steps.input_.size(), steps.input_.data());
  for (const Steps::Turn& turn : steps.turns_) {
    turn.plan->forward(turn.run);
  }
  return steps.output_;
}

}  // namespace engram
