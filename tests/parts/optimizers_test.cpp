// SPDX-License-Identifier: Apache-2.0
#include "engram/optimizers.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "parts/nested.hpp"
#include "parts/optimizer_spec.hpp"
#include "parts/schedule_spec.hpp"

namespace engram {
namespace {

using Values = std::vector<float>;

/// Variables with their slots; clipping in plain float64, as the engine does it.
class Training {
 public:
  Training(Optimizer optimizer, std::vector<Values> variables, std::vector<Shape> shapes = {})
      : optimizer_(std::move(optimizer)), variables_(std::move(variables)) {
    const OptimizerSpec& spec = optimizer_.spec();
    for (const Values& variable : variables_) {
      const auto size = static_cast<std::int64_t>(variable.size());
      const std::size_t place = shapes_.size();
      shapes_.push_back({.shape = shapes.empty() ? Shape{size} : shapes[place], .path = "kernel"});
      slots_.emplace_back();
      for (std::size_t slot = 0; slot < spec.slots(optimizer_.options()).size(); ++slot) {
        const auto first = spec.first_slot_value;
        slots_.back().emplace_back(variable.size(),
                                   first == nullptr ? 0.0f : first(optimizer_.options(), slot));
      }
    }
  }

  void step(std::vector<Values> gradients) {
    clip(gradients);
    ++iteration_;
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      std::vector<float*> slots;
      for (Values& slot : slots_[i]) {
        slots.push_back(slot.data());
      }
      optimizer_.spec().update(
          optimizer_.options(),
          {.iteration = iteration_,
           .learning_rate =
               optimizer_.spec().common(optimizer_.options()).learning_rate.at(iteration_ - 1),
           .variable = &shapes_[i],
           .gradient = gradients[i].data(),
           .weights = variables_[i].data(),
           .slots = slots,
           .n = static_cast<std::int64_t>(variables_[i].size())});
    }
  }

  const Optimizer& optimizer() const { return optimizer_; }

  const std::vector<Values>& variables() const { return variables_; }

  /// What the file holds of a variable's slot; nothing when the variable has no such slot.
  std::optional<Values> slot(std::size_t variable, std::size_t slot) const {
    const auto shape_of = optimizer_.spec().slot_shape;
    Values values = slots_[variable][slot];
    if (shape_of != nullptr) {
      const auto shape = shape_of(optimizer_.options(), slot, shapes_[variable]);
      if (!shape) {
        return std::nullopt;
      }
      values.resize(static_cast<std::size_t>(size_of(*shape)));
    }
    return values;
  }

 private:
  static double norm(const Values& values) {
    double sum = 0;
    for (const float v : values) {
      sum += static_cast<double>(v) * static_cast<double>(v);
    }
    return std::sqrt(sum);
  }

  void clip(std::vector<Values>& gradients) const {
    const Clipping clipping = optimizer_.spec().common(optimizer_.options()).clipping;
    double all = 0;
    for (const Values& g : gradients) {
      all = std::hypot(all, norm(g));
    }
    for (Values& g : gradients) {
      const double limit = clipping.clipnorm.value_or(clipping.global_clipnorm.value_or(INFINITY));
      const double factor = limit / std::max(limit, clipping.clipnorm ? norm(g) : all);
      for (float& x : g) {
        x = std::isfinite(limit) ? static_cast<float>(x * factor) : x;
        x = clipping.clipvalue ? std::clamp(x, -*clipping.clipvalue, *clipping.clipvalue) : x;
      }
    }
  }

  Optimizer optimizer_;
  std::vector<Values> variables_;
  std::vector<std::vector<Values>> slots_;
  std::vector<UpdateVariable> shapes_;
  std::int64_t iteration_ = 0;
};

struct Golden {
  const char* name;
  Optimizer optimizer;
  double first, second;
};

class OptimizerGolden : public ::testing::TestWithParam<Golden> {};

/// KERAS.md 2.5: w = [1, -2], gradients [.1, -.2] and [.3, .05]. Allowed are the roundings of two
/// steps in float32, half an ulp (6e-8, 1.2e-7) for each of five operations on the weight.
INSTANTIATE_TEST_SUITE_P(
    Keras,
    OptimizerGolden,
    ::testing::Values(
        Golden{"Adam", Adam{.learning_rate = .01f}, .9808227, -1.9853057},
        Golden{"AdamW", AdamW{.learning_rate = .01f}, .9807432, -1.985146},
        Golden{"SGD", SGD{.learning_rate = .1f, .momentum = .9f, .nesterov = true}, .9159, -1.9553},
        Golden{"RMSprop", RMSprop{.learning_rate = .01f}, .9382278, -1.9764357},
        Golden{"Adagrad", Adagrad{.learning_rate = .01f}, .9902767, -1.9959793},
        Golden{"Nadam", Nadam{.learning_rate = .01f}, .9794513, -1.9911517}),
    [](const auto& test) { return test.param.name; });

TEST_P(OptimizerGolden, TwoStepsAreKeras) {
  Training training(GetParam().optimizer, {{1, -2}});
  training.step({{.1f, -.2f}});
  training.step({{.3f, .05f}});
  EXPECT_NEAR(training.variables()[0][0], GetParam().first, 3e-7);
  EXPECT_NEAR(training.variables()[0][1], GetParam().second, 6e-7);
}

TEST(Adam, FirstStepIsKeras) {
  Training training(Adam{.learning_rate = .01f}, {{1, -2}});
  training.step({{.1f, -.2f}});
  EXPECT_NEAR(training.variables()[0][0], .9900004, 2e-7);
  EXPECT_NEAR(training.variables()[0][1], -1.9900002, 3e-7);
}

std::vector<Values> flat_each(const nlohmann::json& arrays) {
  std::vector<Values> values;
  for (const nlohmann::json& array : arrays) {
    values.push_back(flat(array));
  }
  return values;
}

Training training_of(const nlohmann::json& c) {
  const OptimizerSpec& spec = *find_optimizer(c["optimizer"]["class_name"].get<std::string>());
  std::vector<Shape> shapes;
  for (const nlohmann::json& value : c["values"]) {
    shapes.push_back(shape_of(value));
  }
  return {
      golden::chosen<Optimizer>(spec, c["optimizer"]["config"]), flat_each(c["values"]), shapes};
}

/// Some steps of every optimizer and option that Keras 3.15 on TensorFlow made. A step is off by
/// its rounding, and by Keras's beta powers in float32: 1 - 0.999^t loses up to 3e-5 of itself.
TEST(Optimizer, AgreesWithKerasOnTensorFlow) {
  std::set<std::string> kinds;
  const nlohmann::json file = golden::read("optimizers.json");
  for (const nlohmann::json& c : file["cases"]) {
    kinds.insert(c["optimizer"]["class_name"].get<std::string>());
    Training training = training_of(c);
    for (std::size_t step = 0; step < c["steps"].size(); ++step) {
      training.step(flat_each(c["gradients"][step]));
      for (std::size_t v = 0; v < c["values"].size(); ++v) {
        const Values want = flat(c["steps"][step][v]);
        for (std::size_t i = 0; i < want.size(); ++i) {
          EXPECT_NEAR(training.variables()[v][i], want[i], 2e-6 + 1e-6 * std::abs(want[i]))
              << c["name"] << " step " << step << " variable " << v << " value " << i;
        }
      }
    }
  }
  EXPECT_EQ(kinds.size(), optimizers().size() - 4);  // AdamW and Adagrad: the two steps above;
                                                     // the two wrappers: tests/io
}

/// The slots after some steps, in the order of Keras's files: so interleaved_slots is checked too.
TEST(Optimizer, KeepsKerasSlotsInItsOrder) {
  const nlohmann::json file = golden::read("optimizers.json");
  for (const nlohmann::json& c : file["cases"]) {
    Training training = training_of(c);
    const OptimizerSpec& spec = training.optimizer().spec();
    const void* options = training.optimizer().options();
    for (const nlohmann::json& g : c["gradients"]) {
      training.step(flat_each(g));
    }
    std::vector<Values> order;
    const auto add = [&](std::size_t first, std::size_t end) {
      for (std::size_t v = 0; v < c["values"].size(); ++v) {
        for (std::size_t s = first; s < end; ++s) {
          if (const auto values = training.slot(v, s)) {
            order.push_back(*values);
          }
        }
      }
    };
    const std::size_t count = spec.slots(options).size();
    const auto turns = std::min(count, static_cast<std::size_t>(spec.interleaved_slots));
    add(0, turns);
    for (std::size_t s = turns; s < count; ++s) {
      add(s, s + 1);
    }
    if (spec.last_scalar != nullptr) {
      order.push_back({spec.last_scalar(options, static_cast<std::int64_t>(c["steps"].size()))});
    }
    ASSERT_EQ(order.size(), c["state"].size()) << c["name"];
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Values want = flat(c["state"][i]["values"]);
      ASSERT_EQ(order[i].size(), want.size()) << c["name"] << " " << i;
      for (std::size_t j = 0; j < want.size(); ++j) {
        EXPECT_NEAR(order[i][j], want[j], 1e-9 + 2e-5 * std::abs(want[j]))
            << c["name"] << " " << c["state"][i]["name"] << " " << j;
      }
    }
  }
}

/// Twelve schedules at eighteen steps, restarts among them. Allowed are a few roundings of float32.
TEST(Schedule, AgreesWithKeras) {
  const nlohmann::json file = golden::read("schedules.json");
  std::set<std::string> kinds;
  for (const nlohmann::json& c : file["cases"]) {
    const nlohmann::json config = {{"learning_rate", c["schedule"]}};
    const auto optimizer = golden::chosen<Optimizer>(*find_optimizer("sgd"), config);
    kinds.insert(c["schedule"]["class_name"].get<std::string>());
    for (std::size_t i = 0; i < c["steps"].size(); ++i) {
      const float rate = optimizer.get_if<SGD>()->learning_rate.at(c["steps"][i].get<int>());
      EXPECT_NEAR(rate, c["rates"][i].get<double>(), 3e-8) << c["schedule"] << c["steps"][i];
    }
  }
  EXPECT_EQ(kinds.size(), schedules().size());
}

TEST(Schedule, OptionsOutOfRangeAreRefused) {
  const auto check = [](const LearningRate& rate) {
    const Optimizer o = SGD{.learning_rate = rate};
    check_options(o.spec().access, o.options(), "SGD");
  };
  EXPECT_ERROR(check(ExponentialDecay{}),
               OptionError,
               "SGD: learning_rate's ExponentialDecay: expected decay_steps at least 1, got 0.");
  EXPECT_ERROR(LearningRate(PiecewiseConstantDecay{.boundaries = {3}, .values = {1}}).at(0),
               OptionError,
               "PiecewiseConstantDecay: expected one value more than boundaries, "
               "got 1 values for 1 boundaries.");
}

TEST(Optimizer, DecayComesBeforeTheUpdate) {
  Training sgd(SGD{.learning_rate = .5f, .weight_decay = .25f}, {{8}});
  sgd.step({{2}});
  EXPECT_FLOAT_EQ(sgd.variables()[0][0], 8 * (1 - .125f) - 1);
  Training rmsprop(RMSprop{.learning_rate = .5f, .rho = 0, .epsilon = 0, .weight_decay = .25f},
                   {{8}});
  rmsprop.step({{2}});
  EXPECT_FLOAT_EQ(rmsprop.variables()[0][0], 8 * (1 - .125f) - .5f);
}

TEST(Optimizer, SlotsFollowTheOptions) {
  using Names = std::vector<std::string_view>;
  const auto slots = [](const Optimizer& o) { return o.spec().slots(o.options()); };
  EXPECT_EQ(slots("adam"), (Names{"momentum", "velocity"}));
  EXPECT_EQ(slots(Adam{.amsgrad = true}), (Names{"momentum", "velocity", "velocity_hat"}));
  EXPECT_EQ(slots("sgd"), Names{});
  EXPECT_EQ(slots(SGD{.momentum = .9f}), Names{"momentum"});
  EXPECT_EQ(slots("rmsprop"), Names{"velocity"});
  EXPECT_EQ(slots(RMSprop{.momentum = .9f, .centered = true}),
            (Names{"velocity", "momentum", "average_gradient"}));
}

/// Keeps the names in the order in which they are visited.
class NameVisitor final : public OptionVisitor {
 public:
  std::vector<std::string> names;

  void option(std::string_view n, std::int64_t&, const Rule&) override { names.emplace_back(n); }

  void option(std::string_view n, float&, const Rule&) override { names.emplace_back(n); }

  void option(std::string_view n, std::optional<float>&, const Rule&) override {
    names.emplace_back(n);
  }

  void option(std::string_view n, std::optional<std::int64_t>&) override { names.emplace_back(n); }

  void option(std::string_view n, KindOption&) override { names.emplace_back(n); }

  void texts(std::string_view n, std::vector<std::string>&) override { names.emplace_back(n); }

  void option(std::string_view n, bool&) override { names.emplace_back(n); }

  void option(std::string_view n, std::string&) override { names.emplace_back(n); }

  void option(std::string_view n, Shape&) override { names.emplace_back(n); }

  void option(std::string_view n, Activation&) override { names.emplace_back(n); }

  void option(std::string_view n, Initializer&) override { names.emplace_back(n); }

  void fixed(std::string_view n, const FixedValue&) override { names.emplace_back(n); }
};

TEST(Optimizer, OptionsComeInTheOrderOfKerasConfig) {
  const auto names = [](const char* optimizer) {
    NameVisitor visitor;
    const OptimizerSpec& spec = *find_optimizer(optimizer);
    spec.access.visit(spec.access.create().get(), visitor);
    return visitor.names;
  };
  const std::vector<std::string> common = {"name",
                                           "learning_rate",
                                           "weight_decay",
                                           "clipnorm",
                                           "global_clipnorm",
                                           "clipvalue",
                                           "use_ema",
                                           "ema_momentum",
                                           "ema_overwrite_frequency",
                                           "loss_scale_factor",
                                           "gradient_accumulation_steps"};
  const auto with = [&](std::vector<std::string> own) {
    own.insert(own.begin(), common.begin(), common.end());
    return own;
  };
  EXPECT_EQ(names("adam"), with({"beta_1", "beta_2", "epsilon", "amsgrad"}));
  EXPECT_EQ(names("adamw"), with({"beta_1", "beta_2", "epsilon", "amsgrad"}));
  EXPECT_EQ(names("nadam"), with({"beta_1", "beta_2", "epsilon"}));
  EXPECT_EQ(names("ftrl"),
            with({"learning_rate_power",
                  "initial_accumulator_value",
                  "l1_regularization_strength",
                  "l2_regularization_strength",
                  "l2_shrinkage_regularization_strength",
                  "beta"}));
  EXPECT_EQ(names("muon"),
            with({"adam_beta_1",
                  "adam_beta_2",
                  "epsilon",
                  "exclude_layers",
                  "muon_a",
                  "muon_b",
                  "muon_c",
                  "adam_lr_ratio",
                  "momentum",
                  "ns_steps",
                  "nesterov",
                  "exclude_embeddings",
                  "adam_weight_decay",
                  "rms_rate"}));
  EXPECT_EQ(names("loss_scale_optimizer"),
            (std::vector<std::string>{
                "name", "inner_optimizer", "initial_scale", "dynamic_growth_steps"}));
  EXPECT_EQ(names("sgd"), with({"momentum", "nesterov"}));
  EXPECT_EQ(names("rmsprop"), with({"rho", "momentum", "epsilon", "centered"}));
  EXPECT_EQ(names("adagrad"), with({"initial_accumulator_value", "epsilon"}));
}

TEST(Optimizer, DefaultsAreKeras) {
  EXPECT_EQ(Optimizer("Adam").get_if<Adam>()->epsilon, 1e-7f);
  EXPECT_EQ(Optimizer("sgd").get_if<SGD>()->learning_rate.at(0), 0.01f);
  EXPECT_EQ(Optimizer("rmsprop").get_if<Adam>(), nullptr);
}

TEST(Optimizer, UnknownNameIsRefused) {
  EXPECT_ERROR(Optimizer("adan"),
               OptionError,
               "Optimizer: expected a supported optimizer, got 'adan'. Did you mean 'adam'? "
               "Supported: adadelta, "
               "adafactor, adagrad, adam, adamax, adamw, ftrl, lamb, lion, loss_scale_optimizer, "
               "multi_optimizer, muon, nadam, rmsprop, schedule_free_adamw, sgd.");
}

TEST(Optimizer, OptionsOutOfRangeAreRefused) {
  const auto check = [](const Optimizer& o) {
    check_options(o.spec().access, o.options(), o.spec().class_name);
  };
  EXPECT_ERROR(check(Adam{.learning_rate = -1}),
               OptionError,
               "Adam: expected learning_rate at least 0, got -1.");
  EXPECT_ERROR(check(Adam{.beta_1 = 1}), OptionError, "Adam: expected beta_1 in [0, 1), got 1.");
  EXPECT_ERROR(check(SGD{.learning_rate = NAN}),
               OptionError,
               "SGD: expected learning_rate at least 0, got nan.");
  EXPECT_ERROR(
      check(SGD{.momentum = 1.5f}), OptionError, "SGD: expected momentum in [0, 1], got 1.5.");
  EXPECT_ERROR(
      check(RMSprop{.clipnorm = 0.0f}), OptionError, "RMSprop: expected clipnorm above 0, got 0.");
  EXPECT_NO_THROW(check("adam"));
}

TEST(Optimizer, OneWayOfClippingAtMost) {
  const auto check = [](const Clipping& clipping) { check_clipping(clipping, "Adam"); };
  EXPECT_ERROR(check({.clipnorm = 1.0f, .clipvalue = 0.5f}),
               OptionError,
               "Adam: expected at most one of clipnorm, global_clipnorm and clipvalue, "
               "got clipnorm 1 and clipvalue 0.5.");
  EXPECT_NO_THROW(check({.global_clipnorm = 1.0f}));
  EXPECT_NO_THROW(check({}));
}

}  // namespace
}  // namespace engram
