// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/hashed_crossing.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/hashes.hpp"
#include "layers/encode_plan.hpp"
#include "layers/layer_spec.hpp"
#include "layers/text_reader.hpp"
#include "layers/vocabulary.hpp"

namespace engram {

namespace {

constexpr std::string_view kHashedCrossing = "HashedCrossing";
constexpr std::array<std::string_view, 2> kHashedCrossingModes = {"int", "one_hot"};

// A fingerprint as whole numbers that float32 holds.
constexpr std::int64_t kPieces = 4;
constexpr int kPieceBits = 16;

void visit_options(HashedCrossing& o, OptionVisitor& v) {
  v.option("num_bins", o.num_bins, in_range(1, kMostTokens));
  v.choice("output_mode", o.output_mode, kHashedCrossingModes);
  v.fixed("sparse", false);
  v.option("name", o.name);  // Keras's has no `trainable`
  v.ignored("dtype", o.output_mode == "int" ? "int64" : "float32");
}

/// Errors: ShapeError unless a sample is one value.
void require_one(const Shape& sample, std::string_view where) {
  if (!sample.empty() && sample != Shape{1}) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "inputs of shape () or (1,) a sample",
                             .got = to_string(sample)});
  }
}

class HashedCrossingReader final : public TextReader {
 public:
  Shape sample_shape(const Shape& texts, std::string_view where) const override {
    require_one(texts, where);
    Shape shape = texts;
    shape.push_back(kPieces);
    return shape;
  }

  Tensor read(std::span<const std::string> texts, const Shape& sample) const override {
    Shape shape = sample_shape(sample, kHashedCrossing);
    shape.insert(shape.begin(), count_samples(texts.size(), sample, kHashedCrossing));
    Tensor pieces(std::move(shape));
    auto to = pieces.values().begin();
    for (const std::string& text : texts) {
      const std::uint64_t fingerprint = farm_fingerprint(text);
      for (int i = 0; i < kPieces; ++i) {
        *to++ = static_cast<float>(fingerprint >> (kPieceBits * i) & ((1 << kPieceBits) - 1));
      }
    }
    return pieces;
  }
};

std::unique_ptr<TextReader> hashed_crossing_text_reader(const void*) {
  return std::make_unique<HashedCrossingReader>();
}

bool is_fingerprint(const Shape& sample) { return !sample.empty() && sample.back() == kPieces; }

Shape hashed_crossing_output_shape(const void* options,
                                   std::span<const Shape> inputs,
                                   std::string_view where) {
  if (inputs.size() != 2) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "two inputs",
                             .got = fmt::format("{}", inputs.size())});
  }
  std::vector<Shape> crossed(inputs.begin(), inputs.end());
  for (Shape& shape : crossed) {
    if (is_fingerprint(shape)) {
      shape.pop_back();
    }
    require_one(shape, where);
  }
  if (crossed[0] != crossed[1]) {
    throw error<ShapeError>(
        {.where = std::string(where),
         .expected = "two inputs of one shape",
         .got = to_string(crossed[0]) + " and " + to_string(crossed[1]) + " a sample"});
  }
  const HashedCrossing& o = options_as<HashedCrossing>(options);
  return o.output_mode == "int" ? crossed[0] : Shape{o.num_bins};
}

class CrossingPlan final : public LayerPlan {
 public:
  CrossingPlan(const HashedCrossing& o, const LayerSizes& sizes) : o_(o), inputs_(sizes.inputs) {}

  void forward(const SliceRun& run) const override {
    const bool is_id = o_.output_mode == "int";
    std::fill_n(run.output.value, run.rows * (is_id ? 1 : o_.num_bins), 0.0f);
    for (std::int64_t row = 0; row < run.rows; ++row) {
      std::uint64_t hash = kCrossingKey;
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        hash = joined_fingerprint(hash, word(run.inputs[i].value, row, inputs_[i]));
      }
      const auto bin = static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(o_.num_bins));
      if (is_id) {
        run.output.value[row] = static_cast<float>(bin);
      } else {
        run.output.value[row * o_.num_bins + bin] = 1;
      }
    }
  }

  void backward(const SliceRun& run) const override {
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      if (run.inputs[i].gradient != nullptr) {  // bins have none
        std::fill_n(run.inputs[i].gradient, size_of(inputs_[i]) * run.rows, 0.0f);
      }
    }
  }

 private:
  /// The 64 bits that stand for an input's value.
  static std::uint64_t word(const float* values, std::int64_t row, const Shape& sample) {
    if (!is_fingerprint(sample)) {
      return static_cast<std::uint64_t>(whole_number(values[row], kHashedCrossing));
    }
    std::uint64_t fingerprint = 0;
    for (std::int64_t i = kPieces; i-- > 0;) {
      fingerprint <<= kPieceBits;
      fingerprint |=
          static_cast<std::uint64_t>(whole_number(values[row * kPieces + i], kHashedCrossing));
    }
    return fingerprint;
  }

  HashedCrossing o_;
  std::vector<Shape> inputs_;
};

}  // namespace

const LayerSpec& hashed_crossing_spec() {
  static const LayerSpec spec = {.class_name = kHashedCrossing,
                                 .auto_name = "hashed_crossing",
                                 .access = options_access<HashedCrossing, visit_options>(),
                                 .output_shape = hashed_crossing_output_shape,
                                 .plan = make_plan<CrossingPlan, HashedCrossing>,
                                 .mask_rule = drops_mask,
                                 .text_reader = hashed_crossing_text_reader,
                                 .text_use = TextUse::joined,
                                 .mixes_steps = true};
  return spec;
}

const LayerSpec& spec_of(const HashedCrossing&) { return hashed_crossing_spec(); }

}  // namespace engram
