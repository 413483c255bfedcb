// SPDX-License-Identifier: Apache-2.0
/// Sequences of different lengths: a model sees each as if it were alone, and trains on them as on
/// masked ones. That it means what PyTorch means is for tests/golden/torch_test.cpp.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>

#include "base/random.hpp"
#include "engram/engram.hpp"
#include "expect_error.hpp"
#include "io/same_model.hpp"
#include "stop_after.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

constexpr std::int64_t kLongest = 9;

/// Sequences of 1 to 9 steps without a zero.
std::vector<Tensor> sequences(std::int64_t count, std::int64_t features) {
  Random random(5);
  std::vector<Tensor> all;
  for (std::int64_t i = 0; i < count; ++i) {
    all.emplace_back(Shape{1 + (5 * i + 3) % kLongest, features});
    for (float& v : all.back().values()) {
      v = static_cast<float>(random.normal());
    }
  }
  return all;
}

Tensor targets(std::int64_t rows, std::int64_t size) {
  Random random(6);
  Tensor y({rows, size});
  for (float& v : y.values()) {
    v = static_cast<float>(random.normal());
  }
  return y;
}

Sequential model_of(const std::vector<Layer>& layers) {
  set_random_seed(3);
  Sequential model(layers);
  model.compile({.optimizer = Adam{.learning_rate = 0.01f}, .loss = "mse"});
  return model;
}

const std::vector<std::vector<Layer>> kModels = {
    {LSTM{.units = 8}, Dense{.units = 1}},
    {GRU{.units = 17, .return_sequences = true}, SimpleRNN{.units = 5}, Dense{.units = 1}},
    {Bidirectional{.layer = LSTM{.units = 6, .return_sequences = true}, .num_layers = 2},
     LSTM{.units = 5, .proj_size = 3},
     Dense{.units = 1}}};

TEST(Sequences, GiveWhatEachGivesAlone) {
  const std::vector<Tensor> all = sequences(70, 3);
  const PackedSequences packed = pack_sequences(all);
  for (const std::vector<Layer>& layers : kModels) {
    Sequential model = model_of(layers);
    const Tensor y = model.predict(packed, {.batch_size = 33});
    for (std::size_t i = 0; i < all.size(); ++i) {
      Shape shape = all[i].shape();
      shape.insert(shape.begin(), 1);
      const auto row = static_cast<std::int64_t>(i);
      EXPECT_EQ(y.rows(row, row + 1), model.predict(all[i].reshaped(shape))) << "sequence " << i;
    }
  }
}

TEST(Sequences, OfOutputsAreCutToTheirLengths) {
  const std::vector<Tensor> all = sequences(20, 3);
  const PackedSequences packed = pack_sequences(all);
  Sequential model = model_of({GRU{.units = 4, .return_sequences = true}});
  const std::vector<Tensor> y = unpack_sequences(model.predict(packed), packed.lengths);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Tensor one = model.predict(all[i].reshaped({1, all[i].shape()[0], 3}));
    EXPECT_EQ(y[i], one.reshaped({all[i].shape()[0], 4}));
  }
}

/// Without zeros in the data, Masking finds the same steps. Only the order of sums differs.
TEST(Sequences, TrainAsMaskedOnesDo) {
  const PackedSequences packed = pack_sequences(sequences(50, 3));
  const PackedSequences steps = pack_sequences(sequences(50, 1));
  const Tensor y = targets(50, 1);
  for (std::vector<Layer> layers : kModels) {
    Sequential model = model_of(layers);
    layers.insert(layers.begin(), Masking{});
    Sequential masked = model_of(layers);
    const FitOptions options = {.batch_size = 20, .epochs = 2};
    const double loss = model.fit(packed, y, options).history["loss"].back();
    const double expected = masked.fit(packed.values, y, options).history["loss"].back();
    EXPECT_NEAR(loss, expected, 1e-5 * std::max(1.0, expected));
    EXPECT_NEAR(
        model.evaluate(packed, y)[0].second, masked.evaluate(packed.values, y)[0].second, 1e-5);
  }
  Sequential model = model_of({LSTM{.units = 4, .return_sequences = true}, Dense{.units = 1}});
  Sequential masked =
      model_of({Masking{}, LSTM{.units = 4, .return_sequences = true}, Dense{.units = 1}});
  const double loss = model.fit(packed, steps, {.batch_size = 20}).history["loss"][0];
  EXPECT_NEAR(
      loss, masked.fit(packed.values, steps.values, {.batch_size = 20}).history["loss"][0], 1e-5);
}

TEST(Sequences, OfIdsNeedNoIdForPadding) {
  const std::vector<Tensor> all = {Tensor(Shape{2}, {1, 0}), Tensor(Shape{4}, {0, 1, 2, 0})};
  Sequential model = model_of({Embedding{.input_dim = 3, .output_dim = 2}, GRU{.units = 4}});
  const Tensor y = model.predict(pack_sequences(all));
  EXPECT_EQ(y.rows(0, 1), model.predict(all[0].reshaped({1, 2})));
  EXPECT_EQ(y.rows(1, 2), model.predict(all[1].reshaped({1, 4})));
}

TEST(Sequences, KeepTheirEndsBehindMasking) {
  const PackedSequences packed = pack_sequences(sequences(8, 3));
  Sequential model = model_of({Masking{.mask_value = 7}, LSTM{.units = 4}});
  Sequential plain = model_of({LSTM{.units = 4}});
  model.build({kLongest, 3});
  plain.build({kLongest, 3});
  plain.set_weights(model.get_weights());
  EXPECT_EQ(model.predict(packed), plain.predict(packed));
}

TEST(Sequences, TrainToTheSameBitsOnAnyNumberOfThreads) {
  const PackedSequences packed = pack_sequences(sequences(150, 3));
  const Tensor y = targets(150, 1);
  std::vector<std::vector<Tensor>> results;
  const int before = threads();
  for (const int count : {1, 3}) {
    set_threads(count);
    Sequential model = model_of(kModels[2]);
    model.fit(packed, y, {.batch_size = 64, .epochs = 2, .bucket_batches = 2});
    results.push_back(model.get_weights());
  }
  set_threads(before);
  EXPECT_EQ(results[0], results[1]);
}

TEST(Sequences, GoOnWithTheSameBitsAfterAStop) {
  const TemporaryFolder folder;
  const PackedSequences packed = pack_sequences(sequences(150, 3));
  const Tensor y = targets(150, 1);
  FitOptions options = {.batch_size = 32, .epochs = 3, .bucket_batches = 2};
  Sequential whole = model_of(kModels[2]);
  whole.fit(packed, y, options);

  Sequential stopped = model_of(kModels[2]);
  std::atomic<bool> stop = false;
  options.stop = &stop;
  options.callbacks = {std::make_shared<StopAfter>(7, stop)};
  stopped.fit(packed, y, options);
  const std::string file = folder / "stopped.keras";
  save_model(stopped, file);
  Model again = load_model(file);
  options.stop = nullptr;
  options.callbacks = {};
  options.resume = true;
  again.fit(packed, y, options);

  EXPECT_EQ(again.get_weights(), whole.get_weights());
}

TEST(Sequences, RefuseWhatIsNone) {
  const Tensor one(Shape{2, 3}), other(Shape{2, 4}), x({2, 5, 1});
  EXPECT_ERROR(pack_sequences(std::vector{one, other}),
               ShapeError,
               "pack_sequences: sequence 1: expected one step or more, and steps of one shape in "
               "all sequences, got (2, 4).");
  const std::vector<std::int64_t> few = {1}, long_one = {1, 6}, empty = {0, 5};
  EXPECT_ERROR(RowsView(x).with_lengths(few),
               ShapeError,
               "RowsView::with_lengths: expected a length for each of (2, 5, 1), got 1.");
  EXPECT_ERROR(RowsView(x).with_lengths(long_one),
               ShapeError,
               "RowsView::with_lengths: expected lengths from 1 to 5, got 6.");
  EXPECT_ERROR(RowsView(x).with_lengths(empty),
               ShapeError,
               "RowsView::with_lengths: expected lengths from 1 to 5, got 0.");
}

}  // namespace
}  // namespace engram
