// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.hpp"
#include "engram/model.hpp"
#include "model/check_data.hpp"
#include "model/model_data.hpp"

namespace engram {

namespace {

std::vector<Tensor> predict_rows(ModelData& data, ArraySpan x, const PredictOptions& options) {
  if (options.batch_size < 1) {
    throw error<OptionError>({.where = "predict",
                              .expected = "batch_size at least 1",
                              .got = std::to_string(options.batch_size)});
  }
  check_inputs(data, x, "predict");
  const std::int64_t rows = x[0].rows();
  check_batches(data, rows, options.batch_size, "predict");
  const std::int64_t batch_size = std::min(options.batch_size, rows);
  const PlanKey key{
      .inputs = sample_shapes(x), .rows = batch_size, .has_lengths = which_have_lengths(x)};
  Plan& plan = plan_for(data, key, nullptr);
  std::vector<Tensor> predicted;
  for (std::size_t i = 0; i < data.network.outputs.size(); ++i) {
    Shape shape = plan.output_shape(i);
    shape.insert(shape.begin(), rows);
    predicted.emplace_back(std::move(shape));
  }
  std::vector<float*> places;
  for (Tensor& output : predicted) {
    places.push_back(output.data());
  }
  const std::vector<std::int64_t> all = batch_order(data, x, rows_in_order(0, rows));
  for (std::int64_t first = 0; first < rows; first += batch_size) {
    const auto order =
        std::span(all).subspan(static_cast<std::size_t>(first),
                               static_cast<std::size_t>(std::min(batch_size, rows - first)));
    const Batch batch{.x = x, .order = order, .predicted = places, .states = data.states.data()};
    plan.run(batch, nullptr, data.weights.data(), {}, workers_of(data));
  }
  return predicted;
}

}  // namespace

Tensor Model::predict(const RowsView& x, PredictOptions options) {
  std::vector<Tensor> all = predict_rows(*data_, ArraySpan(&x, 1), options);
  if (all.size() != 1) {
    throw error<ShapeError>({.where = "predict",
                             .expected = "a model of one output",
                             .got = std::to_string(all.size()),
                             .remedy = "Give a list of inputs; the result is a list then."});
  }
  return std::move(all[0]);
}

std::vector<Tensor> Model::predict(const std::vector<Tensor>& x, PredictOptions options) {
  return predict_rows(*data_, views(x), options);
}

std::vector<Tensor> Model::predict(std::span<const RowsView> x, PredictOptions options) {
  return predict_rows(*data_, x, options);
}

}  // namespace engram
