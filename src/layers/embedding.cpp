// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/embedding.hpp"

#include "layers/embedding_plan.hpp"

namespace engram {

namespace {

MaskRule embedding_mask_rule(const void* options) {
  return options_as<Embedding>(options).mask_zero ? MaskRule::makes : MaskRule::passes;
}

}  // namespace

const LayerSpec& embedding_spec() {
  static const LayerSpec spec = {.class_name = "Embedding",
                                 .auto_name = "embedding",
                                 .access = options_access<Embedding, visit_embedding<Embedding>>(),
                                 .output_shape = embedding_output_shape<Embedding>,
                                 .weights = embedding_weights<Embedding>,
                                 .plan = embedding_plan<Embedding>,
                                 .mask_rule = embedding_mask_rule};
  return spec;
}

const LayerSpec& spec_of(const Embedding&) { return embedding_spec(); }

}  // namespace engram
