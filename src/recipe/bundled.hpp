// SPDX-License-Identifier: Apache-2.0
/// The files that are compiled into the library; bundled.cpp is generated from recipes/ and share/.
#pragma once

#include <span>
#include <string_view>

namespace engram {

struct BundledFile {
  std::string_view name;  ///< "stock-lstm.toml"
  std::string_view text;
};

/// In the order of the list in src/recipe/CMakeLists.txt.
std::span<const BundledFile> bundled_files();

/// The text of a file that is known to be there.
std::string_view bundled_text(std::string_view name);

}  // namespace engram
