// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.hpp"
#include "engram/model.hpp"
#include "model/check_data.hpp"
#include "model/judging.hpp"
#include "model/sample_weights.hpp"

namespace engram {

namespace {

Logs judge_rows(ModelData& data, ArraySpan x, ArraySpan y, const EvaluateOptions& options) {
  if (options.batch_size < 1) {
    throw error<OptionError>({.where = "evaluate",
                              .expected = "batch_size at least 1",
                              .got = std::to_string(options.batch_size)});
  }
  check_inputs(data, x, "evaluate");
  check_targets(data, x, y, "evaluate");
  check_batches(data, x[0].rows(), options.batch_size, "evaluate");
  Judgement judgement = judgement_of(data, x, y);
  const std::vector<RowsView> given = options.sample_weight.views();
  const std::vector<Tensor> made =
      make_sample_weights(data, x, y, {.sample_weight = given}, "evaluate");
  set_sample_weights(judgement, made);
  const EpochSums sums = evaluate_rows(data, judgement, x, y, options.batch_size);
  return logs_of(data, judgement, sums, "");
}

}  // namespace

Logs Model::evaluate(const RowsView& x, const RowsView& y, EvaluateOptions options) {
  return judge_rows(*data_, ArraySpan(&x, 1), ArraySpan(&y, 1), options);
}

Logs Model::evaluate(const std::vector<Tensor>& x,
                     const std::vector<Tensor>& y,
                     EvaluateOptions options) {
  return judge_rows(*data_, views(x), views(y), options);
}

Logs Model::evaluate(std::span<const RowsView> x,
                     std::span<const RowsView> y,
                     EvaluateOptions options) {
  return judge_rows(*data_, x, y, options);
}

Logs Model::test_on_batch(const RowsView& x, const RowsView& y, Arrays sample_weight) {
  return evaluate(x,
                  y,
                  {.batch_size = std::max<std::int64_t>(1, x.rows()),
                   .sample_weight = std::move(sample_weight)});
}

}  // namespace engram
