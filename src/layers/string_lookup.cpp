// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/string_lookup.hpp"

#include "base/error.hpp"
#include "layers/encode_plan.hpp"
#include "layers/layer_spec.hpp"
#include "layers/text_reader.hpp"
#include "layers/vocabulary.hpp"

namespace engram {

namespace {

constexpr std::string_view kStringLookup = "StringLookup";

LookupRules<std::string> rules_of(const StringLookup& o) {
  return {.where = kStringLookup,
          .max_tokens = o.max_tokens,
          .oov_indices = o.num_oov_indices,
          .mask_token = o.mask_token,
          .oov_token = o.oov_token,
          .output_mode = o.output_mode,
          .is_padded = o.pad_to_max_tokens,
          .is_inverse = o.invert,
          .salt = o.salt};
}

Vocabulary<std::string> table_of(const StringLookup& o) {
  return {rules_of(o), o.vocabulary, o.idf_weights};
}

void visit_options(StringLookup& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("invert", o.invert);
  v.option("max_tokens", o.max_tokens, in_range(2, kMostTokens));
  v.option("num_oov_indices", o.num_oov_indices, in_range(0, 1 << 20));
  v.option("oov_token", o.oov_token, {});
  v.option("mask_token", o.mask_token, {});
  v.choice("output_mode", o.output_mode, kEncodings);
  v.fixed("sparse", false);
  v.option("pad_to_max_tokens", o.pad_to_max_tokens);
  v.numbers("idf_weights", o.idf_weights);
  v.texts("vocabulary", o.vocabulary);
  const bool is_open = o.vocabulary.empty();
  v.ignored("vocabulary_size", is_open ? FixedValue() : o.vocabulary_size());
  v.ignored("oov_method", "floormod");  // of integers
  v.whole_numbers("salt", o.salt, any());
  v.fixed("encoding", "utf-8");
}

class StringLookupReader final : public TextReader {
 public:
  explicit StringLookupReader(const StringLookup& o) : o_(o), table_(table_of(o)) {
    if (o.invert) {
      throw error<OptionError>({.where = std::string(kStringLookup),
                                .expected = "invert = false in a model",
                                .got = "true",
                                .remedy = "Use words() on the model's output."});
    }
    table_.require_tokens();
  }

  Shape sample_shape(const Shape& texts, std::string_view where) const override {
    const Shape words = texts.empty() ? Shape{1} : texts;
    return encoded_shape(o_.output_mode, table_.depth(), words, where);
  }

  Tensor read(std::span<const std::string> texts, const Shape& sample) const override {
    return encode_texts(
        texts,
        {sample, sample_shape(sample, kStringLookup)},
        {.output_mode = o_.output_mode, .weights = table_.weights()},
        [&](const std::string& text) { return table_.id(text); },
        kStringLookup);
  }

 private:
  StringLookup o_;
  Vocabulary<std::string> table_;
};

std::unique_ptr<TextReader> string_lookup_text_reader(const void* options) {
  return std::make_unique<StringLookupReader>(options_as<StringLookup>(options));
}

}  // namespace

void StringLookup::adapt(std::span<const std::string> texts, std::int64_t words_a_row) {
  const std::int64_t rows = count_samples(texts.size(), {words_a_row}, kStringLookup);
  const auto each = static_cast<std::size_t>(words_a_row);
  TokenCounter<std::string> counter;
  for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
    counter.add_row(texts.subspan(row * each, each));
  }
  LookupTokens<std::string> learned = counter.learned(rules_of(*this));
  set_vocabulary(std::move(learned.tokens), std::move(learned.idf));
}

Tensor StringLookup::operator()(std::span<const std::string> texts, const Shape& sample) const {
  check_options(spec_of(*this).access, this, kStringLookup);
  return StringLookupReader(*this).read(texts, sample);
}

std::vector<std::string> StringLookup::words(const Tensor& ids) const {
  LookupRules<std::string> rules = rules_of(*this);
  rules.is_inverse = true;
  const Vocabulary<std::string> table(rules, vocabulary, {});
  std::vector<std::string> words;
  for (const float id : ids.values()) {
    words.push_back(table.token(whole_number(id, kStringLookup)));
  }
  return words;
}

std::vector<std::string> StringLookup::get_vocabulary(bool include_special_tokens) const {
  return table_of(*this).all(include_special_tokens);
}

std::int64_t StringLookup::vocabulary_size() const { return table_of(*this).size(); }

std::vector<float> StringLookup::weights() const { return table_of(*this).weights(); }

void StringLookup::set_vocabulary(std::vector<std::string> tokens, std::vector<float> idf) {
  vocabulary = std::move(tokens);
  idf_weights = std::move(idf);
  table_of(*this);  // checks them
}

const LayerSpec& string_lookup_spec() {
  static const LayerSpec spec = text_layer_spec("StringLookup",
                                                "string_lookup",
                                                options_access<StringLookup, visit_options>(),
                                                string_lookup_text_reader);
  return spec;
}

const LayerSpec& spec_of(const StringLookup&) { return string_lookup_spec(); }

}  // namespace engram
