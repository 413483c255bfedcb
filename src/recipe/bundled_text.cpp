// SPDX-License-Identifier: Apache-2.0
#include "base/error.hpp"
#include "recipe/bundled.hpp"

namespace engram {

std::string_view bundled_text(std::string_view name) {
  for (const BundledFile& file : bundled_files()) {
    if (file.name == name) {
      return file.text;
    }
  }
  throw InternalError("bundled files: there is no " + std::string(name));
}

}  // namespace engram
