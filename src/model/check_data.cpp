// SPDX-License-Identifier: Apache-2.0
#include "model/check_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "kernels/elementwise.hpp"
#include "model/foreign_names.hpp"
#include "model/judging.hpp"

namespace engram {

namespace {

/// "x", or "x[1]" of several.
std::string x_name(std::size_t i, std::size_t count, std::string_view name = "x") {
  return count == 1 ? std::string(name) : fmt::format("{}[{}]", name, i);
}

void check_finite(const RowsView& rows, std::string_view where, std::string_view name) {
  const std::span<const float> memory = rows.memory();
  if (kernels::all_finite(memory.data(), static_cast<std::int64_t>(memory.size()))) {
    return;
  }
  const auto is_bad = [](float v) { return !std::isfinite(v); };
  for (std::int64_t i = 0; i < rows.rows(); ++i) {
    const std::span row(rows.row(i), static_cast<std::size_t>(rows.sample_size()));
    const auto bad = std::ranges::find_if(row, is_bad);
    if (bad != row.end()) {
      throw error<DataError>(
          {.where = fmt::format("{}: {}", where, name),
           .expected = "finite values",
           .got = fmt::format("{} in row {}, element {}", *bad, i, bad - row.begin()),
           .remedy = "Clean or drop such rows."});
    }
  }
}

/// The samples have the shapes that Input layers declare (-1 fits any length); without an Input
/// they may differ from those the model was built for in what the weights do not depend on.
void check_against_built(const ModelData& data,
                         const std::vector<Shape>& samples,
                         std::string_view where) {
  const std::vector<Shape>& built = *data.inputs;
  if (samples == built) {
    return;
  }
  const auto refuse = [&](std::size_t i) {
    throw error<ShapeError>({.where = fmt::format("{}: {}", where, x_name(i, built.size())),
                             .expected = "samples of shape " + to_string(built[i]),
                             .got = to_string(samples[i])});
  };
  if (!declares_inputs(data.network)) {
    Network network = data.network;
    check_nested(network, samples);
    place_weights(network, samples);
    for (std::size_t i = 0; i < network.weights.size(); ++i) {
      if (network.weights[i].shape != data.network.weights[i].shape) {
        refuse(0);
      }
    }
    return;
  }
  for (std::size_t i = 0; i < built.size(); ++i) {
    const auto fits = [](std::int64_t wanted, std::int64_t got) {
      return wanted < 0 || wanted == got;
    };
    if (!std::ranges::equal(built[i], samples[i], fits)) {
      refuse(i);
    }
  }
}

}  // namespace

void check_inputs(ModelData& data, ArraySpan x, std::string_view where) {
  if (!data.network.inputs.empty() && x.size() != data.network.inputs.size()) {
    throw error<ShapeError>({.where = std::string(where) + ": x",
                             .expected = fmt::format("{} arrays", data.network.inputs.size()),
                             .got = fmt::format("{}", x.size()),
                             .remedy = "Give one for each input of the model."});
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i].empty()) {
      throw error<ShapeError>({.where = fmt::format("{}: {}", where, x_name(i, x.size())),
                               .expected = "one row or more",
                               .got = to_string(x[i].shape()),
                               .remedy = "The first axis counts the samples."});
    }
    if (x[i].rows() != x[0].rows()) {
      throw error<ShapeError>({.where = fmt::format("{}: {}", where, x_name(i, x.size())),
                               .expected = fmt::format("{} rows, as x[0]", x[0].rows()),
                               .got = to_string(x[i].shape())});
    }
  }
  build(data, sample_shapes(x));
  check_against_built(data, sample_shapes(x), where);
  for (std::size_t i = 0; i < x.size(); ++i) {
    check_finite(x[i], where, x_name(i, x.size()));
  }
}

namespace {

/// Checks the targets of one output, a sample of which has the shape `output`.
void check_target(const RowsView& y,
                  std::int64_t rows,
                  const Shape& output,
                  const LossSpec& loss,
                  const std::string& where) {
  if (y.shape().empty() || y.rows() != rows) {
    throw error<ShapeError>({.where = where,
                             .expected = fmt::format("{} rows, as many as x", rows),
                             .got = to_string(y.shape())});
  }
  const std::int64_t places = size_of(output) / output.back();
  if (&loss == &spec_of(CTC{})) {
    if (output.size() != 2) {
      throw error<ShapeError>({.where = where,
                               .expected = "outputs (steps, classes) for ctc",
                               .got = to_string(output)});
    }
    return;  // a text may have any length
  }
  if (places > 1 && &loss == &spec_of(Circle{})) {
    throw error<ShapeError>(
        {.where = where, .expected = "outputs of rank 1 for circle", .got = to_string(output)});
  }
  const std::int64_t wanted = loss.has_class_targets ? places : size_of(output);
  if (y.sample_size() != wanted) {
    throw error<ShapeError>(
        {.where = where,
         .expected = fmt::format("{} value{} a row for {} on outputs of shape {}",
                                 wanted,
                                 wanted == 1 ? "" : "s",
                                 loss.name,
                                 to_string(output)),
         .got = to_string(y.shape()),
         .remedy = loss.has_class_targets ? "Give class numbers, not one-hot rows." : ""});
  }
}

}  // namespace

void check_targets(ModelData& data, ArraySpan x, ArraySpan y, std::string_view where, bool trains) {
  if (!data.compiled) {
    throw error<StateError>(
        {.where = std::string(where),
         .expected = "a compiled model",
         .got = "one without optimizer and loss",
         .remedy = data.compile_problem.empty()
                       ? "Call compile first."
                       : "The file's could not be used: " + data.compile_problem});
  }
  check_foreign(data, trains, where);
  const std::vector<Shape> outputs = output_shapes(data, x);
  if (y.size() != outputs.size()) {
    throw error<ShapeError>({.where = std::string(where) + ": y",
                             .expected = fmt::format("{} arrays", outputs.size()),
                             .got = fmt::format("{}", y.size()),
                             .remedy = "Give one for each output of the model."});
  }
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::string name = x_name(i, y.size(), "y");
    check_target(
        y[i], x[0].rows(), outputs[i], data.loss_of(i).spec(), fmt::format("{}: {}", where, name));
    check_finite(y[i], where, name);
  }
}

void check_batches(ModelData& data,
                   std::int64_t rows,
                   std::int64_t batch_size,
                   std::string_view where) {
  if (data.network.carried == 0) {
    return;
  }
  const std::int64_t wanted = data.batch_size.value_or(std::min(batch_size, rows));
  if (std::min(batch_size, rows) != wanted || rows % wanted != 0) {
    throw error<ShapeError>(
        {.where = std::string(where),
         .expected = fmt::format("batches of {} rows, whose states are carried", wanted),
         .got = fmt::format("{} rows in batches of {}", rows, batch_size),
         .remedy = "Set batch_size, and give a multiple of it as rows."});
  }
  data.batch_size = wanted;
  data.states.resize(static_cast<std::size_t>(data.network.carried * wanted));
}

}  // namespace engram
