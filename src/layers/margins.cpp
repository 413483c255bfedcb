// SPDX-License-Identifier: Apache-2.0
// Cropping and zero padding: margins taken away from the ends of axes, or added.
#include <fmt/format.h>

#include "base/error.hpp"
#include "engram/layers/cropping1d.hpp"
#include "engram/layers/cropping2d.hpp"
#include "engram/layers/zero_padding1d.hpp"
#include "engram/layers/zero_padding2d.hpp"
#include "layers/data_format.hpp"
#include "layers/rearrange.hpp"
#include "layers/windows.hpp"

namespace engram {

namespace {

/// What is added before and behind an axis; cropping: less than 0.
struct Margin {
  std::int64_t before = 0, after = 0;
};

using Ends = std::array<std::int64_t, 2>;

void visit_ends(OptionVisitor& v, std::string_view name, Ends& ends) {
  v.sizes(name, ends, at_least(0));
}

void visit_ends(OptionVisitor& v, std::string_view name, std::array<Ends, 2>& ends) {
  v.pairs(name, ends, at_least(0));
}

std::vector<Margin> margins_of(const Ends& ends, std::int64_t sign) {
  return {{sign * ends[0], sign * ends[1]}};
}

std::vector<Margin> margins_of(const std::array<Ends, 2>& ends, std::int64_t sign) {
  return {{sign * ends[0][0], sign * ends[0][1]}, {sign * ends[1][0], sign * ends[1][1]}};
}

template <class Options>
std::vector<Margin> margins(const void* options) {
  const auto& o = options_as<Options>(options);
  if constexpr (requires { o.cropping; }) {
    return margins_of(o.cropping, -1);
  } else {
    return margins_of(o.padding, 1);
  }
}

template <class Options>
void visit_margins(Options& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  if constexpr (requires { o.cropping; }) {
    visit_ends(v, "cropping", o.cropping);
  } else {
    visit_ends(v, "padding", o.padding);
  }
  if constexpr (requires { o.data_format; }) {
    visit_data_format(v, o.data_format);
  }
}

Shape output_shape(const std::vector<Margin>& margins, Shape shape, std::string_view where) {
  require_images(shape, margins.size(), where);
  for (std::size_t i = 0; i < margins.size(); ++i) {
    const std::int64_t more = margins[i].before + margins[i].after;
    if (shape[i] >= 0 && shape[i] + more <= 0) {
      const char* unit = margins.size() == 1 ? "steps" : (i == 0 ? "rows" : "columns");
      throw error<ShapeError>({.where = std::string(where),
                               .expected = fmt::format("more than {} {} to crop", -more, unit),
                               .got = std::to_string(shape[i])});
    }
    shape[i] += shape[i] < 0 ? 0 : more;
  }
  return shape;
}

template <class Options>
LayerSpec margin_spec(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Options, visit_margins<Options>>(),
          .output_shape =
              [](const void* o, std::span<const Shape> inputs, std::string_view where) {
                return output_shape(margins<Options>(o), inputs[0], where);
              },
          .plan =
              [](const void* o, const LayerSizes& sizes) {
                const std::vector<Margin> all = margins<Options>(o);
                return moving_plan(
                    sizes, [&](std::size_t axis, std::int64_t i) { return i - all[axis].before; });
              },
          .mask_rule = drops_mask,
          .mixes_steps = true};
}

}  // namespace

const LayerSpec& cropping1d_spec() {
  static const LayerSpec spec = margin_spec<Cropping1D>("Cropping1D", "cropping1d");
  return spec;
}

const LayerSpec& cropping2d_spec() {
  static const LayerSpec spec =
      with_data_format<Cropping2D, 2>(margin_spec<Cropping2D>("Cropping2D", "cropping2d"));
  return spec;
}

const LayerSpec& zero_padding1d_spec() {
  static const LayerSpec spec = with_data_format<ZeroPadding1D, 1>(
      margin_spec<ZeroPadding1D>("ZeroPadding1D", "zero_padding1d"));
  return spec;
}

const LayerSpec& zero_padding2d_spec() {
  static const LayerSpec spec = with_data_format<ZeroPadding2D, 2>(
      margin_spec<ZeroPadding2D>("ZeroPadding2D", "zero_padding2d"));
  return spec;
}

const LayerSpec& spec_of(const Cropping1D&) { return cropping1d_spec(); }

const LayerSpec& spec_of(const Cropping2D&) { return cropping2d_spec(); }

const LayerSpec& spec_of(const ZeroPadding1D&) { return zero_padding1d_spec(); }

const LayerSpec& spec_of(const ZeroPadding2D&) { return zero_padding2d_spec(); }

}  // namespace engram
