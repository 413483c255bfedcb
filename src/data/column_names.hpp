// SPDX-License-Identifier: Apache-2.0
/// Which column of a table is meant: by its name, its role in daily bars, or its position.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace engram::data {

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text);

/// The columns that `name` may mean: the one called so; else those called so in another case, or
/// with another name of the same role; else the one at that position.
std::vector<std::int64_t> matching_columns(const std::vector<std::string>& names,
                                           std::string_view name);

/// The fault of a name that no column has, in the table `where`.
Fault unknown_column(const std::string& where,
                     const std::vector<std::string>& names,
                     std::string_view name);

}  // namespace engram::data
