// SPDX-License-Identifier: Apache-2.0
/// How a layer of texts turns them into the numbers that a network begins with.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "engram/tensor.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

/// A text layer made ready for texts. In a network its node hands on what this has made of them.
class TextReader {
 public:
  virtual ~TextReader() = default;

  /// The shape of a sample of numbers for `texts` texts a sample ({}: one); -1: as long as the
  /// longest text. Errors: ShapeError.
  virtual Shape sample_shape(const Shape& texts, std::string_view where) const = 0;

  /// The numbers (N, ...) of samples of texts.
  virtual Tensor read(std::span<const std::string> texts, const Shape& sample) const = 0;
};

/// The spec of a layer of texts.
LayerSpec text_layer_spec(std::string_view class_name,
                          std::string_view auto_name,
                          const OptionsAccess& access,
                          std::unique_ptr<TextReader> (*reader)(const void* options));

/// Errors: ShapeError unless `count` texts are whole samples. Returns their number.
std::int64_t count_samples(std::size_t count, const Shape& sample, std::string_view where);

}  // namespace engram
