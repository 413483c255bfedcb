// SPDX-License-Identifier: Apache-2.0
/// The schedules, in float32 and step by step as Keras computes them: so restarts fall on the same
/// updates.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.hpp"
#include "parts/schedule_spec.hpp"

namespace engram {

namespace {

constexpr float kPi = std::numbers::pi_v<float>;

/// What the decays begin with in Keras's config.
template <class Options>
void visit_start(Options& o, OptionVisitor& v) {
  v.option("initial_learning_rate", o.initial_learning_rate, at_least(0));
  v.option("decay_steps", o.decay_steps, at_least(1));
}

template <class Options>
void visit_rate(Options& o, OptionVisitor& v, const char* name) {
  visit_start(o, v);
  v.option("decay_rate", o.decay_rate, at_least(0));
  v.option("staircase", o.staircase);
  v.ignored("name", std::string(name));
}

void visit_options(ExponentialDecay& o, OptionVisitor& v) { visit_rate(o, v, "ExponentialDecay"); }

void visit_options(InverseTimeDecay& o, OptionVisitor& v) { visit_rate(o, v, "InverseTimeDecay"); }

void visit_options(PiecewiseConstantDecay& o, OptionVisitor& v) {
  v.numbers("boundaries", o.boundaries);
  v.numbers("values", o.values);
  v.ignored("name", "PiecewiseConstant");
}

void visit_options(PolynomialDecay& o, OptionVisitor& v) {
  visit_start(o, v);
  v.option("end_learning_rate", o.end_learning_rate, at_least(0));
  v.option("power", o.power, at_least(0));
  v.option("cycle", o.cycle);
  v.ignored("name", "PolynomialDecay");
}

void visit_options(CosineDecay& o, OptionVisitor& v) {
  visit_start(o, v);
  v.option("alpha", o.alpha, at_least(0));
  v.ignored("name", "CosineDecay");
  v.option("warmup_target", o.warmup_target, at_least(0));
  v.option("warmup_steps", o.warmup_steps, at_least(0));
}

void visit_options(CosineDecayRestarts& o, OptionVisitor& v) {
  v.option("initial_learning_rate", o.initial_learning_rate, at_least(0));
  v.option("first_decay_steps", o.first_decay_steps, at_least(1));
  v.option("t_mul", o.t_mul, above(0));
  v.option("m_mul", o.m_mul, at_least(0));
  v.option("alpha", o.alpha, at_least(0));
  v.ignored("name", "SGDRDecay");
}

/// step / decay_steps, its whole part with staircase.
template <class Options>
float decays(const Options& o, float step) {
  const float quotient = step / static_cast<float>(o.decay_steps);
  return o.staircase ? std::floor(quotient) : quotient;
}

float rate_at(const ExponentialDecay& o, float step) {
  return o.initial_learning_rate * std::pow(o.decay_rate, decays(o, step));
}

float rate_at(const InverseTimeDecay& o, float step) {
  return o.initial_learning_rate / (1 + o.decay_rate * decays(o, step));
}

float rate_at(const PiecewiseConstantDecay& o, float step) {
  if (o.values.size() != o.boundaries.size() + 1) {
    throw error<OptionError>({.where = "PiecewiseConstantDecay",
                              .expected = "one value more than boundaries",
                              .got = std::to_string(o.values.size()) + " values for " +
                                     std::to_string(o.boundaries.size()) + " boundaries"});
  }
  const auto after = std::lower_bound(o.boundaries.begin(), o.boundaries.end(), step);
  return o.values[static_cast<std::size_t>(after - o.boundaries.begin())];
}

float rate_at(const PolynomialDecay& o, float step) {
  auto length = static_cast<float>(o.decay_steps);
  if (o.cycle) {
    length *= step == 0 ? 1 : std::ceil(step / length);
  } else {
    step = std::min(step, length);
  }
  return (o.initial_learning_rate - o.end_learning_rate) * std::pow(1 - step / length, o.power) +
         o.end_learning_rate;
}

float rate_at(const CosineDecay& o, float step) {
  const auto length = static_cast<float>(o.decay_steps);
  float top = o.initial_learning_rate;
  if (o.warmup_target) {
    const auto warmup = static_cast<float>(o.warmup_steps);
    if (step < warmup) {
      return (*o.warmup_target - top) * (step / warmup) + top;
    }
    top = *o.warmup_target;
    step -= warmup;
  }
  const float cosine = 0.5f * (1 + std::cos(kPi * (std::min(step, length) / length)));
  return top * ((1 - o.alpha) * cosine + o.alpha);
}

float rate_at(const CosineDecayRestarts& o, float step) {
  float done = step / static_cast<float>(o.first_decay_steps);
  float restart = std::floor(done);
  if (o.t_mul == 1) {
    done -= restart;
  } else {
    restart = std::floor(std::log(1 - done * (1 - o.t_mul)) / std::log(o.t_mul));
    const float length = std::pow(o.t_mul, restart);
    done = (done - (1 - length) / (1 - o.t_mul)) / length;
  }
  const float cosine = 0.5f * std::pow(o.m_mul, restart) * (1 + std::cos(kPi * done));
  return o.initial_learning_rate * ((1 - o.alpha) * cosine + o.alpha);
}

template <class Options>
ScheduleSpec make_schedule_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .at = [](const void* options, float step) {
            return rate_at(options_as<Options>(options), step);
          }};
}

}  // namespace

const ScheduleSpec& exponential_decay_spec() {
  static const ScheduleSpec spec =
      make_schedule_spec<ExponentialDecay>("ExponentialDecay", "exponential_decay");
  return spec;
}

const ScheduleSpec& spec_of(const ExponentialDecay&) { return exponential_decay_spec(); }

const ScheduleSpec& piecewise_constant_decay_spec() {
  static const ScheduleSpec spec = make_schedule_spec<PiecewiseConstantDecay>(
      "PiecewiseConstantDecay", "piecewise_constant_decay");
  return spec;
}

const ScheduleSpec& spec_of(const PiecewiseConstantDecay&) {
  return piecewise_constant_decay_spec();
}

const ScheduleSpec& polynomial_decay_spec() {
  static const ScheduleSpec spec =
      make_schedule_spec<PolynomialDecay>("PolynomialDecay", "polynomial_decay");
  return spec;
}

const ScheduleSpec& spec_of(const PolynomialDecay&) { return polynomial_decay_spec(); }

const ScheduleSpec& inverse_time_decay_spec() {
  static const ScheduleSpec spec =
      make_schedule_spec<InverseTimeDecay>("InverseTimeDecay", "inverse_time_decay");
  return spec;
}

const ScheduleSpec& spec_of(const InverseTimeDecay&) { return inverse_time_decay_spec(); }

const ScheduleSpec& cosine_decay_spec() {
  static const ScheduleSpec spec = make_schedule_spec<CosineDecay>("CosineDecay", "cosine_decay");
  return spec;
}

const ScheduleSpec& spec_of(const CosineDecay&) { return cosine_decay_spec(); }

const ScheduleSpec& cosine_decay_restarts_spec() {
  static const ScheduleSpec spec =
      make_schedule_spec<CosineDecayRestarts>("CosineDecayRestarts", "cosine_decay_restarts");
  return spec;
}

const ScheduleSpec& spec_of(const CosineDecayRestarts&) { return cosine_decay_restarts_spec(); }

float LearningRate::at(std::int64_t batches) const {
  return schedule ? schedule->spec().at(schedule->options(), static_cast<float>(batches)) : value;
}

}  // namespace engram
