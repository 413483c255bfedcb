// SPDX-License-Identifier: Apache-2.0
#include "engram/losses.hpp"

#include "base/error.hpp"
#include "parts/loss_spec.hpp"
#include "parts/names.hpp"

namespace engram {

const LossSpec* find_loss(std::string_view name) { return find_by_name(losses(), name); }

std::vector<std::string_view> loss_names() { return names_of(losses()); }

Reduction reduction_of(const Loss& loss) {
  if (loss.spec().reduction == nullptr) {
    return Reduction::mean;
  }
  const std::string text = loss.spec().reduction(loss.options()).value_or("none");
  if (text == "sum") {
    return Reduction::sum;
  }
  if (text == "mean_with_sample_weight") {
    return Reduction::mean_with_sample_weight;
  }
  return text == "none" ? Reduction::none : Reduction::mean;
}

namespace {

const LossSpec& loss_called(std::string_view name) {
  const LossSpec* spec = find_loss(name);
  if (spec == nullptr) {
    throw error<OptionError>(unknown_name("Loss", "loss", name, loss_names()));
  }
  return *spec;
}

}  // namespace

Loss::Loss(std::string_view name) : Choice(loss_called(name), loss_called(name).access.create()) {}

}  // namespace engram
