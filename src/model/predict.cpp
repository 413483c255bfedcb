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

}  // namespace engram
