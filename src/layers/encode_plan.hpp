// SPDX-License-Identifier: Apache-2.0
/// Layers that find an id for each number: CategoryEncoding, IntegerLookup, Discretization. They
/// give the ids themselves or vectors of ones and counts.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "layers/layer_spec.hpp"
#include "layers/shapes.hpp"

namespace engram {

/// Every output_mode of lookups.
inline constexpr std::array<std::string_view, 5> kEncodings = {
    "int", "one_hot", "multi_hot", "count", "tf_idf"};

/// The shape that a sample of ids becomes, in vectors of `depth` values. Errors: ShapeError.
Shape encoded_shape(std::string_view output_mode,
                    std::int64_t depth,
                    const Shape& sample,
                    std::string_view where);

/// What is before the point of a number in a signal. Errors: DataError unless it is finite.
std::int64_t whole_number(float value, std::string_view where);

struct Encoding {
  std::string_view output_mode;
  std::int64_t depth = 0;
  std::vector<float> weights = {};  ///< of "tf_idf"
};

/// The shapes of a sample of texts and of what it becomes.
struct TextShapes {
  Shape texts, encoded;
};

/// What samples of texts become by the ids that `id_of` gives. Errors: ShapeError unless the texts
/// are whole samples.
Tensor encode_texts(std::span<const std::string> texts,
                    const TextShapes& shapes,
                    const Encoding& encoding,
                    const std::function<std::int64_t(const std::string&)>& id_of,
                    std::string_view where);

/// `IdOf` gives the id of (value, position of the layer); a negative one has no place in a vector.
template <class IdOf>
class EncodePlan final : public LayerPlan {
 public:
  EncodePlan(Encoding encoding, IdOf id_of, const LayerSizes& sizes)
      : id_of_(std::move(id_of)),
        is_id_(encoding.output_mode == "int"),
        counts_(encoding.output_mode == "count" || encoding.output_mode == "tf_idf"),
        depth_(is_id_ ? 1 : encoding.depth),
        each_(is_id_ || encoding.output_mode == "one_hot" ? 1 : sizes.inputs[0].back()),
        weights_(std::move(encoding.weights)),
        input_(sizes.inputs[0]),
        output_(sizes.output) {}

  void forward(const SliceRun& run) const override {
    std::fill_n(run.output.value, output_.size() * run.rows, 0.0f);
    for (std::int64_t i = 0; i < input_.size(); ++i) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        const float value = run.inputs[0].value[input_.at(i, row, run.rows)];
        const std::int64_t id = id_of_(value, run.position);
        if (is_id_ || id >= 0) {
          add(run, i, row, id);
        }
      }
    }
    for (std::int64_t i = 0; i < (weights_.empty() ? 0 : output_.size()); ++i) {
      for (std::int64_t row = 0; row < run.rows; ++row) {
        run.output.value[output_.at(i, row, run.rows)] *=
            weights_[static_cast<std::size_t>(i % depth_)];
      }
    }
  }

  void backward(const SliceRun& run) const override {
    if (run.inputs[0].gradient != nullptr) {  // ids have none
      std::fill_n(run.inputs[0].gradient, input_.size() * run.rows, 0.0f);
    }
  }

 private:
  void add(const SliceRun& run, std::int64_t i, std::int64_t row, std::int64_t id) const {
    if (is_id_) {
      run.output.value[output_.at(i, row, run.rows)] = static_cast<float>(id);
      return;
    }
    float& to = run.output.value[output_.at(i / each_ * depth_ + id, row, run.rows)];
    to = counts_ ? to + 1 : 1;
  }

  IdOf id_of_;
  bool is_id_, counts_;
  std::int64_t depth_, each_;  ///< ids that share a vector
  std::vector<float> weights_;
  TimeMajor input_, output_;
};

template <class IdOf>
std::unique_ptr<LayerPlan> encode_plan(Encoding encoding, IdOf id_of, const LayerSizes& sizes) {
  return std::make_unique<EncodePlan<IdOf>>(std::move(encoding), std::move(id_of), sizes);
}

}  // namespace engram
