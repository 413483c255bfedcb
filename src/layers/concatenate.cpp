// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engram/layers/merging.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

void visit_options(Concatenate& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("axis", o.axis, any());
}

/// The axis of a sample of `rank` axes; out of its range when there is none.
std::int64_t axis_of(const Concatenate& o, std::size_t rank) {
  return o.axis < 0 ? static_cast<std::int64_t>(rank) + o.axis : o.axis - 1;
}

/// Each input is copied in pieces: all that follows the axis, and the axis.
class ConcatenatePlan final : public LayerPlan {
 public:
  ConcatenatePlan(const Concatenate& o, const LayerSizes& sizes) {
    const Shape& shape = sizes.output;
    const auto axis = static_cast<std::size_t>(axis_of(o, shape.size()));
    joins_time_ = axis == 0 && shape.size() > 1;
    for (std::size_t i = 0; i < axis; ++i) {
      pieces_ *= shape[i];
    }
    for (const Shape& input : sizes.inputs) {
      sizes_.push_back(size_of(input) / pieces_);
      steps_.push_back(input[0]);
    }
  }

  void forward(const SliceRun& run) const override {
    each(run, [](const Signal& input, float* to, std::int64_t from, std::int64_t n, const Signal&) {
      std::copy_n(input.value + from, n, to);
    });
    if (run.output.mask != nullptr) {
      join_masks(run);
    }
  }

  void backward(const SliceRun& run) const override {
    each(run,
         [&](const Signal& input,
             const float* to,
             std::int64_t from,
             std::int64_t n,
             const Signal& output) {
           if (input.gradient != nullptr) {
             std::copy_n(output.gradient + (to - output.value), n, input.gradient + from);
           }
         });
  }

 private:
  template <class Visit>
  void each(const SliceRun& run, const Visit& visit) const {
    // Samples lie (T, rows, ...): the rows belong to the pieces, unless time itself is joined.
    const std::int64_t pieces = joins_time_ ? 1 : pieces_ * run.rows;
    const std::int64_t rows = joins_time_ ? run.rows : 1;
    float* to = run.output.value;
    for (std::int64_t piece = 0; piece < pieces; ++piece) {
      for (std::size_t i = 0; i < sizes_.size(); ++i) {
        const std::int64_t n = sizes_[i] * rows;
        visit(run.inputs[i], to, piece * n, n, run.output);
        to += n;
      }
    }
  }

  /// Along time masks follow each other; else a step counts when it does in one of the inputs. An
  /// input without a mask counts everywhere.
  void join_masks(const SliceRun& run) const {
    if (!joins_time_) {
      std::fill_n(run.output.mask, steps_[0] * run.rows, std::uint8_t{0});
    }
    std::uint8_t* to = run.output.mask;
    for (std::size_t i = 0; i < sizes_.size(); ++i) {
      const std::uint8_t* mask = run.inputs[i].mask;
      const std::int64_t n = steps_[i] * run.rows;
      for (std::int64_t at = 0; at < n; ++at) {
        const std::uint8_t is_used = mask == nullptr || mask[at] != 0 ? 1 : 0;
        to[at] = joins_time_ ? is_used : static_cast<std::uint8_t>(to[at] | is_used);
      }
      to += joins_time_ ? n : 0;
    }
  }

  bool joins_time_ = false;
  std::int64_t pieces_ = 1;
  std::vector<std::int64_t> sizes_, steps_;  // of the inputs: floats of a piece, steps
};

Shape concatenate_output_shape(const void* options,
                               std::span<const Shape> inputs,
                               std::string_view where) {
  const Concatenate& o = options_as<Concatenate>(options);
  Shape result = inputs[0];
  const std::int64_t axis = axis_of(o, result.size());
  if (axis < 0 || axis >= static_cast<std::int64_t>(result.size())) {
    throw error<OptionError>(
        {.where = std::string(where),
         .expected = fmt::format("an axis of {} that is not the batch's", to_string(inputs[0])),
         .got = std::to_string(o.axis)});
  }
  const auto joined = static_cast<std::size_t>(axis);
  for (const Shape& input : inputs.subspan(1)) {
    bool fits = input.size() == result.size();
    for (std::size_t i = 0; fits && i < result.size(); ++i) {
      fits = i == joined || input[i] == result[i] || input[i] < 0 || result[i] < 0;
    }
    if (!fits) {
      throw error<ShapeError>({.where = std::string(where),
                               .expected = "inputs that differ in the joined axis only",
                               .got = to_string(inputs[0]) + " and " + to_string(input)});
    }
    const bool is_known = result[joined] >= 0 && input[joined] >= 0;
    result[joined] = is_known ? result[joined] + input[joined] : -1;
  }
  return result;
}

std::unique_ptr<LayerPlan> concatenate_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<ConcatenatePlan>(options_as<Concatenate>(options), sizes);
}

}  // namespace

const LayerSpec& concatenate_spec() {
  static const LayerSpec spec = {.class_name = "Concatenate",
                                 .auto_name = "concatenate",
                                 .access = options_access<Concatenate, visit_options>(),
                                 .output_shape = concatenate_output_shape,
                                 .weights = no_weights,
                                 .plan = concatenate_plan,
                                 .mask_rule = [](const void*) { return MaskRule::joins_any; },
                                 .is_identity = is_never_identity,
                                 .logits_of = no_logits,
                                 .flops = no_flops};
  return spec;
}

const LayerSpec& spec_of(const Concatenate&) { return concatenate_spec(); }

}  // namespace engram
