// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/category_encoding.hpp"

#include <algorithm>
#include <array>

#include "layers/ids.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 3> kModes = {"multi_hot", "one_hot", "count"};

void visit_options(CategoryEncoding& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("num_tokens", o.num_tokens, at_least(1));
  v.choice("output_mode", o.output_mode, kModes);
}

const CategoryEncoding& options_of(const void* options) {
  return *static_cast<const CategoryEncoding*>(options);
}

class CategoryEncodingPlan final : public LayerPlan {
 public:
  CategoryEncodingPlan(const CategoryEncoding& o, const LayerSizes& sizes)
      : tokens_(o.num_tokens),
        each_(o.output_mode == "one_hot" ? 1 : sizes.inputs[0].back()),
        counts_(o.output_mode == "count"),
        input_(sizes.inputs[0]),
        output_(sizes.output) {}

  void forward(const SliceRun& run) const override {
    std::fill_n(run.output.value, output_.size() * run.rows, 0.0f);
    for (std::int64_t i = 0; i < input_.size(); ++i) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const float value = run.inputs[0].value[input_.at(i, row, run.rows)];
        const auto id = checked_id(value, tokens_, "CategoryEncoding", run.position);
        float& to = run.output.value[output_.at(i / each_ * tokens_ + id, row, run.rows)];
        to = counts_ ? to + 1 : 1;
      }
    }
  }

  void backward(const SliceRun& run) const override {
    if (run.inputs[0].gradient != nullptr) {  // numbers have none
      std::fill_n(run.inputs[0].gradient, input_.size() * run.rows, 0.0f);
    }
  }

 private:
  std::int64_t tokens_, each_;  ///< numbers that share a vector
  bool counts_;
  TimeMajor input_, output_;
};

Shape output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const CategoryEncoding& o = options_of(options);
  Shape shape = inputs[0];
  if (shape.empty() || o.output_mode != "one_hot") {  // beyond, Keras disagrees with itself
    require_rank(shape, 1, "(batch, numbers)", where);
  }
  if (o.output_mode != "one_hot" || shape.back() == 1) {
    shape.pop_back();
  }
  shape.push_back(o.num_tokens);
  return shape;
}

}  // namespace

const LayerSpec& category_encoding_spec() {
  static const LayerSpec spec = {.class_name = "CategoryEncoding",
                                 .auto_name = "category_encoding",
                                 .access = options_access<CategoryEncoding, visit_options>(),
                                 .output_shape = output_shape,
                                 .plan = make_plan<CategoryEncodingPlan, CategoryEncoding>,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const CategoryEncoding&) { return category_encoding_spec(); }

}  // namespace engram
