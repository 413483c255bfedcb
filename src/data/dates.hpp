// SPDX-License-Identifier: Apache-2.0
/// Dates as labels that can be put in order.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "formats/csv.hpp"

namespace engram::data {

/// The numbers of a date that begins with the year, so that keys compare as dates do:
/// {2020, 4, 24} for 2020-04-24, 2020/4/24, 20200424 and 2020-04-24 00:00:00 alike (that one with
/// the time behind). Empty for any other text, whose order cannot be known.
std::vector<std::int64_t> date_key(std::string_view text);

/// Checks that the dates of `rows` ascend, or sorts the rows. Dates that do not begin with the year
/// are left alone, unless `sort` asks for them.
/// Errors: DataError naming the first row out of order, or a date that stands twice.
void order_by_dates(const formats::CsvCells& cells,
                    std::int64_t column,
                    bool sort,
                    std::vector<std::int64_t>& rows);

}  // namespace engram::data
