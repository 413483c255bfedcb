// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/text_vectorization.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"
#include "layers/text_reader.hpp"
#include "layers/tokens.hpp"
#include "layers/vocabulary.hpp"

namespace engram {

namespace {

constexpr std::string_view kTextVectorization = "TextVectorization";
constexpr std::array<std::string_view, 3> kStandardizations = {
    "lower_and_strip_punctuation", "lower", "strip_punctuation"};
constexpr std::array<std::string_view, 2> kSplits = {"whitespace", "character"};
constexpr std::array<std::string_view, 4> kTextVectorizationModes = {
    "int", "multi_hot", "count", "tf_idf"};

LookupRules<std::string> rules_of(const TextVectorization& o) {
  return {.where = kTextVectorization,
          .max_tokens = o.max_tokens,
          .mask_token = "",
          .oov_token = "[UNK]",
          .output_mode = o.output_mode,
          .is_padded = o.pad_to_max_tokens};
}

Vocabulary<std::string> table_of(const TextVectorization& o) {
  return {rules_of(o), o.vocabulary, o.idf_weights};
}

void visit_options(TextVectorization& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("max_tokens", o.max_tokens, in_range(2, kMostTokens));
  v.option("standardize", o.standardize, kStandardizations);
  v.option("split", o.split, kSplits);
  v.whole_numbers("ngrams", o.ngrams, at_least(1), true);
  v.choice("output_mode", o.output_mode, kTextVectorizationModes);
  v.option("output_sequence_length", o.output_sequence_length, in_range(1, kMostTokens));
  v.option("pad_to_max_tokens", o.pad_to_max_tokens);
  v.fixed("sparse", false);
  v.fixed("ragged", false);
  v.texts("vocabulary", o.vocabulary);
  v.numbers("idf_weights", o.idf_weights);
  v.fixed("encoding", "utf-8");
  const bool is_open = o.vocabulary.empty();
  v.ignored("vocabulary_size", is_open ? FixedValue(std::int64_t{2}) : o.vocabulary_size());
}

/// The tokens of a sample of texts. Without a split each text is a token.
std::vector<std::string> tokens_of(const TextVectorization& o, std::span<const std::string> texts) {
  std::vector<std::string> tokens;
  for (std::string text : texts) {
    if (o.standardize && *o.standardize != "strip_punctuation") {
      text = lower_case(std::move(text));
    }
    if (o.standardize && *o.standardize != "lower") {
      text = without_punctuation(std::move(text));
    }
    if (!o.split) {
      tokens.push_back(std::move(text));
      continue;
    }
    tokens = *o.split == "character" ? split_characters(text) : split_words(text);
  }
  return o.ngrams.empty() ? tokens : join_ngrams(tokens, o.ngrams);
}

class TextVectorizationReader final : public TextReader {
 public:
  explicit TextVectorizationReader(const TextVectorization& o) : o_(o), table_(table_of(o)) {
    if (o.output_mode != "int" && o.output_sequence_length) {
      throw error<OptionError>({.where = std::string(kTextVectorization),
                                .expected = "output_sequence_length with output_mode 'int' only",
                                .got = in_quotes(o.output_mode)});
    }
    table_.require_tokens();
  }

  Shape sample_shape(const Shape& texts, std::string_view where) const override {
    if (texts.size() > 1 || (o_.split && texts.size() == 1 && texts[0] != 1)) {
      throw error<ShapeError>({.where = std::string(where),
                               .expected = o_.split ? "one text a sample" : "one axis of texts",
                               .got = to_string(texts) + " a sample"});
    }
    return {o_.output_mode == "int" ? o_.output_sequence_length.value_or(-1) : table_.depth()};
  }

  Tensor read(std::span<const std::string> texts, const Shape& sample) const override {
    const std::int64_t rows = count_samples(texts.size(), sample, kTextVectorization);
    const auto each = static_cast<std::size_t>(size_of(sample));
    std::vector<std::vector<std::int64_t>> ids;
    std::size_t longest = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      std::vector<std::int64_t>& of_row = ids.emplace_back();
      for (const std::string& token :
           tokens_of(o_, texts.subspan(static_cast<std::size_t>(row) * each, each))) {
        of_row.push_back(table_.id(token));
      }
      longest = std::max(longest, of_row.size());
    }
    const bool is_ids = o_.output_mode == "int";
    const auto width = static_cast<std::size_t>(
        is_ids ? o_.output_sequence_length.value_or(static_cast<std::int64_t>(longest))
               : table_.depth());
    Tensor out({rows, static_cast<std::int64_t>(width)});
    for (std::size_t row = 0; row < ids.size(); ++row) {
      const std::span<float> to = out.values().subspan(row * width, width);
      if (is_ids) {
        std::copy_n(ids[row].begin(), std::min(width, ids[row].size()), to.begin());
      } else {
        encode_row(o_.output_mode, table_.weights(), ids[row], to);
      }
    }
    return out;
  }

 private:
  TextVectorization o_;
  Vocabulary<std::string> table_;
};

std::unique_ptr<TextReader> text_vectorization_text_reader(const void* options) {
  return std::make_unique<TextVectorizationReader>(options_as<TextVectorization>(options));
}

}  // namespace

void TextVectorization::adapt(std::span<const std::string> texts) {
  TokenCounter<std::string> counter;
  for (const std::string& text : texts) {
    counter.add_row(tokens_of(*this, {&text, 1}));
  }
  LookupTokens<std::string> learned = counter.learned(rules_of(*this));
  set_vocabulary(std::move(learned.tokens), std::move(learned.idf));
}

Tensor TextVectorization::operator()(std::span<const std::string> texts) const {
  check_options(spec_of(*this).access, this, kTextVectorization);
  return TextVectorizationReader(*this).read(texts, {});
}

std::vector<std::string> TextVectorization::get_vocabulary(bool include_special_tokens) const {
  return table_of(*this).all(include_special_tokens);
}

std::int64_t TextVectorization::vocabulary_size() const { return table_of(*this).size(); }

std::vector<float> TextVectorization::weights() const { return table_of(*this).weights(); }

void TextVectorization::set_vocabulary(std::vector<std::string> tokens, std::vector<float> idf) {
  vocabulary = std::move(tokens);
  idf_weights = std::move(idf);
  table_of(*this);  // checks them
}

const LayerSpec& text_vectorization_spec() {
  static const LayerSpec spec = text_layer_spec("TextVectorization",
                                                "text_vectorization",
                                                options_access<TextVectorization, visit_options>(),
                                                text_vectorization_text_reader);
  return spec;
}

const LayerSpec& spec_of(const TextVectorization&) { return text_vectorization_spec(); }

}  // namespace engram
