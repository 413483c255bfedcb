// SPDX-License-Identifier: Apache-2.0
#include "model/sample_weights.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "model/judging.hpp"

namespace engram {

namespace {

/// With a last axis of 1 more or less: Keras takes (N, T, 1) for (N, T), and (N) for (N, 1).
Shape with_rank_of(const Shape& losses, Shape shape) {
  if (shape.size() == losses.size() + 1 && shape.back() == 1) {
    shape.pop_back();
  } else if (shape.size() == 1 && losses.size() == 2 && losses[1] == 1) {
    shape = {shape[0], 1};
  }
  return shape;
}

/// "(5,)", "(5, 1) or (5, 4)": what fits losses of the shape (N, ...).
std::string fitting(const Shape& losses) {
  Shape ones(losses.size(), 1);
  ones[0] = losses[0];
  return losses.size() == 1 ? to_string(losses) : to_string(ones) + " or " + to_string(losses);
}

/// `weights` for losses of the shape (N, ...): axes of 1 stand for each place along them.
Tensor spread(const RowsView& weights, const Shape& losses, const std::string& where) {
  const Shape shape = with_rank_of(losses, weights.shape());
  const auto fits = [](std::int64_t wanted, std::int64_t got) { return got == wanted || got == 1; };
  if (shape.empty() || shape[0] != losses[0] || !std::ranges::equal(losses, shape, fits)) {
    throw error<ShapeError>({.where = where,
                             .expected = "shape " + fitting(losses),
                             .got = to_string(weights.shape()),
                             .remedy = losses.size() > 1 && shape.size() == 1
                                           ? "Give a weight for each sample as (N, 1)."
                                           : ""});
  }
  Tensor all({losses[0], size_of(losses) / losses[0]});
  for (std::int64_t i = 0; i < all.size(); ++i) {
    std::int64_t from = 0, stride = 1, left = i;
    for (std::size_t axis = losses.size(); axis-- > 1; left /= losses[axis]) {
      from += (shape[axis] == 1 ? 0 : left % losses[axis]) * stride;
      stride *= shape[axis];
    }
    const float weight = weights.row(left)[from];
    all.data()[i] = weight;
    if (!std::isfinite(weight)) {
      throw error<DataError>(
          {.where = where, .expected = "finite values", .got = fmt::format("{}", weight)});
    }
  }
  return all;
}

/// The class of each row: the nearest number, or the largest of several values, as Keras.
std::int64_t class_of_row(const RowsView& y, std::int64_t row) {
  const std::int64_t n = y.sample_size();
  const float* values = y.row(row);
  return n == 1 ? static_cast<std::int64_t>(std::nearbyint(*values))
                : std::max_element(values, values + n) - values;
}

Tensor by_class(const RowsView& y, const std::map<std::int64_t, float>& class_weight) {
  Tensor weights(Shape{y.rows()});
  for (std::int64_t row = 0; row < weights.size(); ++row) {
    const auto found = class_weight.find(class_of_row(y, row));
    weights.data()[row] = found == class_weight.end() ? 1.0f : found->second;
  }
  return weights;
}

void refuse_class_weight(std::string_view where, const char* expected, const char* got) {
  throw error<OptionError>({.where = std::string(where) + ": class_weight",
                            .expected = expected,
                            .got = got,
                            .remedy = "Use sample_weight."});
}

}  // namespace

std::vector<Tensor> make_sample_weights(const ModelData& data,
                                        ArraySpan x,
                                        ArraySpan y,
                                        const GivenWeights& given,
                                        std::string_view where) {
  const bool has_classes = given.class_weight != nullptr && !given.class_weight->empty();
  if (!has_classes && given.sample_weight.empty()) {
    return {};
  }
  std::vector<Shape> losses = output_shapes(data, x);
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (scope_of(data.loss_of(i)) == LossScope::sequence) {
      losses[i] = {1};
    }
    losses[i].pop_back();
    losses[i].insert(losses[i].begin(), x[0].rows());
  }
  if (has_classes && !given.sample_weight.empty()) {
    refuse_class_weight(where, "sample_weight or class_weight", "both");
  }
  if (has_classes && losses.size() > 1) {
    refuse_class_weight(where, "a model of one output", "several");
  }
  if (has_classes && losses[0].size() > 1) {
    refuse_class_weight(where, "one class a sample", "a sequence of outputs");
  }
  if (has_classes) {
    const Tensor weights = by_class(y[0], *given.class_weight);
    std::vector<Tensor> all;
    all.push_back(spread(weights, losses[0], std::string(where) + ": class_weight"));
    return all;
  }
  const std::size_t count = given.sample_weight.size();
  if (count > 1 && count != losses.size()) {
    throw error<ShapeError>({.where = std::string(where) + ": sample_weight",
                             .expected = fmt::format("1 or {} arrays", losses.size()),
                             .got = fmt::format("{}", count)});
  }
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const RowsView& weights = given.sample_weight[count == 1 ? 0 : i];
    const std::string name = count == 1 ? "sample_weight" : fmt::format("sample_weight[{}]", i);
    all.push_back(weights.empty() ? Tensor()
                                  : spread(weights, losses[i], fmt::format("{}: {}", where, name)));
  }
  return all;
}

void set_sample_weights(Judgement& judgement, std::span<const Tensor> weights) {
  for (std::size_t i = 0; i < weights.size(); ++i) {
    judgement[i].sample_weight = weights[i].empty() ? nullptr : &weights[i];
  }
}

}  // namespace engram
