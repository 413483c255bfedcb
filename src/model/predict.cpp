// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>

#include "base/error.hpp"
#include "engram/model.hpp"
#include "model/batches.hpp"
#include "model/model_data.hpp"

namespace engram {

Tensor Model::predict(const Tensor& x, PredictOptions options) {
  if (options.batch_size < 1) {
    throw error<OptionError>({.where = "predict",
                              .expected = "batch_size at least 1",
                              .got = std::to_string(options.batch_size)});
  }
  check_inputs(*data_, x, "predict");
  const std::int64_t rows = x.shape()[0];
  const std::int64_t batch_size = std::min(options.batch_size, rows);
  const PlanKey key{.input = Shape(x.shape().begin() + 1, x.shape().end()), .rows = batch_size};
  Plan& plan = plan_for(*data_, key, nullptr);
  Shape shape = plan.output_shape();
  const std::int64_t row_size = size_of(shape);
  shape.insert(shape.begin(), rows);
  Tensor predicted(std::move(shape));
  std::vector<std::int64_t> order(static_cast<std::size_t>(rows));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t first = 0; first < rows; first += batch_size) {
    const std::int64_t size = std::min(batch_size, rows - first);
    const Batch batch{.x = x.data(),
                      .order = std::span(order).subspan(static_cast<std::size_t>(first),
                                                        static_cast<std::size_t>(size)),
                      .predicted = predicted.data() + first * row_size};
    plan.run(batch, nullptr, data_->weights.data(), {}, workers_of(*data_));
  }
  return predicted;
}

struct Stream::Impl {
  const ModelData& data;
  Plan plan;
  std::int64_t inputs;
};

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Stream Model::stream() const {
  if (!is_built()) {
    throw error<StateError>({.where = name() + ".stream",
                             .expected = "a built model",
                             .got = "one without weights",
                             .remedy = "Give an Input layer, load weights, or train first."});
  }
  for (const NetworkNode& node : data_->network.nodes) {
    if (common_options(node.spec(), node.options()).go_backwards) {
      throw error<OptionError>({.where = name() + ".stream: " + node.where(),
                                .expected = "layers that run forwards in time",
                                .got = "go_backwards",
                                .remedy = "Use predict on whole sequences."});
    }
  }
  Shape step = *data_->input;
  if (!step.empty()) {
    step[0] = 1;
  }
  const std::int64_t inputs = size_of(step);
  auto impl = std::make_unique<Stream::Impl>(
      *data_,
      Plan(data_->network, {.input = std::move(step), .rows = 1, .has_states = true}, nullptr),
      inputs);
  Workers alone(1);
  impl->plan.pack(data_->weights.data(), data_->version, alone);
  return Stream(std::move(impl));
}

std::span<const float> Stream::step(std::span<const float> x) {
  if (static_cast<std::int64_t>(x.size()) != impl_->inputs) {
    throw error<ShapeError>({.where = "Stream::step",
                             .expected = std::to_string(impl_->inputs) + " values",
                             .got = std::to_string(x.size())});
  }
  return impl_->plan.step(x.data(), impl_->data.weights.data());
}

void Stream::reset() { std::ranges::fill(impl_->plan.states(), 0.0f); }

std::span<float> Stream::states() { return impl_->plan.states(); }

}  // namespace engram
