// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/category_encoding.hpp"

#include "layers/encode_plan.hpp"
#include "layers/ids.hpp"

namespace engram {

namespace {

constexpr std::array<std::string_view, 3> kCategoryEncodingModes = {
    "multi_hot", "one_hot", "count"};

void visit_options(CategoryEncoding& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("num_tokens", o.num_tokens, at_least(1));
  v.choice("output_mode", o.output_mode, kCategoryEncodingModes);
}

std::unique_ptr<LayerPlan> category_encoding_plan(const void* options, const LayerSizes& sizes) {
  const CategoryEncoding& o = options_as<CategoryEncoding>(options);
  const auto id_of = [tokens = o.num_tokens](float value, std::uint32_t position) {
    return checked_id(value, tokens, "CategoryEncoding", position);
  };
  return encode_plan({.output_mode = o.output_mode, .depth = o.num_tokens}, id_of, sizes);
}

Shape category_encoding_output_shape(const void* options,
                                     std::span<const Shape> inputs,
                                     std::string_view where) {
  const CategoryEncoding& o = options_as<CategoryEncoding>(options);
  return encoded_shape(o.output_mode, o.num_tokens, inputs[0], where);
}

}  // namespace

const LayerSpec& category_encoding_spec() {
  static const LayerSpec spec = {.class_name = "CategoryEncoding",
                                 .auto_name = "category_encoding",
                                 .access = options_access<CategoryEncoding, visit_options>(),
                                 .output_shape = category_encoding_output_shape,
                                 .plan = category_encoding_plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const CategoryEncoding&) { return category_encoding_spec(); }

}  // namespace engram
