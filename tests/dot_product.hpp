// SPDX-License-Identifier: Apache-2.0
/// A loss that is linear in the outputs, to see a layer's gradients as they are.
///
/// Example: model.compile({.optimizer = "sgd", .loss = Loss(DotProduct{})});
#pragma once

#include "parts/loss_spec.hpp"

namespace engram {

/// The loss sum(output * r), r given as the targets.
struct DotProduct {};

inline void visit_options(DotProduct&, OptionVisitor&) {}

inline const LossSpec& spec_of(const DotProduct&) {
  static const LossSpec spec = {.class_name = "DotProduct",
                                .name = "dot_product",
                                .access = options_access<DotProduct, visit_options>(),
                                .uses_logits = [](const void*, LogitsOf) { return false; },
                                .evaluate =
                                    [](const void*, const LossRows& rows) {
                                      double sum = 0;
                                      for (std::int64_t i = 0; i < rows.rows * rows.outputs; ++i) {
                                        sum +=
                                            static_cast<double>(rows.predicted[i]) * rows.target[i];
                                        if (rows.gradient != nullptr) {
                                          rows.gradient[i] = rows.target[i];
                                        }
                                      }
                                      return sum;
                                    }};
  return spec;
}

}  // namespace engram
