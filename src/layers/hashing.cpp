// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/hashing.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hashes.hpp"
#include "layers/encode_plan.hpp"
#include "layers/layer_spec.hpp"
#include "layers/text_reader.hpp"
#include "layers/vocabulary.hpp"

namespace engram {

namespace {

constexpr std::string_view kHashing = "Hashing";
constexpr std::array<std::string_view, 4> kHashingModes = {"int", "one_hot", "multi_hot", "count"};

void visit_options(Hashing& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.ignored("dtype", o.output_mode == "int" ? "int64" : "float32");  // Keras insists on it
  v.option("num_bins", o.num_bins, in_range(1, kMostTokens));
  v.whole_numbers("salt", o.salt, any());
  v.token("mask_value", o.mask_value);
  v.choice("output_mode", o.output_mode, kHashingModes);
  v.fixed("sparse", false);
}

/// The bins of tokens that are std::string or std::int64_t.
template <class Token>
class Bins {
 public:
  /// Errors: OptionError.
  explicit Bins(const Hashing& o) : salt_(o.salt), bins_(static_cast<std::uint64_t>(o.num_bins)) {
    const bool is_free = std::holds_alternative<std::monostate>(o.mask_value);
    const auto* mask = std::get_if<Token>(&o.mask_value);
    if (!is_free && mask == nullptr) {
      const bool is_text = std::is_same_v<Token, std::string>;
      throw error<OptionError>({.where = std::string(kHashing),
                                .expected = is_text
                                                ? "a mask_value that is a text, as the input is"
                                                : "a mask_value that is a number, as the input is",
                                .got = is_text ? "a number" : "a text",
                                .remedy = "An Input of texts has dtype \"string\"."});
    }
    if (!salt_.empty() && salt_.size() != 2) {
      throw error<OptionError>({.where = std::string(kHashing),
                                .expected = "salt of two numbers, or none",
                                .got = fmt::format("{}", salt_.size())});
    }
    if (mask != nullptr && bins_ > 1) {
      mask_ = *mask;
    }
  }

  const std::optional<Token>& mask() const { return mask_; }

  std::int64_t of(std::string_view text) const {
    const auto word = [&](std::size_t i) { return static_cast<std::uint64_t>(salt_[i]); };
    const std::uint64_t hash =
        salt_.empty() ? farm_fingerprint(text) : sip_hash(text, word(0), word(1));
    const std::uint64_t first = mask_ ? 1 : 0;
    return static_cast<std::int64_t>(hash % (bins_ - first) + first);
  }

 private:
  std::vector<std::int64_t> salt_;
  std::uint64_t bins_;
  std::optional<Token> mask_;  ///< has bin 0
};

class HashingReader final : public TextReader {
 public:
  explicit HashingReader(const Hashing& o)
      : encoding_{.output_mode = o.output_mode, .depth = o.num_bins}, bins_(o) {}

  Shape sample_shape(const Shape& texts, std::string_view where) const override {
    return encoded_shape(encoding_.output_mode, encoding_.depth, texts, where);
  }

  Tensor read(std::span<const std::string> texts, const Shape& sample) const override {
    const auto bin_of = [&](const std::string& text) {
      return text == bins_.mask() ? 0 : bins_.of(text);
    };
    return encode_texts(
        texts, {sample, sample_shape(sample, kHashing)}, encoding_, bin_of, kHashing);
  }

 private:
  Encoding encoding_;
  Bins<std::string> bins_;
};

std::unique_ptr<TextReader> hashing_text_reader(const void* options) {
  return std::make_unique<HashingReader>(options_as<Hashing>(options));
}

Shape hashing_output_shape(const void* options,
                           std::span<const Shape> inputs,
                           std::string_view where) {
  const Hashing& o = options_as<Hashing>(options);
  Bins<std::int64_t>{o};  // checks them
  return encoded_shape(o.output_mode, o.num_bins, inputs[0], where);
}

std::unique_ptr<LayerPlan> hashing_plan(const void* options, const LayerSizes& sizes) {
  const Hashing& o = options_as<Hashing>(options);
  const auto bin_of = [bins = Bins<std::int64_t>(o)](float value, std::uint32_t) {
    const bool is_masked = bins.mask() && static_cast<double>(value) == double(*bins.mask());
    return is_masked ? 0 : bins.of(std::to_string(whole_number(value, kHashing)));
  };
  return encode_plan({.output_mode = o.output_mode, .depth = o.num_bins}, bin_of, sizes);
}

}  // namespace

Tensor Hashing::operator()(std::span<const std::string> texts, const Shape& sample) const {
  check_options(spec_of(*this).access, this, kHashing);
  return HashingReader(*this).read(texts, sample);
}

const LayerSpec& hashing_spec() {
  static const LayerSpec spec = {.class_name = kHashing,
                                 .auto_name = "hashing",
                                 .access = options_access<Hashing, visit_options>(),
                                 .output_shape = hashing_output_shape,
                                 .plan = hashing_plan,
                                 .mask_rule = drops_mask,
                                 .text_reader = hashing_text_reader,
                                 .text_use = TextUse::read_or_numbers,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const Hashing&) { return hashing_spec(); }

}  // namespace engram
