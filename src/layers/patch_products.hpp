// SPDX-License-Identifier: Apache-2.0
/// A convolution as products: windows become rows of a matrix.
#pragma once

#include <algorithm>
#include <span>

#include "kernels/windows.hpp"

namespace engram {

/// Values of the images under the windows, x, and values of the windows, z, by a kernel of shape
/// (taps, channels / groups, filters). A group is a part of the channels and of the filters.
class PatchProducts {
 public:
  struct Sizes {
    kernels::Windows windows;
    std::int64_t filters = 0, groups = 1, rows = 0;
    bool gives_windows = true;  ///< calls to_windows
    bool gives_images = false;  ///< calls to_images
  };

  explicit PatchProducts(const Sizes& sizes);

  std::int64_t packed_floats() const { return groups_ * (forward_floats_ + transposed_floats_); }

  /// Part 0 and 1 of the packing.
  void pack(const float* kernel, float* packed, std::int64_t part) const;

  std::int64_t workspace_floats() const { return patches_; }

  /// z = x * kernel + bias, which may be null.
  void to_windows(std::int64_t rows,
                  const float* x,
                  const float* packed,
                  const float* bias,
                  float* z,
                  float* workspace) const;

  /// x += the transpose: what each window's values give to the places under it.
  void to_images(
      std::int64_t rows, const float* z, const float* packed, float* x, float* workspace) const;

  /// dkernel += the gradient by z = x * kernel; dbias, unless null, likewise.
  void gradient(std::int64_t rows,
                const float* x,
                const float* dz,
                float* dkernel,
                float* dbias,
                float* workspace) const;

 private:
  /// Visit(range of windows, group, its windows, place of its first result): part by part.
  template <class Visit>
  void each_part(std::int64_t rows, const Visit& visit) const;

  /// The windows as rows: x itself where they are.
  const float* patches(const kernels::WindowRange& range, const float* x, float* workspace) const;

  kernels::Windows windows_;
  std::int64_t filters_, groups_;
  bool is_plain_ = false;       ///< a window is a place: nothing to lay out
  std::int64_t K_ = 0, N_ = 0;  ///< of a group's product
  std::int64_t forward_floats_ = 0, transposed_floats_ = 0;
  std::int64_t chunk_ = 1, patches_ = 0;
};

}  // namespace engram
