// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/model.hpp"
#include "model/model_data.hpp"

namespace engram {

namespace {

/// A sample's shape for one step.
Shape step_of(const ModelData& data) {
  Shape step = (*data.inputs)[0];
  if (!step.empty()) {
    step[0] = 1;
  }
  return step;
}

/// Errors: OptionError for a layer that needs more than one step of a sequence at once, and for a
/// recurrent one on a sequence made inside the model, which has no states to carry.
void check_steps(const ModelData& data) {
  const Network network = expanded(data.network, *data.inputs);
  const NetworkShapes whole = shapes_of(network, *data.inputs);
  NetworkShapes stepped;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const NetworkNode& node = network.nodes[i];
    std::vector<Shape> inputs;
    for (const Port& port : node.inputs) {
      inputs.push_back(stepped.of(port));
    }
    if (inputs.empty()) {
      inputs.push_back(step_of(data));
    }
    const bool is_recurrent = node.spec().weight_groups != nullptr;
    if ((node.spec().mixes_steps && inputs != whole.inputs[i]) ||
        (is_recurrent && inputs[0].size() > 1 && inputs[0][0] > 1)) {
      throw error<OptionError>({.where = data.name + ".stream: " + node.where(),
                                .expected = "layers that take one step at a time",
                                .got = "one that joins steps",
                                .remedy = "Use predict on whole sequences."});
    }
    stepped.outputs.push_back({output_shape(network, node, inputs)});
    if (node.spec().more_outputs != nullptr) {
      std::ranges::copy(node.spec().more_outputs(node.options(), inputs),
                        std::back_inserter(stepped.outputs.back()));
    }
  }
}

void check_stream(const ModelData& data, std::int64_t rows) {
  const std::string where = data.name + ".stream";
  if (!data.is_built()) {
    throw error<StateError>({.where = where,
                             .expected = "a built model",
                             .got = "one without weights",
                             .remedy = "Give an Input layer, load weights, or train first."});
  }
  if (data.network.inputs.size() != 1 || data.network.outputs.size() != 1) {
    throw error<OptionError>({.where = where,
                              .expected = "a model of one input and one output",
                              .got = std::to_string(data.network.inputs.size()) + " and " +
                                     std::to_string(data.network.outputs.size())});
  }
  if (rows < 1) {
    throw error<OptionError>(
        {.where = where, .expected = "rows at least 1", .got = std::to_string(rows)});
  }
  for (const NetworkNode& node : expanded(data.network, *data.inputs).nodes) {
    if (common_options(node.spec(), node.options()).go_backwards) {
      throw error<OptionError>({.where = where + ": " + node.where(),
                                .expected = "layers that run forwards in time",
                                .got = "go_backwards",
                                .remedy = "Use predict on whole sequences."});
    }
  }
  check_steps(data);
}

/// The plan that streams share while the weights stay as they are.
std::shared_ptr<const Plan> step_plan(ModelData& data, std::int64_t rows) {
  const PlanKey key{.inputs = {step_of(data)}, .rows = rows, .has_states = true};
  std::shared_ptr<const Plan> shared = data.step_plan.lock();
  if (shared && shared->key() == key && shared->packed_version() == data.version) {
    return shared;
  }
  const auto plan = std::make_shared<Plan>(data.network, key, nullptr);
  Workers alone(1);
  plan->pack(data.weights.data(), data.version, alone);
  data.step_plan = plan;
  return plan;
}

}  // namespace

struct Stream::Impl {
  std::shared_ptr<const Plan> plan;
  Plan::Steps steps;
  std::size_t inputs;  // floats of a step of all rows
};

Stream::Stream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;
Stream::~Stream() = default;

Stream Model::stream(std::int64_t rows) const {
  check_stream(*data_, rows);
  std::shared_ptr<const Plan> plan = step_plan(*data_, rows);
  Plan::Steps steps = plan->make_steps(data_->weights.data());
  const auto inputs = static_cast<std::size_t>(size_of(plan->key().inputs[0]) * rows);
  return Stream(
      std::make_unique<Stream::Impl>(Stream::Impl{std::move(plan), std::move(steps), inputs}));
}

namespace {

void check_size(std::string_view where, std::size_t expected, std::size_t got) {
  if (got != expected) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = std::to_string(expected) + " values",
                             .got = std::to_string(got)});
  }
}

}  // namespace

std::span<const float> Stream::step(std::span<const float> x) {
  check_size("Stream::step", impl_->inputs, x.size());
  return Plan::step(impl_->steps, x.data());
}

void Stream::step(std::span<const float> x, std::span<float> y) {
  const std::span<const float> result = step(x);
  check_size("Stream::step: y", result.size(), y.size());
  std::ranges::copy(result, y.begin());
}

std::int64_t Stream::rows() const { return impl_->plan->key().rows; }

void Stream::reset() { std::ranges::fill(impl_->steps.states(), 0.0f); }

std::span<float> Stream::states() { return impl_->steps.states(); }

}  // namespace engram
