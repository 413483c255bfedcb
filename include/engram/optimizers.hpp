// SPDX-License-Identifier: Apache-2.0
/// Optimizers, with Keras 3's defaults and formulas (epsilon where Keras puts it).
///
/// Example: model.compile({.optimizer = Adam{.learning_rate = 0.01f}, .loss = "mse"});
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engram/choice.hpp"
#include "engram/schedules.hpp"

namespace engram {

struct OptimizerSpec;

// What all have:
// - clipnorm limits each variable's gradient norm, global_clipnorm the norm of all together,
//   clipvalue each value; at most one of them may be given (OptionError otherwise).
// - gradient_accumulation_steps: that many batches make one update, of their mean gradient.
// - use_ema keeps an average of the weights, average = ema_momentum average + (1 - ema_momentum) w
//   after each batch; it replaces the weights at the end of fit, and on the way every
//   ema_overwrite_frequency updates.
// - loss_scale_factor is kept for files: Keras multiplies the loss by it and divides the gradients,
//   which matters for float16 only.

struct SGD {
  LearningRate learning_rate = 0.01f;
  float momentum = 0.0f;
  bool nesterov = false;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

struct RMSprop {
  LearningRate learning_rate = 0.001f;
  float rho = 0.9f;
  float momentum = 0.0f;
  float epsilon = 1e-7f;
  bool centered = false;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Source: Kingma & Ba 2015, with "epsilon hat".
struct Adam {
  LearningRate learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  bool amsgrad = false;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Adam with weight decay. Source: Loshchilov & Hutter 2019.
struct AdamW {
  LearningRate learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  bool amsgrad = false;
  std::optional<float> weight_decay = 0.004f, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Source: Duchi, Hazan & Singer 2011.
struct Adagrad {
  LearningRate learning_rate = 0.001f;
  float initial_accumulator_value = 0.1f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Adam with Nesterov momentum. Source: Dozat 2016.
struct Nadam {
  LearningRate learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Adam with the largest gradient of late in place of the mean square. Source: Kingma & Ba 2015.
struct Adamax {
  LearningRate learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Source: Zeiler 2012.
struct Adadelta {
  LearningRate learning_rate = 0.001f;
  float rho = 0.95f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Follows the regularized leader. Source: McMahan et al. 2013.
struct Ftrl {
  LearningRate learning_rate = 0.001f;
  float learning_rate_power = -0.5f;
  float initial_accumulator_value = 0.1f;
  float l1_regularization_strength = 0.0f;
  float l2_regularization_strength = 0.0f;
  float l2_shrinkage_regularization_strength = 0.0f;
  float beta = 0.0f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// The sign of a momentum. Source: Chen et al. 2023.
struct Lion {
  LearningRate learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.99f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Adam with each variable's step in proportion to its norm. Source: You et al. 2020.
struct Lamb {
  LearningRate learning_rate = 0.001f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-7f;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Mean squares kept for rows and columns only. Source: Shazeer & Stern 2018.
/// relative_step has no effect, as in Keras: the rate is at most 1 / sqrt(updates) either way.
struct Adafactor {
  LearningRate learning_rate = 0.001f;
  float beta_2_decay = -0.8f;
  float epsilon_1 = 1e-30f;
  float epsilon_2 = 1e-3f;
  float clip_threshold = 1.0f;
  bool relative_step = true;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// Orthogonalized momentum for matrices, AdamW for all else, and for variables whose path has
/// "embedding" in it unless told otherwise. Source: Jordan et al. 2024.
/// exclude_layers are regular expressions for the paths of variables ("dense_1/kernel") that go by
/// AdamW too, made of characters and . * + ? ^ $ | (OptionError for others).
struct Muon {
  LearningRate learning_rate = 0.001f;
  float adam_beta_1 = 0.9f;
  float adam_beta_2 = 0.999f;
  std::optional<float> adam_weight_decay = 0.004f;
  float epsilon = 1e-7f;
  std::vector<std::string> exclude_layers = {};
  bool exclude_embeddings = true;
  float muon_a = 3.4445f, muon_b = -4.775f, muon_c = 2.0315f;
  float adam_lr_ratio = 1.0f;
  float momentum = 0.95f;
  std::int64_t ns_steps = 5;
  bool nesterov = true;
  std::optional<float> rms_rate = 0.2f;
  std::optional<float> weight_decay = 0.004f, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

/// AdamW that needs no schedule. Source: Defazio et al. 2024.
struct ScheduleFreeAdamW {
  LearningRate learning_rate = 0.0025f;
  float beta_1 = 0.9f;
  float beta_2 = 0.999f;
  float epsilon = 1e-8f;
  std::int64_t warmup_steps = 0;
  std::optional<float> weight_decay = {}, clipnorm = {}, global_clipnorm = {}, clipvalue = {};
  bool use_ema = false;
  float ema_momentum = 0.99f;
  std::optional<std::int64_t> ema_overwrite_frequency = {}, gradient_accumulation_steps = {};
  std::optional<float> loss_scale_factor = {};
};

const OptimizerSpec& spec_of(const SGD&);
const OptimizerSpec& spec_of(const RMSprop&);
const OptimizerSpec& spec_of(const Adam&);
const OptimizerSpec& spec_of(const AdamW&);
const OptimizerSpec& spec_of(const Adagrad&);
const OptimizerSpec& spec_of(const Nadam&);
const OptimizerSpec& spec_of(const Adamax&);
const OptimizerSpec& spec_of(const Adadelta&);
const OptimizerSpec& spec_of(const Ftrl&);
const OptimizerSpec& spec_of(const Lion&);
const OptimizerSpec& spec_of(const Lamb&);
const OptimizerSpec& spec_of(const Adafactor&);
const OptimizerSpec& spec_of(const Muon&);
const OptimizerSpec& spec_of(const ScheduleFreeAdamW&);

/// Any optimizer, as a value. Implicit from Keras's name in small letters, such as "adam" or
/// "schedule_free_adamw".
class Optimizer : public Choice<OptimizerSpec> {
 public:
  using Choice::Choice;

  /// Errors: OptionError for an unknown name.
  Optimizer(std::string_view name);

  Optimizer(const char* name) : Optimizer(std::string_view(name)) {}
};

/// Another optimizer, whose gradients must be finite when multiplied by a scale: else the batch
/// changes no weights and the scale is halved. After dynamic_growth_steps good batches in a row it
/// is doubled. Gradients are float32 here, so that good batches are those of the inner optimizer.
struct LossScaleOptimizer {
  Optimizer inner_optimizer = RMSprop{};  ///< Keras's has no default
  float initial_scale = 32768.0f;
  std::int64_t dynamic_growth_steps = 2000;
};

const OptimizerSpec& spec_of(const LossScaleOptimizer&);

/// Optimizers by the paths of variables ("lstm/lstm_cell/kernel"): the one under that path, else
/// under a regular expression for the whole path ("lstm/.*"; as Muon's exclude_layers), else the
/// default. An Optimizer and its copies are one optimizer, of which global_clipnorm takes all
/// variables together; equal ones that were made apart are two.
struct OptimizerMap {
  Optimizer default_optimizer = RMSprop{};  ///< Keras's has no default
  std::vector<std::pair<std::string, Optimizer>> optimizer_map = {};
};

/// Each variable has the optimizer that optimizer_map names, each with a rate, slots and clipping
/// of its own. Errors: OptionError for a variable with two matches, for wrappers inside it, and for
/// a key twice.
///
/// Example: MultiOptimizer{.optimizer_map = {.default_optimizer = Adam{},
///                                           .optimizer_map = {{"embedding/.*", SGD{0.1f}}}}}
struct MultiOptimizer {
  OptimizerMap optimizer_map;
  std::optional<float> loss_scale_factor = {};
};

const OptimizerSpec& spec_of(const MultiOptimizer&);

}  // namespace engram
