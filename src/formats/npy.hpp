// SPDX-License-Identifier: Apache-2.0
/// NumPy's .npy arrays in memory, versions 1 to 3, as float32 in row-major order.
///
/// Example: const Tensor x = read_npy(read_file("x.npy", kLargestArray), "x.npy");
#pragma once

#include <string>
#include <string_view>

#include "engram/tensor.hpp"

namespace engram::formats {

/// Reads little-endian float32, float64, integers of 1 to 8 bytes and bool; `where` names the file
/// in messages. float64 is rounded to the nearest float32. The size of `bytes` is checked against
/// the header before anything is allocated.
/// Errors: DataError for a damaged file, another type or order, and values that float32 cannot
/// hold:
///         integers beyond 2^24, finite numbers beyond its range.
/// Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
Tensor read_npy(std::string_view bytes, std::string_view where);

/// The bytes of a version 1.0 file of '<f4', as numpy.save writes them.
/// Errors: DataError for more than 32 axes, which NumPy cannot read.
std::string write_npy(const Tensor& tensor);

}  // namespace engram::formats
