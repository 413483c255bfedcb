// SPDX-License-Identifier: Apache-2.0
#include "layers/text_reader.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace engram {

LayerSpec text_layer_spec(std::string_view class_name,
                          std::string_view auto_name,
                          const OptionsAccess& access,
                          std::unique_ptr<TextReader> (*reader)(const void* options)) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = access,
          .plan = [](const void*, const LayerSizes&) { return std::unique_ptr<LayerPlan>(); },
          .is_identity = [](const void*, bool) { return true; },
          .text_reader = reader,
          .mixes_steps = true};
}

std::int64_t count_samples(std::size_t count, const Shape& sample, std::string_view where) {
  const std::int64_t each = size_of(sample);
  if (each < 1 || static_cast<std::int64_t>(count) % each != 0) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = fmt::format("{} texts for each row", each),
                             .got = fmt::format("{} texts", count)});
  }
  return static_cast<std::int64_t>(count) / each;
}

}  // namespace engram
