// SPDX-License-Identifier: Apache-2.0
#include "engram/layers/identity.hpp"

#include "engram/layers/activation.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

void visit_options(IdentityLayer& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
}

std::unique_ptr<LayerPlan> identity_plan(const void*, const LayerSizes& sizes) {
  const ActivationLayer linear;
  return spec_of(linear).plan(&linear, sizes);
}

}  // namespace

const LayerSpec& identity_spec() {
  static const LayerSpec spec = {.class_name = "Identity",
                                 .auto_name = "identity",
                                 .access = options_access<IdentityLayer, visit_options>(),
                                 .plan = identity_plan,
                                 .is_identity = [](const void*, bool) { return true; }};
  return spec;
}

const LayerSpec& spec_of(const IdentityLayer&) { return identity_spec(); }

}  // namespace engram
