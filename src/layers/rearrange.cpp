// SPDX-License-Identifier: Apache-2.0
#include "layers/rearrange.hpp"

#include <algorithm>
#include <numeric>

#include "kernels/elementwise.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

class RearrangementPlan final : public LayerPlan {
 public:
  RearrangementPlan(const LayerSizes& sizes, const Rearrangement& blocks)
      : size_(blocks.size), input_(sizes.inputs[0]), output_(sizes.output) {
    for (std::int64_t i = 0; i < output_.size() / size_; ++i) {
      sources_.push_back(blocks.source(i));
    }
  }

  void forward(const SliceRun& run) const override {
    each(run.rows, [&](std::int64_t from, std::int64_t to) {
      float* y = run.output.value + to;
      if (from < 0) {
        std::fill_n(y, size_, 0.0f);
      } else {
        std::copy_n(run.inputs[0].value + from, size_, y);
      }
    });
  }

  void backward(const SliceRun& run) const override {
    float* dx = run.inputs[0].gradient;
    if (dx == nullptr) {
      return;
    }
    std::fill_n(dx, input_.size() * run.rows, 0.0f);
    each(run.rows, [&](std::int64_t from, std::int64_t to) {
      if (from >= 0) {
        kernels::add(run.output.gradient + to, dx + from, size_);
      }
    });
  }

 private:
  /// Visit(place in the input or -1, place in the result) for each block of each row.
  template <class Visit>
  void each(std::int64_t rows, const Visit& visit) const {
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      const std::int64_t to = output_.at(static_cast<std::int64_t>(i) * size_, 0, rows);
      const std::int64_t from = sources_[i] < 0 ? -1 : input_.at(sources_[i] * size_, 0, rows);
      for (std::int64_t row = 0; row < rows; ++row) {
        visit(from < 0 ? -1 : from + row * input_.inner, to + row * output_.inner);
      }
    }
  }

  std::int64_t size_;
  TimeMajor input_, output_;
  std::vector<std::int64_t> sources_;
};

}  // namespace

std::unique_ptr<LayerPlan> rearrangement_plan(const LayerSizes& sizes,
                                              const Rearrangement& blocks) {
  return std::make_unique<RearrangementPlan>(sizes, blocks);
}

std::unique_ptr<LayerPlan> permutation_plan(const LayerSizes& sizes, Shape dims) {
  const Shape& input = sizes.inputs[0];
  Shape strides(input.size(), 1), lengths = sizes.output;
  for (std::size_t i = input.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * input[i];
  }
  std::int64_t size = 1;
  if (dims.back() == static_cast<std::int64_t>(dims.size()) && dims.size() > 1) {
    size = lengths.back();  // the last axis stays the last
    dims.pop_back();
    lengths.pop_back();
  }
  const auto source = [&](std::int64_t i) {
    std::int64_t place = 0;
    for (std::size_t axis = dims.size(); axis-- > 0; i /= lengths[axis]) {
      place += i % lengths[axis] * strides[static_cast<std::size_t>(dims[axis] - 1)];
    }
    return place / size;
  };
  return rearrangement_plan(sizes, {.size = size, .source = source});
}

std::unique_ptr<LayerPlan> moving_plan(const LayerSizes& sizes, const AxisSource& source) {
  const Shape &input = sizes.inputs[0], &output = sizes.output;
  const auto block = [&](std::int64_t i) {
    std::int64_t place = 0, stride = 1;
    for (std::size_t axis = input.size() - 1; axis-- > 0; i /= output[axis]) {
      const std::int64_t from = source(axis, i % output[axis]);
      if (from < 0 || from >= input[axis]) {
        return std::int64_t{-1};
      }
      place += from * stride;
      stride *= input[axis];
    }
    return place;
  };
  return rearrangement_plan(sizes, {.size = input.back(), .source = block});
}

std::unique_ptr<LayerPlan> reshaping_plan(const LayerSizes& sizes) {
  const std::int64_t size =
      std::gcd(TimeMajor(sizes.inputs[0]).inner, TimeMajor(sizes.output).inner);
  return rearrangement_plan(sizes, {.size = size, .source = [](std::int64_t i) { return i; }});
}

}  // namespace engram
