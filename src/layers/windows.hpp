// SPDX-License-Identifier: Apache-2.0
/// Windows of layers along one axis (steps) or two (height, width): sizes and paddings as Keras has
/// them.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <type_traits>

#include "engram/tensor.hpp"
#include "kernels/windows.hpp"

namespace engram {

/// Options of windows, one entry an axis.
struct WindowOptions {
  Shape size, strides, dilation_rate;
  std::string_view padding;  ///< "valid", "same" or "causal"
};

/// The windows on samples of shape `sample`, (T, C) or (H, W, C). A length of -1 stays -1.
/// Errors: ShapeError for another rank, or when no whole window fits.
kernels::Windows windows_of(const WindowOptions& options,
                            const Shape& sample,
                            std::string_view where);

/// `output_size` windows of about one length along each axis. Errors: ShapeError for another rank,
/// or when a length is not known.
kernels::Windows adaptive_windows(const Shape& output_size,
                                  const Shape& sample,
                                  std::string_view where);

/// Errors: ShapeError unless the sample has so many axes of windows and features.
void require_images(const Shape& sample, std::size_t axes, std::string_view where);

/// A sample's shape with the windows' counts in place of lengths, and `channels`.
Shape windows_shape(const kernels::Windows& windows, std::size_t axes, std::int64_t channels);

/// How many axes an option of sizes has.
template <class Sizes>
inline constexpr std::size_t kAxes = std::is_same_v<Sizes, std::int64_t> ? 1 : 2;

/// An option of one axis or of two as a list, and as what a visitor reads.
inline Shape list_of(std::int64_t value) { return {value}; }

inline Shape list_of(const std::array<std::int64_t, 2>& values) { return {values[0], values[1]}; }

inline std::span<std::int64_t> span_of(std::int64_t& value) { return {&value, 1}; }

inline std::span<std::int64_t> span_of(std::array<std::int64_t, 2>& values) { return values; }

}  // namespace engram
