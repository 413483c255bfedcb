// SPDX-License-Identifier: Apache-2.0
#include "parts/foreign.hpp"

#include "base/error.hpp"
#include "parts/metric_spec.hpp"
#include "parts/optimizer_spec.hpp"
#include "parts/weight_rules.hpp"

namespace engram {

namespace {

void visit_nothing(Foreign&, OptionVisitor&) {}

/// Nobody comes here: training and evaluating look for foreign things first.
[[noreturn]] void refuse() {
  throw error<InternalError>({.where = "a foreign class", .expected = "a check before its use"});
}

OptionsAccess access() { return options_access<Foreign, visit_nothing>(); }

}  // namespace

template <>
const LossSpec& foreign_spec<LossSpec>() {
  static const LossSpec spec = {
      .class_name = "foreign loss",
      .name = "foreign loss",
      .access = access(),
      .uses_logits = [](const void*, LogitsOf) { return false; },
      .evaluate = [](const void*, const LossRows&) -> double { refuse(); }};
  return spec;
}

template <>
const MetricSpec& foreign_spec<MetricSpec>() {
  static const MetricSpec spec = {
      .class_name = "foreign metric",
      .name = "foreign metric",
      .access = access(),
      .add = [](const void*, const LossRows&, double*) { refuse(); },
      .result = [](const void*, std::span<const double>, double) -> double { refuse(); }};
  return spec;
}

template <>
const OptimizerSpec& foreign_spec<OptimizerSpec>() {
  static const OptimizerSpec spec = {
      .class_name = "foreign optimizer",
      .name = "foreign optimizer",
      .access = access(),
      .slots = [](const void*) { return std::vector<std::string_view>(); },
      .common = [](const void*) { return OptimizerCommon{.learning_rate = 0.0f}; },
      .update = [](const void*, const UpdateRange&) { refuse(); }};
  return spec;
}

template <>
const RegularizerSpec& foreign_spec<RegularizerSpec>() {
  static const RegularizerSpec spec = {
      .class_name = "foreign regularizer",
      .name = "foreign regularizer",
      .access = access(),
      .penalty = [](const void*, const Penalized&) -> double { refuse(); }};
  return spec;
}

template <>
const ConstraintSpec& foreign_spec<ConstraintSpec>() {
  static const ConstraintSpec spec = {.class_name = "foreign constraint",
                                      .name = "foreign constraint",
                                      .access = access(),
                                      .apply = [](const void*, float*, const Shape&) { refuse(); }};
  return spec;
}

}  // namespace engram
