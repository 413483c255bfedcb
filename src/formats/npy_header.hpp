// SPDX-License-Identifier: Apache-2.0
/// The header of an .npy array: a Python dictionary in text.
///
/// Example: parse_npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }",
/// "x.npy")
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engram/error.hpp"

namespace engram::formats {

inline constexpr std::size_t kMostNpyAxes = 32;  ///< NumPy 1's limit

struct NpyHeader {
  std::string type;
  bool is_fortran_order = false;
  std::vector<std::int64_t> shape;
};

/// Errors: DataError unless `text` is the dictionary of exactly these three entries, in any order.
NpyHeader parse_npy_header(std::string_view text, std::string_view where);

/// The error of an .npy file that NumPy would not have written.
DataError npy_damage(std::string_view where, std::string expected, std::string got);

}  // namespace engram::formats
