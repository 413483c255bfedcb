// SPDX-License-Identifier: Apache-2.0
/// Pooling to a given length: as many windows, of about one length, as the result has places.
///
/// Example: model.add(AdaptiveAveragePooling1D{.output_size = 4});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// The mean of steps floor(i T / output_size) to ceil((i + 1) T / output_size), which may overlap.
/// Shapes: x (N, T, D); result (N, output_size, D). A mask ends here, as in Keras.
/// Errors: ShapeError when T is not known.
struct AdaptiveAveragePooling1D {
  std::int64_t output_size = 0;
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

/// As AdaptiveAveragePooling1D. Shapes: x (N, height, width, D); result (N, output_size, D).
struct AdaptiveAveragePooling2D {
  std::array<std::int64_t, 2> output_size = {0, 0};
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

/// The largest value of steps floor(i T / output_size) to ceil((i + 1) T / output_size), which may
/// overlap. Shapes: x (N, T, D); result (N, output_size, D). A mask ends here, as in Keras. Errors:
/// ShapeError when T is not known.
struct AdaptiveMaxPooling1D {
  std::int64_t output_size = 0;
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

/// As AdaptiveMaxPooling1D. Shapes: x (N, height, width, D); result (N, output_size, D).
struct AdaptiveMaxPooling2D {
  std::array<std::int64_t, 2> output_size = {0, 0};
  std::string data_format = "channels_last";
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const AdaptiveAveragePooling1D&);

const LayerSpec& spec_of(const AdaptiveAveragePooling2D&);

const LayerSpec& spec_of(const AdaptiveMaxPooling1D&);

const LayerSpec& spec_of(const AdaptiveMaxPooling2D&);

}  // namespace engram
