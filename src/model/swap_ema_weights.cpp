// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.hpp"
#include "engram/callbacks.hpp"
#include "engram/model.hpp"
#include "model/model_data.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

namespace {

class SwapEMAWeightsCallback final : public Callback {
 public:
  explicit SwapEMAWeightsCallback(const SwapEMAWeights& o) : o_(o) {}

  void on_train_begin() override { averages(); }

  void on_epoch_begin(std::int64_t) override { put_averages(is_in_model_ && !o_.swap_on_epoch); }

  void on_test_begin() override { put_averages(true); }

  void on_test_end() override { put_averages(false); }

  void on_epoch_end(std::int64_t epoch, const Logs&) override {
    if (!o_.swap_on_epoch || is_in_model_) {
      return;
    }
    put_averages(true);
    if (epoch == model().data().epochs - 1) {  // fit takes the averages when it ends
      each_weight([](float& weight, float& average) { average = weight; });
    }
  }

  CallbackMemory memory() const override {
    return {.numbers = {{"ema_weights_in_model", is_in_model_ ? 1.0 : 0.0}}, .tensors = {}};
  }

  void restore(const CallbackMemory& memory) override {
    const auto found = memory.numbers.find("ema_weights_in_model");
    is_in_model_ = found != memory.numbers.end() && found->second != 0;
  }

 private:
  /// Errors: StateError when the optimizer keeps none.
  float* averages() const {
    Compiled& compiled = *model().data().compiled;
    const auto place = slot_places(compiled.optimizers[0].optimizer).average;
    if (!place || compiled.multi_optimizer) {
      throw error<StateError>({.where = "SwapEMAWeights",
                               .expected = "an optimizer with use_ema",
                               .got = compiled.multi_optimizer
                                          ? "a MultiOptimizer"
                                          : "one that keeps no average of the weights"});
    }
    return compiled.slots[*place].data();
  }

  template <class Change>
  void each_weight(const Change& change) {
    ModelData& data = model().data();
    float *weights = data.weights.data(), *means = averages();
    for (const NetworkWeight& weight : data.network.weights) {
      for (std::int64_t i = weight.offset; weight.is_trainable && i < weight.offset + weight.size;
           ++i) {
        change(weights[i], means[i]);
      }
    }
    touch_weights(data);
  }

  void put_averages(bool is_wanted) {
    if (is_in_model_ != is_wanted) {
      each_weight([](float& weight, float& average) { std::swap(weight, average); });
      is_in_model_ = is_wanted;
    }
  }

  SwapEMAWeights o_;
  bool is_in_model_ = false;
};

}  // namespace

std::shared_ptr<Callback> make_callback(const SwapEMAWeights& options) {
  return std::make_shared<SwapEMAWeightsCallback>(options);
}

}  // namespace engram
