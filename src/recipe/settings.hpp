// SPDX-License-Identifier: Apache-2.0
/// TOML text as a table, and single values put into one.
#pragma once

#include <toml++/toml.h>
#include <string>

namespace engram {

/// Errors: OptionError naming file, line and column.
toml::table parse_toml(const std::string& text, const std::string& file);

/// Puts "fit.epochs=5" into `table`; a number after a dot picks from a list, from 0. What is no
/// TOML value counts as text. Errors: OptionError when the way to the key is missing.
void apply_setting(toml::table& table, const std::string& setting);

}  // namespace engram
