// SPDX-License-Identifier: Apache-2.0
/// What a learning rate schedule is to optimizers and to files.
#pragma once

#include <span>

#include "engram/schedules.hpp"
#include "parts/options.hpp"

namespace engram {

struct ScheduleSpec {
  std::string_view class_name;  ///< "CosineDecay"
  std::string_view name;        ///< "cosine_decay"
  OptionsAccess access;
  float (*at)(const void* options, float step);
};

/// Every schedule.
std::span<const ScheduleSpec* const> schedules();

/// A learning rate as an option: a number of 0 or more, or a schedule.
class LearningRateOption final : public ChosenKind<ScheduleSpec, schedules> {
 public:
  explicit LearningRateOption(LearningRate& rate)
      : ChosenKind("keras.optimizers.schedules", rate.schedule), number_(rate.value) {}

  float* number() override { return &number_; }

 private:
  float& number_;
};

}  // namespace engram
