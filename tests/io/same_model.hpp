// SPDX-License-Identifier: Apache-2.0
/// Expects that two models are the same: layers, weights, optimizer, training state, to the bit.
///
/// Example: save_model(model, path);  expect_same_model(load_model(path), model);
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "model/model_data.hpp"
#include "parts/loss_spec.hpp"
#include "parts/metric_spec.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

/// Every option of a layer, optimizer or loss as "name=value".
class OptionTexts final : public OptionVisitor {
 public:
  std::vector<std::string> found;

  void option(std::string_view n, std::int64_t& v, const Rule&) override { add(n, v); }

  void option(std::string_view n, float& v, const Rule&) override { add(n, v); }

  void option(std::string_view n, std::optional<float>& v, const Rule&) override { add(n, v); }

  void option(std::string_view n, std::optional<std::int64_t>& v) override { add(n, v); }

  void option(std::string_view n, KindOption& v) override {
    add(n, v.class_name());
    if (!v.class_name().empty()) {
      v.access().visit(const_cast<void*>(v.options()), *this);
    } else if (v.number() != nullptr) {
      add(n, *v.number());
    }
  }

  void option(std::string_view n, bool& v) override { add(n, v); }

  void option(std::string_view n, std::string& v) override { add(n, v); }

  void option(std::string_view n, Shape& v) override { add(n, to_string(v)); }

  void option(std::string_view n, Activation& v) override { add(n, v.name()); }

  void option(std::string_view n, Initializer& v) override {
    add(n, v.class_name());
    add("its numbers", v.a);
    add("its numbers", v.b);
    add("its seed", v.seed);
    add("its mode", v.mode + v.distribution);
  }

  void option(std::string_view n,
              std::optional<std::string>& v,
              std::span<const std::string_view>) override {
    add(n, v);
  }

  void option(std::string_view n, std::optional<Layer>& v) override {
    add(n, v.has_value());
    if (v) {
      found.emplace_back(v->spec().class_name);
      v->spec().access.visit(const_cast<void*>(v->options()), *this);
    }
  }

  void numbers(std::string_view n, std::vector<float>& v) override { add(n, v); }

  void whole_numbers(std::string_view n, std::vector<std::int64_t>& v, const Rule&, bool) override {
    add(n, v);
  }

  void texts(std::string_view n, std::vector<std::string>& v) override { add(n, v); }

  void fixed(std::string_view, const FixedValue&) override {}

 private:
  template <class T>
  void add(std::string_view name, const T& value) {
    found.push_back(std::string(name) + "=" + ::testing::PrintToString(value));
  }
};

template <class Chosen>
std::vector<std::string> texts_of(const Chosen& chosen) {
  OptionTexts texts;
  texts.found.emplace_back(chosen.spec().class_name);
  chosen.spec().access.visit(const_cast<void*>(chosen.options()), texts);
  return texts.found;
}

/// The same bits; unlike ==, NaN equals itself and -0 is not 0.
inline bool is_same(const float* a, const float* b, std::int64_t n) {
  return n == 0 || std::memcmp(a, b, static_cast<std::size_t>(n) * sizeof(float)) == 0;
}

inline bool is_same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && is_same(a.data(), b.data(), a.size());
}

inline bool is_same(double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); }

inline bool is_same(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) { return is_same(x, y); });
}

template <class Value>
bool is_same(const std::map<std::string, Value>& a, const std::map<std::string, Value>& b);

inline bool is_same(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return is_same(x, y);
  });
}

template <class Value>
bool is_same(const std::map<std::string, Value>& a, const std::map<std::string, Value>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && is_same(x.second, y.second);
  });
}

inline void expect_same_weights(const ModelData& a, const ModelData& b) {
  ASSERT_EQ(a.network.weights.size(), b.network.weights.size());
  for (std::size_t i = 0; i < a.network.weights.size(); ++i) {
    const NetworkWeight& w = a.network.weights[i];
    EXPECT_EQ(w.path, b.network.weights[i].path);
    EXPECT_EQ(w.shape, b.network.weights[i].shape);
    EXPECT_EQ(w.is_trainable, b.network.weights[i].is_trainable);
    ASSERT_EQ(w.offset, b.network.weights[i].offset);
    EXPECT_TRUE(is_same(a.weights.data() + w.offset, b.weights.data() + w.offset, w.size))
        << w.path;
  }
}

inline void expect_same_compiled(const ModelData& a, const ModelData& b) {
  ASSERT_EQ(a.compiled.has_value(), b.compiled.has_value())
      << a.compile_problem << b.compile_problem;
  if (!a.compiled) {
    return;
  }
  const Compiled &x = *a.compiled, &y = *b.compiled;
  const auto options = [](const Optimizer& optimizer) {
    std::vector<std::string> texts = texts_of(optimizer);
    // Files, as Keras's, hold the learning rate in use, which is compared below.
    std::erase_if(texts, [](const auto& text) { return text.starts_with("learning_rate="); });
    return texts;
  };
  ASSERT_EQ(x.optimizers.size(), y.optimizers.size());
  for (std::size_t i = 0; i < x.optimizers.size(); ++i) {
    EXPECT_EQ(options(x.optimizers[i].optimizer), options(y.optimizers[i].optimizer));
    EXPECT_EQ(x.optimizers[i].learning_rate, y.optimizers[i].learning_rate);
    EXPECT_EQ(x.optimizers[i].changes, y.optimizers[i].changes);
  }
  EXPECT_EQ(x.multi_optimizer.has_value(), y.multi_optimizer.has_value());
  EXPECT_EQ(texts_of(x.loss), texts_of(y.loss));
  ASSERT_EQ(x.metrics.size(), y.metrics.size());
  for (std::size_t i = 0; i < x.metrics.size(); ++i) {
    EXPECT_EQ(x.metrics[i].name(), y.metrics[i].name());
    EXPECT_EQ(&x.metrics[i].spec(), &y.metrics[i].spec());
  }
  EXPECT_EQ(x.iterations, y.iterations);
  ASSERT_EQ(x.loss_scale.has_value(), y.loss_scale.has_value());
  if (x.loss_scale) {
    EXPECT_EQ(x.loss_scale->scale, y.loss_scale->scale);
    EXPECT_EQ(x.loss_scale->good_steps, y.loss_scale->good_steps);
    EXPECT_EQ(x.loss_scale->options.initial_scale, y.loss_scale->options.initial_scale);
    EXPECT_EQ(x.loss_scale->options.dynamic_growth_steps,
              y.loss_scale->options.dynamic_growth_steps);
  }
  ASSERT_EQ(x.slots.size(), y.slots.size());
  for (std::size_t slot = 0; slot < x.slots.size(); ++slot) {
    for (const NetworkWeight& w : a.network.weights) {
      EXPECT_TRUE(is_same(x.slots[slot].data() + w.offset, y.slots[slot].data() + w.offset, w.size))
          << "slot " << slot << " of " << w.path;
    }
  }
}

inline void expect_same_training(const std::optional<TrainingState>& a,
                                 const std::optional<TrainingState>& b) {
  ASSERT_EQ(a.has_value(), b.has_value());
  if (!a) {
    return;
  }
  EXPECT_EQ(a->epoch, b->epoch);
  EXPECT_EQ(a->batch, b->batch);
  EXPECT_PRED2(
      [](double x, double y) { return is_same(x, y); }, a->sums.loss_sum, b->sums.loss_sum);
  EXPECT_EQ(a->sums.rows, b->sums.rows);
  EXPECT_EQ(a->sums.metric_sums, b->sums.metric_sums);
  EXPECT_EQ(a->rows, b->rows);
  EXPECT_EQ(a->batch_size, b->batch_size);
  EXPECT_EQ(a->shuffle, b->shuffle);
  EXPECT_EQ(a->epochs_done, b->epochs_done);
  EXPECT_TRUE(is_same(a->history, b->history));
  ASSERT_EQ(a->callbacks.size(), b->callbacks.size());
  for (std::size_t i = 0; i < a->callbacks.size(); ++i) {
    EXPECT_TRUE(is_same(a->callbacks[i].numbers, b->callbacks[i].numbers)) << i;
    EXPECT_TRUE(is_same(a->callbacks[i].tensors, b->callbacks[i].tensors)) << i;
  }
}

/// Layers by their options and names; an Input in front, which files always have, does not count.
inline void expect_same_layers(const ModelData& a, const ModelData& b) {
  const auto layers = [](const ModelData& data) {
    std::vector<std::vector<std::string>> texts;
    for (const NetworkNode& node : data.network.nodes) {
      if (node.spec().class_name != "InputLayer") {
        texts.push_back(texts_of(node.layer));
        std::erase_if(texts.back(), [](const auto& text) { return text.starts_with("name="); });
        texts.back().push_back(node.name);
      }
    }
    return texts;
  };
  EXPECT_EQ(layers(a), layers(b));
}

inline void expect_same_model(const Model& a, const Model& b) {
  const ModelData &x = a.data(), &y = b.data();
  EXPECT_EQ(x.name, y.name);
  EXPECT_EQ(x.inputs, y.inputs);
  EXPECT_EQ(x.seed, y.seed);
  EXPECT_EQ(x.notes, y.notes);
  expect_same_layers(x, y);
  expect_same_weights(x, y);
  expect_same_compiled(x, y);
  expect_same_training(x.training, y.training);
}

}  // namespace engram
