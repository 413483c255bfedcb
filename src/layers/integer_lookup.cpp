// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/integer_lookup.hpp"

#include "base/error.hpp"
#include "layers/encode_plan.hpp"
#include "layers/layer_spec.hpp"
#include "layers/vocabulary.hpp"

namespace engram {

namespace {

constexpr std::string_view kIntegerLookup = "IntegerLookup";
constexpr std::array<std::string_view, 2> kMethods = {"floormod", "farmhash"};

LookupRules<std::int64_t> rules_of(const IntegerLookup& o) {
  return {.where = kIntegerLookup,
          .max_tokens = o.max_tokens,
          .oov_indices = o.num_oov_indices,
          .mask_token = o.mask_token,
          .oov_token = o.oov_token,
          .output_mode = o.output_mode,
          .is_padded = o.pad_to_max_tokens,
          .is_inverse = o.invert,
          .is_hashed = o.oov_method == "farmhash",
          .salt = o.salt};
}

Vocabulary<std::int64_t> table_of(const IntegerLookup& o) {
  return {rules_of(o), o.vocabulary, o.idf_weights};
}

void visit_options(IntegerLookup& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("invert", o.invert);
  v.option("max_tokens", o.max_tokens, in_range(2, kMostTokens));
  v.option("num_oov_indices", o.num_oov_indices, in_range(0, 1 << 20));
  v.option("oov_token", o.oov_token, any());
  v.option("mask_token", o.mask_token, any());
  v.choice("output_mode", o.output_mode, kEncodings);
  v.fixed("sparse", false);
  v.option("pad_to_max_tokens", o.pad_to_max_tokens);
  v.fixed("vocabulary_dtype", "int64");
  v.numbers("idf_weights", o.idf_weights);
  v.whole_numbers("vocabulary", o.vocabulary, any());
  const bool is_open = o.vocabulary.empty();
  v.ignored("vocabulary_size", is_open ? FixedValue() : o.vocabulary_size());
  v.choice("oov_method", o.oov_method, kMethods);
  v.whole_numbers("salt", o.salt, any());
}

Shape integer_lookup_output_shape(const void* options,
                                  std::span<const Shape> inputs,
                                  std::string_view where) {
  const IntegerLookup& o = options_as<IntegerLookup>(options);
  const Vocabulary<std::int64_t> table = table_of(o);
  table.require_tokens();
  return encoded_shape(o.output_mode, table.depth(), inputs[0], where);
}

std::unique_ptr<LayerPlan> integer_lookup_plan(const void* options, const LayerSizes& sizes) {
  const IntegerLookup& o = options_as<IntegerLookup>(options);
  const auto id_of = [table = table_of(o), is_inverse = o.invert](float value, std::uint32_t) {
    const std::int64_t number = whole_number(value, kIntegerLookup);
    return is_inverse ? table.token(number) : table.id(number);
  };
  return encode_plan({.output_mode = o.output_mode,
                      .depth = sizes.output.empty() ? 1 : sizes.output.back(),
                      .weights = table_of(o).weights()},
                     id_of,
                     sizes);
}

}  // namespace

void IntegerLookup::adapt(const Tensor& x) {
  const std::int64_t rows = x.rank() > 0 ? x.shape()[0] : 1;
  const auto each = static_cast<std::size_t>(rows > 0 ? x.size() / rows : 0);
  TokenCounter<std::int64_t> counter;
  std::vector<std::int64_t> numbers;
  for (const float value : x.values()) {
    numbers.push_back(whole_number(value, kIntegerLookup));
    if (numbers.size() == each) {
      counter.add_row(numbers);
      numbers.clear();
    }
  }
  LookupTokens<std::int64_t> learned = counter.learned(rules_of(*this));
  set_vocabulary(std::move(learned.tokens), std::move(learned.idf));
}

std::vector<std::int64_t> IntegerLookup::get_vocabulary(bool include_special_tokens) const {
  return table_of(*this).all(include_special_tokens);
}

std::int64_t IntegerLookup::vocabulary_size() const { return table_of(*this).size(); }

std::vector<float> IntegerLookup::weights() const { return table_of(*this).weights(); }

void IntegerLookup::set_vocabulary(std::vector<std::int64_t> tokens, std::vector<float> idf) {
  vocabulary = std::move(tokens);
  idf_weights = std::move(idf);
  table_of(*this);  // checks them
}

const LayerSpec& integer_lookup_spec() {
  static const LayerSpec spec = {.class_name = kIntegerLookup,
                                 .auto_name = "integer_lookup",
                                 .access = options_access<IntegerLookup, visit_options>(),
                                 .output_shape = integer_lookup_output_shape,
                                 .plan = integer_lookup_plan,
                                 .mask_rule = drops_mask,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const IntegerLookup&) { return integer_lookup_spec(); }

}  // namespace engram
