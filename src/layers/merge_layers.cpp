// SPDX-License-Identifier: Apache-2.0
/// Add, Subtract, Multiply, Average, Maximum and Minimum: one plan, six functions of values.
#include <algorithm>

#include "base/error.hpp"
#include "engram/layers/merging.hpp"
#include "kernels/elementwise.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace k = kernels;

namespace {

enum class Merge { add, subtract, multiply, average, maximum, minimum };

template <class Options>
void visit_merge_layers(Options& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
}

/// `shape` with axes of 1 in front, so that it has `rank` axes.
Shape padded(const Shape& shape, std::size_t rank) {
  Shape result(rank - shape.size(), 1);
  result.insert(result.end(), shape.begin(), shape.end());
  return result;
}

/// The value of one element of each input, and whether its step counts.
struct Element {
  float value = 0;
  bool has_mask = false, is_used = true;
};

using Elements = std::span<const Element>;

/// Maximum and Minimum: the input that wins, as Keras's comparisons of two and two find it.
std::size_t winner(Merge merge, Elements inputs) {
  std::size_t best = 0;
  bool has_mask = inputs[0].has_mask, is_used = inputs[0].is_used;
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    const std::size_t rival = inputs[i].has_mask && !inputs[i].is_used ? best : i;
    if (has_mask && !is_used) {
      best = rival;
    }
    has_mask &= inputs[i].has_mask;
    is_used |= inputs[i].is_used;
    const float a = inputs[best].value, b = inputs[rival].value;
    if (merge == Merge::maximum ? b > a : b < a) {
      best = rival;
    }
  }
  return best;
}

/// Multiply: masked values count as 1; 0 where all inputs are masked.
float factor(const Element& input) { return input.is_used ? input.value : 1.0f; }

bool counts(Elements inputs) {
  return std::ranges::any_of(inputs, [](const Element& e) { return !e.has_mask || e.is_used; });
}

float merged(Merge merge, Elements inputs) {
  if (merge == Merge::maximum || merge == Merge::minimum) {
    return inputs[winner(merge, inputs)].value;
  }
  if (merge == Merge::multiply) {
    float product = counts(inputs) ? 1.0f : 0.0f;
    for (const Element& input : inputs) {
      product *= factor(input);
    }
    return product;
  }
  if (merge == Merge::subtract) {
    return inputs[0].value - inputs[1].value;
  }
  float sum = 0;
  for (const Element& input : inputs) {
    sum += input.value;
  }
  return merge == Merge::average ? sum / static_cast<float>(inputs.size()) : sum;
}

/// The derivative by input `i`.
float derivative(Merge merge, Elements inputs, std::size_t i) {
  switch (merge) {
    case Merge::add:
      return 1;
    case Merge::subtract:
      return i == 0 ? 1.0f : -1.0f;
    case Merge::average:
      return 1.0f / static_cast<float>(inputs.size());
    case Merge::maximum:
    case Merge::minimum:
      return winner(merge, inputs) == i ? 1.0f : 0.0f;
    case Merge::multiply:
      break;
  }
  float product = inputs[i].is_used && counts(inputs) ? 1.0f : 0.0f;
  for (std::size_t other = 0; other < inputs.size(); ++other) {
    product *= other == i ? 1.0f : factor(inputs[other]);
  }
  return product;
}

/// Inputs of any shapes that fit, by an index that runs through the result.
class MergePlan final : public LayerPlan {
 public:
  MergePlan(Merge merge, const LayerSizes& sizes) : merge_(merge), shape_(sizes.output) {
    for (const Shape& input : sizes.inputs) {
      inputs_.push_back(padded(input, shape_.size()));
      is_plain_ &= inputs_.back() == shape_;
    }
  }

  void forward(const SliceRun& run) const override {
    if (run.output.mask != nullptr) {
      join_masks(run);
    }
    if (is_plain_ && merge_ == Merge::add) {
      const std::int64_t n = size_of(shape_) * run.rows;
      std::copy_n(run.inputs[0].value, n, run.output.value);
      for (const Signal& input : run.inputs.subspan(1)) {
        k::add(input.value, run.output.value, n);
      }
      return;
    }
    each(run, [&](std::int64_t at, Elements inputs, std::span<const std::int64_t>) {
      run.output.value[at] = merged(merge_, inputs);
    });
  }

  void backward(const SliceRun& run) const override {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (run.inputs[i].gradient != nullptr) {
        std::fill_n(run.inputs[i].gradient, size_of(inputs_[i]) * run.rows, 0.0f);
      }
    }
    each(run, [&](std::int64_t at, Elements inputs, std::span<const std::int64_t> places) {
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (run.inputs[i].gradient != nullptr) {
          run.inputs[i].gradient[places[i]] +=
              derivative(merge_, inputs, i) * run.output.gradient[at];
        }
      }
    });
  }

 private:
  /// Sizes as they lie: (T, rows, ...), or (rows, D).
  static Shape lying(const Shape& sample, std::int64_t rows) {
    Shape shape = sample;
    shape.insert(shape.begin() + (shape.size() > 1 ? 1 : 0), rows);
    return shape;
  }

  /// The place in `input` of the element at `index` of the result.
  static std::int64_t place(const Shape& input, std::span<const std::int64_t> index) {
    std::int64_t at = 0;
    for (std::size_t axis = 0; axis < input.size(); ++axis) {
      at = at * input[axis] + (input[axis] == 1 ? 0 : index[axis]);
    }
    return at;
  }

  template <class Visit>
  void each(const SliceRun& run, const Visit& visit) const {
    const Shape whole = lying(shape_, run.rows);
    std::vector<Shape> shapes;
    for (const Shape& input : inputs_) {
      shapes.push_back(lying(input, run.rows));
    }
    std::vector<std::int64_t> index(whole.size()), places(inputs_.size());
    std::vector<Element> elements(inputs_.size());
    for (std::int64_t at = 0; at < size_of(whole); ++at) {
      for (std::size_t i = 0; i < elements.size(); ++i) {
        const Signal& input = run.inputs[i];
        places[i] = is_plain_ ? at : place(shapes[i], index);
        elements[i].value = input.value[places[i]];
        if (input.mask != nullptr) {
          const std::int64_t t = inputs_[i][0] == 1 ? 0 : index[0];
          elements[i].has_mask = true;
          elements[i].is_used = input.mask[t * run.rows + index[1]] != 0;
        }
      }
      visit(at, elements, places);
      for (std::size_t axis = whole.size(); axis-- > 0 && ++index[axis] == whole[axis];) {
        index[axis] = 0;
      }
    }
  }

  /// A step counts when it does in one of the inputs.
  void join_masks(const SliceRun& run) const {
    for (std::int64_t i = 0; i < shape_[0] * run.rows; ++i) {
      bool is_used = false;
      for (std::size_t k = 0; k < inputs_.size(); ++k) {
        is_used |= run.inputs[k].mask[inputs_[k][0] == 1 ? i % run.rows : i] != 0;
      }
      run.output.mask[i] = is_used ? 1 : 0;
    }
  }

  Merge merge_;
  Shape shape_;
  std::vector<Shape> inputs_;  // with as many axes as the result
  bool is_plain_ = true;
};

[[noreturn]] void refuse_inputs(std::string_view where,
                                const std::string& expected,
                                std::string got) {
  throw error<ShapeError>(
      {.where = std::string(where), .expected = expected, .got = std::move(got)});
}

Shape output_shape(Merge merge, std::span<const Shape> inputs, std::string_view where) {
  const std::size_t count = inputs.size();
  if (count < 1 || (merge == Merge::subtract && count != 2)) {
    refuse_inputs(where, merge == Merge::subtract ? "2 inputs" : "inputs", std::to_string(count));
  }
  Shape result = inputs[0];
  for (const Shape& input : inputs.subspan(1)) {
    const std::size_t rank = std::max(result.size(), input.size());
    const Shape a = padded(result, rank), b = padded(input, rank);
    result = a;
    for (std::size_t i = 0; i < rank; ++i) {
      if (a[i] != b[i] && a[i] != 1 && b[i] != 1 && a[i] >= 0 && b[i] >= 0) {
        refuse_inputs(
            where, "inputs of shapes that fit", to_string(inputs[0]) + " and " + to_string(input));
      }
      result[i] = a[i] == 1 ? b[i] : (a[i] < 0 && b[i] > 1 ? b[i] : a[i]);
    }
  }
  return result;
}

template <class Options, Merge kMerge>
LayerSpec merge_spec(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Options, visit_merge_layers<Options>>(),
          .output_shape =
              [](const void*, std::span<const Shape> inputs, std::string_view where) {
                return output_shape(kMerge, inputs, where);
              },
          .weights = no_weights,
          .plan = [](const void*, const LayerSizes& sizes) -> std::unique_ptr<LayerPlan> {
            return std::make_unique<MergePlan>(kMerge, sizes);
          },
          .mask_rule = [](const void*) { return MaskRule::joins_all; },
          .is_identity = is_never_identity,
          .logits_of = no_logits,
          .flops = no_flops};
}

}  // namespace

const LayerSpec& add_spec() {
  static const LayerSpec spec = merge_spec<Add, Merge::add>("Add", "add");
  return spec;
}

const LayerSpec& spec_of(const Add&) { return add_spec(); }

const LayerSpec& subtract_spec() {
  static const LayerSpec spec = merge_spec<Subtract, Merge::subtract>("Subtract", "subtract");
  return spec;
}

const LayerSpec& spec_of(const Subtract&) { return subtract_spec(); }

const LayerSpec& multiply_spec() {
  static const LayerSpec spec = merge_spec<Multiply, Merge::multiply>("Multiply", "multiply");
  return spec;
}

const LayerSpec& spec_of(const Multiply&) { return multiply_spec(); }

const LayerSpec& average_spec() {
  static const LayerSpec spec = merge_spec<Average, Merge::average>("Average", "average");
  return spec;
}

const LayerSpec& spec_of(const Average&) { return average_spec(); }

const LayerSpec& maximum_spec() {
  static const LayerSpec spec = merge_spec<Maximum, Merge::maximum>("Maximum", "maximum");
  return spec;
}

const LayerSpec& spec_of(const Maximum&) { return maximum_spec(); }

const LayerSpec& minimum_spec() {
  static const LayerSpec spec = merge_spec<Minimum, Merge::minimum>("Minimum", "minimum");
  return spec;
}

const LayerSpec& spec_of(const Minimum&) { return minimum_spec(); }

}  // namespace engram
