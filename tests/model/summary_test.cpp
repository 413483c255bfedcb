// SPDX-License-Identifier: Apache-2.0
#include "model/summary.hpp"

#include <gtest/gtest.h>

#include "engram/error.hpp"
#include "expect_error.hpp"

namespace engram {
namespace {

// The tables below are what Keras 3.15 printed for these models.
TEST(Summary, OfATrainedModelIsKeras) {
  const std::vector<LayerInfo> layers = {
      {.name = "lstm_3",
       .class_name = "LSTM",
       .output_shape = {-1, 60, 80},
       .params = 26240,
       .trainable_params = 26240},
      {.name = "dropout_3",
       .class_name = "Dropout",
       .output_shape = {-1, 60, 80},
       .has_weights = false},
      {.name = "a_very_long_name_of_a_layer_that_needs_more_than_one_line",
       .class_name = "LSTM",
       .output_shape = {-1, 100},
       .params = 72400,
       .trainable_params = 72400},
      {.name = "dense_3",
       .class_name = "Dense",
       .output_shape = {-1, 1},
       .params = 101,
       .trainable_params = 101},
  };
  EXPECT_EQ(summary_text("sequential_3", layers, 197484, 80), R"(Model: "sequential_3"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ lstm_3 (LSTM)                   │ (None, 60, 80)         │        26,240 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dropout_3 (Dropout)             │ (None, 60, 80)         │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ a_very_long_name_of_a_layer_th… │ (None, 100)            │        72,400 │
│ (LSTM)                          │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_3 (Dense)                 │ (None, 1)              │           101 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 296,225 (1.13 MB)
 Trainable params: 98,741 (385.71 KB)
 Non-trainable params: 0 (0.00 B)
 Optimizer params: 197,484 (771.43 KB)
)");
}

TEST(Summary, OfAnUnbuiltModelIsKerasInNarrowColumns) {
  const std::vector<LayerInfo> layers = {
      {.name = "lstm", .class_name = "LSTM"},
      {.name = "dropout", .class_name = "Dropout", .has_weights = false},
  };
  EXPECT_EQ(summary_text("sequential", layers, 0, 60), R"(Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━┓
┃ Layer (type)           ┃ Output Shape    ┃   Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━┩
│ lstm (LSTM)            │ ?               │         0 │
│                        │                 │ (unbuilt) │
├────────────────────────┼─────────────────┼───────────┤
│ dropout (Dropout)      │ ?               │         0 │
└────────────────────────┴─────────────────┴───────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
)");
}

TEST(Summary, IsAtMost88Wide) {
  const std::vector<LayerInfo> layers = {
      {.name = "dense_9", .class_name = "Dense", .output_shape = {-1, 300000}, .params = 1500000}};
  EXPECT_EQ(summary_text("sequential_9", layers, 0, 120), R"(Model: "sequential_9"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                         ┃ Output Shape                ┃         Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━┩
│ dense_9 (Dense)                      │ (None, 300000)              │       1,500,000 │
└──────────────────────────────────────┴─────────────────────────────┴─────────────────┘
 Total params: 1,500,000 (5.72 MB)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 1,500,000 (5.72 MB)
)");
}

TEST(Summary, CountsTheOptimizersIterationsAsEightBytes) {
  const std::vector<LayerInfo> layers = {{.name = "simple_rnn",
                                          .class_name = "SimpleRNN",
                                          .output_shape = {-1, 3},
                                          .params = 47,
                                          .trainable_params = 47}};
  const std::string text = summary_text("m", layers, 96, 80);
  EXPECT_NE(text.find(" Total params: 143 (576.00 B)\n"), std::string::npos) << text;
  EXPECT_NE(text.find(" Optimizer params: 96 (388.00 B)\n"), std::string::npos) << text;
}

TEST(Summary, CutsNamesBetweenCharacters) {
  const std::vector<LayerInfo> layers = {
      {.name = "层层层层层层层层层层层层层层层层层层层层层层层层层层层层层层",
       .class_name = "Dense"}};
  EXPECT_NE(
      summary_text("m", layers, 0, 60).find("│ 层层层层层层层层层层层层层层层层层层层层层… │"),
      std::string::npos);
}

/// The siamese model of the next two tests, as Keras numbers calls and outputs.
std::vector<LayerInfo> graph_layers() {
  return {{.name = "a", .class_name = "InputLayer", .output_shape = {-1, 5, 2}},
          {.name = "b", .class_name = "InputLayer", .output_shape = {-1, 5, 2}},
          {.name = "shared",
           .class_name = "LSTM",
           .output_shape = {-1, 3},
           .params = 72,
           .trainable_params = 72,
           .more_outputs = {{-1, 3}, {-1, 3}},
           .connected_to = {{.layer = "a"}, {.layer = "b"}}},
          {.name = "both",
           .class_name = "Concatenate",
           .output_shape = {-1, 6},
           .connected_to = {{.layer = "shared"}, {.layer = "shared", .call = 1}}},
          {.name = "decoder",
           .class_name = "GRU",
           .output_shape = {-1, 3},
           .params = 63,
           .trainable_params = 63,
           .connected_to = {{.layer = "b"}, {.layer = "shared", .output = 1}}}};
}

// Without the two Dense layers that Keras's model had besides.
TEST(Summary, OfAGraphSaysWhatIsConnected) {
  EXPECT_EQ(summary_text("siamese", graph_layers(), 0, 80, true), R"(Model: "siamese"
┏━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)        ┃ Output Shape      ┃    Param # ┃ Connected to      ┃
┡━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━┩
│ a (InputLayer)      │ (None, 5, 2)      │          0 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ b (InputLayer)      │ (None, 5, 2)      │          0 │ -                 │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ shared (LSTM)       │ [(None, 3),       │         72 │ a[0][0], b[0][0]  │
│                     │ (None, 3), (None, │            │                   │
│                     │ 3)]               │            │                   │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ both (Concatenate)  │ (None, 6)         │          0 │ shared[0][0],     │
│                     │                   │            │ shared[1][0]      │
├─────────────────────┼───────────────────┼────────────┼───────────────────┤
│ decoder (GRU)       │ (None, 3)         │         63 │ b[0][0],          │
│                     │                   │            │ shared[0][1]      │
└─────────────────────┴───────────────────┴────────────┴───────────────────┘
 Total params: 135 (540.00 B)
 Trainable params: 135 (540.00 B)
 Non-trainable params: 0 (0.00 B)
)");
}

TEST(Summary, OfAGraphIsAtMost108Wide) {
  const std::string text = summary_text("siamese", graph_layers(), 0, 150, true);
  EXPECT_EQ(text.substr(0, text.find("├")), R"(Model: "siamese"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
┃ Layer (type)                  ┃ Output Shape              ┃         Param # ┃ Connected to               ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━━━━━┩
│ a (InputLayer)                │ (None, 5, 2)              │               0 │ -                          │
)");
}

TEST(Summary, NeedsSomeColumns) {
  EXPECT_ERROR(
      summary_text("m", {}, 0, 43), OptionError, "summary: expected columns at least 44, got 43.");
  EXPECT_NO_THROW(summary_text("m", {}, 0, 44));
}

}  // namespace
}  // namespace engram
