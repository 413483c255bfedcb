// SPDX-License-Identifier: Apache-2.0
#include "engine/update.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/phases.hpp"
#include "engine/slices.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/target.hpp"

namespace engram {

namespace {

constexpr std::int64_t kChunk = 8192;  // floats: a task of a few microseconds, its arrays in L2

}  // namespace

Updater::Updater(const Network& network) : network_(network), gradient_(network.floats) {
  for (std::size_t i = 0; i < network.weights.size(); ++i) {
    const NetworkWeight& weight = network.weights[i];
    const bool changes = weight.is_trainable || weight.momentum;
    for (std::int64_t at = 0; changes && at < weight.size; at += kChunk) {
      chunks_.push_back(
          {.begin = weight.offset + at, .size = std::min(kChunk, weight.size - at), .variable = i});
    }
  }
}

void Updater::sum_chunk(const Plan& plan, const Chunk& chunk) {
  std::array<const float*, 64> sources{};
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

void Updater::clip(const Clipping& clipping) {
  std::vector<double> squares;
  for (const NetworkWeight& weight : network_.weights) {
    const float* g = gradient_.data() + weight.offset;
    squares.push_back(weight.is_trainable ? kernels::sum_of_squares(g, weight.size) : 0.0);
  }
  double all = 0;
  for (const double s : squares) {
    all += s;
  }
  for (std::size_t i = 0; i < squares.size(); ++i) {
    const NetworkWeight& weight = network_.weights[i];
    float* g = gradient_.data() + weight.offset;
    if (!weight.is_trainable) {
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

void Updater::apply(const Chunk& chunk, const UpdateTarget& target) {
  if (const auto momentum = network_.weights[chunk.variable].momentum) {
    for (std::int64_t i = chunk.begin; i < chunk.begin + chunk.size; ++i) {
      target.weights[i] = *momentum * target.weights[i] + (1 - *momentum) * gradient_.data()[i];
    }
    return;
  }
  std::array<float*, 4> slots{};
  std::size_t count = 0;
  for (AlignedFloats& slot : target.slots) {
    slots.at(count++) = slot.data() + chunk.begin;
  }
  target.optimizer->spec().update(target.optimizer->options(),
                                  {.iteration = target.iteration,
                                   .learning_rate = target.learning_rate,
                                   .gradient = gradient_.data() + chunk.begin,
                                   .weights = target.weights + chunk.begin,
                                   .slots = {slots.data(), count},
                                   .n = chunk.size});
}

void Updater::update(const Plan& plan, const UpdateTarget& target, Workers& workers) {
  const Clipping clipping = target.optimizer->spec().clipping(target.optimizer->options());
  const bool clips = clipping.clipnorm || clipping.global_clipnorm || clipping.clipvalue;
  const auto tasks = static_cast<std::int64_t>(chunks_.size());
  if (clips) {
    sum(plan, workers);
    clip(clipping);
  }
  each_task(tasks, plan.is_small(), workers, [&](std::int64_t i, int) {
    const kernels::FlushDenormals flush;
    const PhaseTimer timer(Phase::optimizer);
    const Chunk& chunk = chunks_[static_cast<std::size_t>(i)];
    if (!clips) {
      sum_chunk(plan, chunk);
    }
    apply(chunk, target);
  });
}

std::span<const float> Updater::sum(const Plan& plan, Workers& workers) {
  each_task(static_cast<std::int64_t>(chunks_.size()),
            plan.is_small(),
            workers,
            [&](std::int64_t i, int) { sum_chunk(plan, chunks_[static_cast<std::size_t>(i)]); });
  return gradient_.span();
}

}  // namespace engram
