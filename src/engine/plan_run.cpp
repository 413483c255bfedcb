// SPDX-License-Identifier: Apache-2.0
/// A batch through the network: slices forward and backward, figures added in their order.
#include "engine/plan.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/phases.hpp"
#include "engine/slices.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/target.hpp"

namespace engram {

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
  gradient_scale_ = counts_.empty() && !total.empty()
                        ? scale_of_gradients(total[0], (*judgement)[0], rows)
                        : 1.0f;
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

}  // namespace engram
