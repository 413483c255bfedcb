// SPDX-License-Identifier: Apache-2.0
#include "engine/update.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <limits>

#include "base/phases.hpp"
#include "engine/slices.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/target.hpp"

namespace engram {

namespace {

constexpr std::int64_t kChunk = 8192;  // floats: a task of a few microseconds, its arrays in L2

bool clips(const Clipping& clipping) {
  return clipping.clipnorm || clipping.global_clipnorm || clipping.clipvalue;
}

}  // namespace

double penalties(const Network& network, const float* weights, float* gradient) {
  double sum = 0;
  for (const NetworkWeight& weight : network.weights) {
    if (const auto& choice = weight.rules.regularizer.choice) {
      const bool learns = gradient != nullptr && weight.is_trainable;
      sum += choice->spec().penalty(choice->options(),
                                    {.values = weights + weight.offset,
                                     .shape = weight.shape,
                                     .gradient = learns ? gradient + weight.offset : nullptr});
    }
  }
  return sum;
}

std::vector<SlotArray> slot_arrays(const Network& network, const OptimizerInUse& used) {
  const Optimizer& optimizer = used.optimizer;
  const OptimizerSpec& spec = optimizer.spec();
  const SlotPlaces places = slot_places(optimizer);
  std::vector<SlotArray> arrays;
  const auto add = [&](std::size_t first, std::size_t end) {
    for (std::size_t i = 0; i < network.weights.size(); ++i) {
      const NetworkWeight& weight = network.weights[i];
      for (std::size_t slot = first; used.changes[i] && slot < end; ++slot) {
        std::optional<Shape> shape = weight.shape;
        if (slot >= places.own && spec.slot_shape != nullptr) {
          shape = spec.slot_shape(
              optimizer.options(), slot - places.own, {.shape = weight.shape, .path = weight.path});
        }
        if (shape) {
          arrays.push_back({.slot = slot, .weight = &weight, .shape = *shape});
        }
      }
    }
  };
  const std::size_t turns =
      std::min(places.own + static_cast<std::size_t>(spec.interleaved_slots), places.count);
  for (std::size_t slot = 0; slot < places.count; ++slot) {
    if (slot == places.own) {
      add(slot, turns);
      slot = turns - 1;
    } else {
      add(slot, slot + 1);
    }
  }
  return arrays;
}

void take_averages(const Network& network,
                   const OptimizerInUse& used,
                   std::span<const AlignedFloats> slots,
                   float* weights) {
  const SlotPlaces places = slot_places(used.optimizer);
  for (std::size_t i = 0; i < network.weights.size(); ++i) {
    const NetworkWeight& weight = network.weights[i];
    if (places.average && used.changes[i]) {
      std::copy_n(
          slots[*places.average].data() + weight.offset, weight.size, weights + weight.offset);
    }
  }
}

Updater::Updater(const Network& network) : network_(network), gradient_(network.floats) {
  for (std::size_t i = 0; i < network.weights.size(); ++i) {
    const NetworkWeight& weight = network.weights[i];
    variables_.push_back({.shape = weight.shape, .path = weight.path});
    const bool changes = weight.is_trainable || weight.momentum;
    if (changes) {
      whole_variables_.push_back({.begin = weight.offset, .size = weight.size, .variable = i});
    }
    for (std::int64_t at = 0; changes && at < weight.size; at += kChunk) {
      chunks_.push_back(
          {.begin = weight.offset + at, .size = std::min(kChunk, weight.size - at), .variable = i});
    }
  }
}

void Updater::sum_chunk(const Plan& plan, const Chunk& chunk) {
  std::array<const float*, 64> sources;
  const std::size_t count = plan.gradients().size();
  for (std::size_t i = 0; i < count; ++i) {
    sources.at(i) = plan.gradients()[i] + chunk.begin;
  }
  float* sum = gradient_.data() + chunk.begin;
  kernels::sum_arrays(sources.data(), static_cast<std::int64_t>(count), sum, chunk.size);
  if (plan.gradient_scale() != 1.0f && network_.weights[chunk.variable].is_trainable) {
    kernels::scale(sum, plan.gradient_scale(), chunk.size);
  }
}

/// Batches before the last of an update add to the sum; the last one makes their mean.
void Updater::accumulate(const Chunk& chunk, const Step& step) {
  float* g = gradient_.data() + chunk.begin;
  float* sum = step.target.slots[*step.places.gradient_sum].data() + chunk.begin;
  kernels::add(g, sum, chunk.size);
  if (step.is_last) {
    const auto batches = static_cast<float>(step.common.accumulation_steps);
    for (std::int64_t i = 0; i < chunk.size; ++i) {
      g[i] = sum[i] / batches;
      sum[i] = 0;
    }
  }
}

void Updater::clip(const Step& step) {
  const Clipping& clipping = step.common.clipping;
  if (!clips(clipping) || !step.is_last) {
    return;
  }
  std::vector<double> squares;
  for (std::size_t i = 0; i < network_.weights.size(); ++i) {
    const NetworkWeight& weight = network_.weights[i];
    const float* g = gradient_.data() + weight.offset;
    squares.push_back(step.used.changes[i] ? kernels::sum_of_squares(g, weight.size) : 0.0);
  }
  double all = 0;
  for (const double s : squares) {
    all += s;
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const NetworkWeight& weight = network_.weights[i];
    float* g = gradient_.data() + weight.offset;
    if (!step.used.changes[i]) {
      continue;
    }
    if (clipping.clipvalue) {
      kernels::clip(g, -*clipping.clipvalue, *clipping.clipvalue, weight.size);
      continue;
    }
    const double limit = clipping.clipnorm.value_or(clipping.global_clipnorm.value_or(0));
    const double norm = std::sqrt(clipping.clipnorm ? squares[i] : all);
    if (norm > limit) {
      kernels::scale(g, static_cast<float>(limit / norm), weight.size);
    }
  }
}

/// A moving average that training updates takes the mean of what the slices found.
void Updater::move_average(const Chunk& chunk, float momentum, float* weights) {
  for (std::int64_t i = chunk.begin; i < chunk.begin + chunk.size; ++i) {
    weights[i] = momentum * weights[i] + (1 - momentum) * gradient_.data()[i];
  }
}

void Updater::apply(const Chunk& chunk, const Step& step) {
  const UpdateTarget& target = step.target;
  std::array<float*, 4> slots{};
  std::size_t count = 0;
  for (std::size_t slot = step.places.own; slot < step.places.count; ++slot) {
    slots.at(count++) = target.slots[slot].data() + chunk.begin;
  }
  const Optimizer& optimizer = step.used.optimizer;
  optimizer.spec().update(optimizer.options(),
                          {.iteration = step.updates + 1,
                           .learning_rate = step.used.learning_rate,
                           .variable = &variables_[chunk.variable],
                           .gradient = gradient_.data() + chunk.begin,
                           .weights = target.weights + chunk.begin,
                           .slots = {slots.data(), count},
                           .n = chunk.size});
}

/// The average of the weights begins with those after the first update.
void Updater::average(const Chunk& chunk, const Step& step) {
  const float momentum = step.updates > 0 ? *step.common.ema_momentum : 0.0f;
  const std::int64_t every = step.common.ema_overwrite_frequency;
  const bool overwrites = every > 0 && (step.updates + 1) % every == 0;
  float* mean = step.target.slots[*step.places.average].data() + chunk.begin;
  float* w = step.target.weights + chunk.begin;
  for (std::int64_t i = 0; i < chunk.size; ++i) {
    mean[i] = momentum * mean[i] + (1 - momentum) * w[i];
    w[i] = overwrites ? mean[i] : w[i];
  }
}

template <class Task>
void Updater::each(const std::vector<Chunk>& chunks,
                   const Plan& plan,
                   Workers& workers,
                   const Task& task) {
  each_task(
      static_cast<std::int64_t>(chunks.size()), plan.is_small(), workers, [&](std::int64_t i, int) {
        const kernels::FlushDenormals flush_here;
        const PhaseTimer timer(Phase::optimizer);
        task(chunks[static_cast<std::size_t>(i)]);
      });
}

/// Whether the summed gradients times the scale are.
bool Updater::is_finite(float loss_scale, const Plan& plan, Workers& workers) {
  std::atomic<bool> is_all = true;
  each(chunks_, plan, workers, [&](const Chunk& chunk) {
    const float* g = gradient_.data() + chunk.begin;
    bool is_good = true;
    for (std::int64_t i = 0; i < chunk.size; ++i) {
      is_good &= std::abs(g[i] * loss_scale) <= std::numeric_limits<float>::max();
    }
    if (!is_good && network_.weights[chunk.variable].is_trainable) {
      is_all = false;
    }
  });
  return is_all;
}

bool Updater::update(const Plan& plan, const UpdateTarget& target, Workers& workers) {
  const kernels::FlushDenormals flush;  // once for all chunks of this thread
  std::vector<Step> steps;
  for (const OptimizerInUse& used : target.optimizers) {
    Step step{.target = target,
              .used = used,
              .common = used.optimizer.spec().common(used.optimizer.options()),
              .places = slot_places(used.optimizer)};
    step.updates = (target.batches - 1) / step.common.accumulation_steps;
    step.is_last = target.batches % step.common.accumulation_steps == 0;
    steps.push_back(std::move(step));
  }
  const auto has_regularizer = [](const NetworkWeight& w) {
    return w.rules.regularizer.choice.has_value();
  };
  const bool is_summed =
      target.loss_scale || std::ranges::any_of(network_.weights, has_regularizer);
  if (is_summed) {
    sum(plan, target.weights, workers);
  }
  if (target.loss_scale && !is_finite(*target.loss_scale, plan, workers)) {
    for (const Chunk& chunk : chunks_) {
      if (const auto momentum = network_.weights[chunk.variable].momentum) {
        move_average(chunk, *momentum, target.weights);
      }
    }
    return false;
  }
  update_chunks(plan, steps, target.weights, is_summed, workers);
  for (const NetworkWeight& weight : network_.weights) {
    if (const auto& choice = weight.rules.constraint.choice; choice && weight.is_trainable) {
      choice->spec().apply(choice->options(), target.weights + weight.offset, weight.shape);
    }
  }
  return true;
}

void Updater::update_chunks(const Plan& plan,
                            const std::vector<Step>& steps,
                            float* weights,
                            bool is_summed,
                            Workers& workers) {
  const bool clips_any =
      std::ranges::any_of(steps, [](const Step& step) { return clips(step.common.clipping); });
  const bool needs_whole = std::ranges::any_of(
      steps, [](const Step& step) { return step.used.optimizer.spec().needs_whole_variable; });
  const bool in_one_pass = !clips_any && !needs_whole && !is_summed;
  const auto collect = [&](const Chunk& chunk, const Step* step) {
    if (!is_summed) {
      sum_chunk(plan, chunk);
    }
    if (step != nullptr && step->places.gradient_sum) {
      accumulate(chunk, *step);
    }
  };
  const auto step_of = [&](const Chunk& chunk) {  // null: training does not change it by gradient
    const auto at = std::ranges::find_if(
        steps, [&](const Step& step) { return step.used.changes[chunk.variable]; });
    return at == steps.end() ? nullptr : &*at;
  };
  if (!in_one_pass) {
    each(chunks_, plan, workers, [&](const Chunk& chunk) { collect(chunk, step_of(chunk)); });
    for (const Step& step : steps) {
      clip(step);
    }
  }
  each(needs_whole ? whole_variables_ : chunks_, plan, workers, [&](const Chunk& chunk) {
    const Step* step = step_of(chunk);
    if (in_one_pass) {
      collect(chunk, step);
    }
    if (const auto momentum = network_.weights[chunk.variable].momentum) {
      move_average(chunk, *momentum, weights);
    }
    if (step != nullptr && step->is_last) {
      apply(chunk, *step);
    }
    if (step != nullptr && step->places.average) {
      average(chunk, *step);
    }
  });
}

std::span<const float> Updater::sum(const Plan& plan, const float* weights, Workers& workers) {
  each_task(static_cast<std::int64_t>(chunks_.size()),
            plan.is_small(),
            workers,
            [&](std::int64_t i, int) { sum_chunk(plan, chunks_[static_cast<std::size_t>(i)]); });
  penalties(network_, weights, gradient_.data());
  return gradient_.span();
}

}  // namespace engram
