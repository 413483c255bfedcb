// SPDX-License-Identifier: Apache-2.0
/// Layers that make one value of several: Add, Subtract, Multiply, Average, Maximum, Minimum,
/// Concatenate and Dot.
///
/// Example: KerasTensor sum = Layer(Add{})({a, b});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "engram/layers/layer.hpp"

namespace engram {

/// a + b + ...
/// Shapes: inputs of one shape, or sizes of 1 that are repeated; one with fewer axes gets axes of 1
/// after the batch. Errors: ShapeError. The same holds for all but Concatenate and Dot.
struct Add {
  bool trainable = true;
  std::string name = "";
};

/// a - b
struct Subtract {
  bool trainable = true;
  std::string name = "";
};

/// a * b * ...; masked steps count as 1, as long as not all inputs are masked.
struct Multiply {
  bool trainable = true;
  std::string name = "";
};

/// (a + b + ...) / n
struct Average {
  bool trainable = true;
  std::string name = "";
};

/// The larger one; masked steps do not compete.
struct Maximum {
  bool trainable = true;
  std::string name = "";
};

/// The smaller one; masked steps do not compete.
struct Minimum {
  bool trainable = true;
  std::string name = "";
};

/// One after another along `axis`, which counts the batch as axis 0; negative: from the end.
/// Shapes: equal but for that axis. A step is masked when all inputs mask it.
struct Concatenate {
  std::int64_t axis = -1;
  bool trainable = true;
  std::string name = "";
};

/// The sum of products over one axis of each of two inputs, with `normalize` each divided by its
/// length along that axis first. In `axes` the batch counts as axis 0;
/// negative: from the end.
/// Shapes: (N, ..., K, ...) and (N, ..., K, ...); result the other axes of the first, then those of
/// the second; (N, 1) when none is left.
struct Dot {
  std::array<std::int64_t, 2> axes = {-1, -1};
  bool normalize = false;
  bool trainable = true;
  std::string name = "";
};

const LayerSpec& spec_of(const Add&);
const LayerSpec& spec_of(const Subtract&);
const LayerSpec& spec_of(const Multiply&);
const LayerSpec& spec_of(const Average&);
const LayerSpec& spec_of(const Maximum&);
const LayerSpec& spec_of(const Minimum&);
const LayerSpec& spec_of(const Concatenate&);
const LayerSpec& spec_of(const Dot&);

}  // namespace engram
