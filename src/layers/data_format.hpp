// SPDX-License-Identifier: Apache-2.0
/// data_format: whether features come behind the axes of windows or before them.
///
/// Layers know the first order only. For the other the plan's input is turned to it, and the result
/// turned back.
#pragma once

#include <array>

#include "base/error.hpp"
#include "layers/layer_spec.hpp"
#include "parts/functions.hpp"

namespace engram {

/// `axes` of windows; 0: as many as the sample has beside its features.
Shape features_last(Shape sample, std::size_t axes);
Shape features_first(Shape sample, std::size_t axes);

/// The plan `inner` of `weights` weights, made for features_last of the sizes.
std::unique_ptr<LayerPlan> turned_plan(std::unique_ptr<LayerPlan> inner,
                                       std::size_t weights,
                                       std::size_t axes,
                                       const LayerSizes& sizes);

inline void visit_data_format(OptionVisitor& v, std::string& value) {
  static constexpr std::array<std::string_view, 2> kFormats = {"channels_last", "channels_first"};
  v.choice("data_format", value, kFormats);
}

/// The spec of a layer that takes both orders, out of `spec`, which takes features last.
template <class Options, std::size_t axes>
LayerSpec with_data_format(const LayerSpec& spec) {
  using Inputs = std::span<const Shape>;
  static const LayerSpec plain = spec;
  static constexpr auto options_of = [](const void* o) -> const Options& {
    return options_as<Options>(o);
  };
  static constexpr auto is_first = [](const void* o) {
    return options_of(o).data_format == "channels_first";
  };
  static constexpr auto last = [](const void* o, Inputs inputs) {
    return std::vector<Shape>{is_first(o) ? features_last(inputs[0], axes) : inputs[0]};
  };
  LayerSpec turned = spec;
  turned.output_shape = [](const void* o, Inputs inputs, std::string_view where) {
    const Shape shape = plain.output_shape(o, last(o, inputs), where);
    if constexpr (requires(Options options) { options.activation; }) {
      if (is_first(o) && !function_of(options_of(o).activation)) {
        throw error<OptionError>({.where = std::string(where),
                                  .expected = "an activation of single values with channels_first",
                                  .got = in_quotes(options_of(o).activation.name())});
      }
    }
    if constexpr (requires(Options options) { options.return_state; }) {
      if (is_first(o) && options_of(o).return_state) {
        throw error<OptionError>({.where = std::string(where),
                                  .expected = "data_format 'channels_last' with return_state",
                                  .got = "'channels_first'"});
      }
    }
    return is_first(o) ? features_first(shape, axes) : shape;
  };
  turned.weights = [](const void* o, Inputs inputs) { return plain.weights(o, last(o, inputs)); };
  turned.flops = [](const void* o, Inputs inputs) { return plain.flops(o, last(o, inputs)); };
  // The turned values have no logits beside them.
  turned.logits_of = [](const void* o) {
    return is_first(o) ? LogitsOf::none : plain.logits_of(o);
  };
  turned.plan = [](const void* o, const LayerSizes& sizes) {
    if (!is_first(o)) {
      return plain.plan(o, sizes);
    }
    LayerSizes inner = sizes;
    inner.inputs = last(o, sizes.inputs);
    inner.output = features_last(sizes.output, axes);
    return turned_plan(plain.plan(o, inner), plain.weights(o, inner.inputs).size(), axes, sizes);
  };
  if (spec.carried_floats != nullptr) {
    turned.carried_floats = [](const void* o, Inputs inputs) {
      return plain.carried_floats(o, last(o, inputs));
    };
  }
  return turned;
}

}  // namespace engram
