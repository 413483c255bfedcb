// SPDX-License-Identifier: Apache-2.0
/// Optimizers, with Keras 3's defaults and formulas (epsilon where Keras puts it).
///
/// Example: model.compile({.optimizer = Adam{.learning_rate = 0.01f}, .loss = "mse"});
#pragma once

#include <optional>
#include <string_view>

#include "engram/choice.hpp"

namespace engram {

struct OptimizerSpec;

/// clipnorm limits each variable's gradient norm, global_clipnorm the norm of all together,
/// clipvalue each value; at most one of them may be given (OptionError otherwise).
struct SGD {
  float learning_rate = 0.01f;
  float momentum = 0.0f;
  bool nesterov = false;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
};

struct RMSprop {
  float learning_rate = 0.001f;
  float rho = 0.9f;
  float momentum = 0.0f;
  float epsilon = 1e-7f;
  bool centered = false;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
};

/// Source: Kingma & Ba 2015, with "epsilon hat".
struct Adam {
  float learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  bool amsgrad = false;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
};

/// Adam with weight decay. Source: Loshchilov & Hutter 2019.
struct AdamW {
  float learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  bool amsgrad = false;
  std::optional<float> weight_decay = 0.004f, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
};

/// Source: Duchi, Hazan & Singer 2011.
struct Adagrad {
  float learning_rate = 0.001f;
  float initial_accumulator_value = 0.1f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
};

/// Adam with Nesterov momentum. Source: Dozat 2016.
struct Nadam {
  float learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
};

const OptimizerSpec& spec_of(const SGD&);
const OptimizerSpec& spec_of(const RMSprop&);
const OptimizerSpec& spec_of(const Adam&);
const OptimizerSpec& spec_of(const AdamW&);
const OptimizerSpec& spec_of(const Adagrad&);
const OptimizerSpec& spec_of(const Nadam&);

/// Any optimizer, as a value. Implicit from a name: "adam", "adamw", "adagrad", "nadam",
/// "rmsprop", "sgd".
class Optimizer : public Choice<OptimizerSpec> {
 public:
  using Choice::Choice;

  /// Errors: OptionError for an unknown name.
  Optimizer(std::string_view name);

  Optimizer(const char* name) : Optimizer(std::string_view(name)) {}
};

}  // namespace engram
