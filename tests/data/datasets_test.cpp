// SPDX-License-Identifier: Apache-2.0
/// Keras's helpers of data against Keras itself (tools/golden/datasets.py).
#include "engram/datasets.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "golden/golden.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

const golden::json& data() {
  static const golden::json read = golden::read("datasets.json");
  return read;
}

Tensor tensor(const golden::json& from) { return from.is_null() ? Tensor() : golden::tensor(from); }

template <class Number>
void read(const golden::json& from, const char* name, Number& into) {
  if (from.contains(name) && !from[name].is_null()) {
    into = from[name].get<Number>();
  }
}

template <class Number>
void read(const golden::json& from, const char* name, std::optional<Number>& into) {
  if (from.contains(name) && !from[name].is_null()) {
    into = from[name].get<Number>();
  }
}

TEST(TimeseriesDatasetFromArray, IsKeras) {
  for (const golden::json& c : data()["timeseries"]) {
    SCOPED_TRACE(c["options"].dump());
    TimeseriesOptions options;
    read(c["options"], "sequence_length", options.sequence_length);
    read(c["options"], "sequence_stride", options.sequence_stride);
    read(c["options"], "sampling_rate", options.sampling_rate);
    read(c["options"], "shuffle", options.shuffle);
    read(c["options"], "seed", options.seed);
    read(c["options"], "start_index", options.start_index);
    read(c["options"], "end_index", options.end_index);
    const TimeseriesDataset windows =
        timeseries_dataset_from_array(tensor(c["data"]), tensor(c["targets"]), options);
    EXPECT_EQ(windows.x().tensor(), tensor(c["x"]));
    EXPECT_EQ(windows.y().empty(), c["y"].is_null());
    if (!c["y"].is_null()) {
      EXPECT_EQ(windows.y().tensor(), tensor(c["y"]));
    }
  }
}

TEST(TimeseriesDatasetFromArray, SaysWhatIsWrong) {
  const Tensor series({5});
  EXPECT_ERROR(timeseries_dataset_from_array(series, {}, {.sequence_length = 0}),
               OptionError,
               "timeseries_dataset_from_array: expected sequence_length in [1, 5], got 0.");
  EXPECT_ERROR(timeseries_dataset_from_array(series, {}, {.sequence_length = 2, .end_index = 5}),
               OptionError,
               "timeseries_dataset_from_array: expected end_index in [1, 4], got 5.");
  EXPECT_ERROR(
      timeseries_dataset_from_array(series, {}, {.sequence_length = 4, .sampling_rate = 2}),
      DataError,
      "timeseries_dataset_from_array: expected 7 rows or more for a window, got 5. Use more rows "
      "or "
      "a shorter window.");
  EXPECT_ERROR(
      timeseries_dataset_from_array(series, Tensor({2}), {.sequence_length = 2, .start_index = 1}),
      DataError,
      "timeseries_dataset_from_array: expected a target for each window, got none for row "
      "2.");
}

TEST(PadSequences, IsKeras) {
  for (const golden::json& c : data()["pad"]) {
    SCOPED_TRACE(c["options"].dump());
    PadOptions options;
    read(c["options"], "maxlen", options.maxlen);
    read(c["options"], "padding", options.padding);
    read(c["options"], "truncating", options.truncating);
    read(c["options"], "value", options.value);
    std::vector<Tensor> sequences;
    for (const golden::json& sequence : c["sequences"]) {
      sequences.push_back(tensor(sequence));
    }
    EXPECT_EQ(pad_sequences(sequences, options), tensor(c["result"]));
  }
  const std::vector<std::vector<float>> plain = {{1, 2}, {3}};
  EXPECT_EQ(pad_sequences(plain), Tensor({2, 2}, {1, 2, 0, 3}));
}

TEST(PadSequences, SaysWhatIsWrong) {
  const std::vector<Tensor> mixed = {Tensor({2, 3}), Tensor({2, 4})};
  EXPECT_ERROR(
      pad_sequences(mixed), ShapeError, "pad_sequences: expected steps of shape (3,), got (4,).");
  EXPECT_ERROR(pad_sequences(mixed, {.padding = "front"}),
               OptionError,
               "pad_sequences: expected padding 'pre' or 'post', got 'front'.");
  EXPECT_ERROR(pad_sequences(mixed, {.maxlen = 0}),
               OptionError,
               "pad_sequences: expected maxlen of 1 or more, got 0.");
}

TEST(Normalize, IsKeras) {
  Tensor x = golden::stream(51, {3, 4, 2});
  x.at({0, 0, 0}) = x.at({0, 0, 1}) = 0;
  for (const golden::json& c : data()["normalize"]) {
    SCOPED_TRACE(c["axis"].dump() + " " + c["order"].dump());
    const double order =
        c["order"] == "inf" ? std::numeric_limits<double>::infinity() : c["order"].get<double>();
    // Keras adds up at most 4 squares in float32.
    golden::expect_near(normalize(x, c["axis"], order), c["result"], 4e-7);
  }
  EXPECT_ERROR(normalize(x, 3), ShapeError, "normalize: expected an axis of (3, 4, 2), got 3.");
  EXPECT_ERROR(
      normalize(x, 0, 0), OptionError, "normalize: expected an order of 1 or more, got 0.");
}

TEST(ToCategorical, IsKeras) {
  for (const golden::json& c : data()["categorical"]) {
    EXPECT_EQ(to_categorical(tensor(c["x"]), c["classes"]), tensor(c["result"])) << c.dump();
  }
}

TEST(SplitDataset, IsKeras) {
  std::vector<float> values(13);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i);
  }
  const Tensor x({13}, values);
  const auto row_values = [](const RowsView& rows) {
    const Tensor copy = rows.tensor();
    return std::vector<float>(copy.values().begin(), copy.values().end());
  };
  for (const golden::json& c : data()["split"]) {
    SplitOptions options;
    read(c, "left", options.left_size);
    read(c, "right", options.right_size);
    const SplitRows parts = split_dataset(x, options);
    EXPECT_EQ(row_values(parts.left), c["parts"][0].get<std::vector<float>>()) << c.dump();
    EXPECT_EQ(row_values(parts.right), c["parts"][1].get<std::vector<float>>()) << c.dump();
  }
  EXPECT_ERROR(split_dataset(x, {}),
               OptionError,
               "split_dataset: expected left_size, right_size or both, got none.");
  EXPECT_ERROR(
      split_dataset(x, {.left_size = 13}),
      OptionError,
      "split_dataset: expected left_size as a share between 0 and 1 or as 1 to 12 rows, got "
      "13.");
  EXPECT_ERROR(split_dataset(x, {.left_size = 0.8, .right_size = 0.5}),
               OptionError,
               "split_dataset: expected two parts of 13 rows, got 10 and 6. Change left_size or "
               "right_size.");
}

TEST(ReadLines, KeepsEmptyOnes) {
  const TemporaryFolder folder;
  const std::string path = folder.write("lines.txt", "\xef\xbb\xbfone\r\n\ntwo words\nlast");
  EXPECT_EQ(read_lines(path), (std::vector<std::string>{"one", "", "two words", "last"}));
}

}  // namespace
}  // namespace engram
