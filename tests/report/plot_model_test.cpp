// SPDX-License-Identifier: Apache-2.0
#include "engram/plot_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "engram/error.hpp"
#include "engram/functional.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/layers/merging.hpp"
#include "engram/sequential.hpp"
#include "expect_error.hpp"
#include "report/graph_layout.hpp"
#include "temporary_folder.hpp"

namespace engram {
namespace {

/// Two calls of one LSTM, joined.
Functional siamese() {
  const KerasTensor a = Input{.shape = {5, 2}, .name = "a"},
                    b = Input{.shape = {5, 2}, .name = "b"};
  const Layer shared = LSTM{.units = 3, .trainable = false, .name = "shared"};
  const KerasTensor both = Layer(Concatenate{})({shared(a), shared(b)});
  return Functional({a, b}, {Layer(Dense{.units = 1, .name = "last & <best>"})(both)});
}

int count(const std::string& text, const std::string& word) {
  int found = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++found;
  }
  return found;
}

TEST(ModelToDot, HasABoxALayerAndALineAConnection) {
  const std::string dot = model_to_dot(siamese());

  EXPECT_EQ(count(dot, "label="), 5);
  EXPECT_EQ(count(dot, "->"), 4);  // of the two calls of one layer by another, one
  EXPECT_NE(dot.find("layer2 -> layer3"), std::string::npos) << dot;
  EXPECT_NE(dot.find("rankdir=TB"), std::string::npos);
}

TEST(ModelToDot, EscapesNames) {
  const std::string dot = model_to_dot(siamese());

  EXPECT_NE(dot.find("<b>last &amp; &lt;best&gt;</b> (Dense)"), std::string::npos) << dot;
}

TEST(ModelToDot, ShowsWhatIsAskedFor) {
  const std::string dot = model_to_dot(siamese(),
                                       {.show_shapes = true,
                                        .show_dtype = true,
                                        .show_layer_names = false,
                                        .rankdir = "LR",
                                        .show_layer_activations = true,
                                        .show_trainable = true});

  EXPECT_EQ(dot.find("shared"), std::string::npos);
  EXPECT_NE(dot.find("rankdir=LR"), std::string::npos);
  EXPECT_NE(dot.find("Input shape: <b>[(None, 3), (None, 3)]</b>"), std::string::npos) << dot;
  EXPECT_NE(dot.find("Input shape: <b>?</b>"), std::string::npos) << "called twice";
  EXPECT_NE(dot.find("Output dtype: <b>float32</b>"), std::string::npos);
  EXPECT_NE(dot.find("Activation: <b>tanh</b>"), std::string::npos);
  EXPECT_EQ(count(dot, "<b>Trainable</b>"), 1);
  EXPECT_EQ(count(dot, "<b>Non-trainable</b>"), 1);
}

TEST(ModelToDot, LeavesOutTheInputOfASequentialAsKerasDoes) {
  const Sequential model({Input{.shape = {4}}, Dense{.units = 2}, Dense{.units = 1}});

  const std::string dot = model_to_dot(model);

  EXPECT_EQ(count(dot, "label="), 2);
  EXPECT_EQ(count(dot, "->"), 1);
}

TEST(PlotModel, WritesByTheEndingOfTheName) {
  const TemporaryFolder folder;
  const Functional model = siamese();

  plot_model(model, folder / "m.svg", {.show_shapes = true});
  plot_model(model, folder / "m.png", {.show_shapes = true, .rankdir = "LR"});
  plot_model(model, folder / "m.dot");

  EXPECT_NE(folder.read("m.svg").find("<svg "), std::string::npos);
  EXPECT_TRUE(folder.read("m.png").starts_with("\x89PNG"));
  EXPECT_TRUE(folder.read("m.dot").starts_with("digraph G {"));
}

TEST(PlotModel, DrawsALayerThatIsCalledOnItsOwnOutput) {
  const TemporaryFolder folder;
  const KerasTensor x = Input{.shape = {3}};
  const Layer again = Dense{.units = 3};
  const Functional model({x}, {again(Layer(Dense{.units = 3})(again(again(x))))});

  EXPECT_NO_THROW(plot_model(model, folder / "m.svg"));
}

TEST(PlotModel, RefusesWhatItCannotDraw) {
  EXPECT_ERROR(plot_model(siamese(), "m.jpg"),
               OptionError,
               "plot_model: expected a file that ends in .svg, .png or .dot, got 'm.jpg'.");
  EXPECT_ERROR(model_to_dot(siamese(), {.rankdir = "BT"}),
               OptionError,
               "plot_model: expected rankdir 'TB' or 'LR', got 'BT'.");
  EXPECT_ERROR(
      model_to_dot(Sequential({Dense{.units = 1}})),
      StateError,
      "plot_model: expected a built model, got 'sequential' without shapes. Call build, or "
      "give it an Input.");
}

TEST(LayOut, PutsEachBoxBelowItsForerunnersAndNoneOnAnother) {
  const std::vector<report::Size> sizes = {{80, 30}, {50, 30}, {90, 60}, {40, 30}, {200, 30}};
  const std::vector<report::GraphEdge> edges = {{0, 2}, {1, 2}, {2, 4}, {0, 4}, {3, 4}, {4, 2}};

  const report::GraphLayout layout = report::lay_out(sizes, edges);

  for (const report::GraphEdge& edge : edges) {
    if (edge.from < edge.to) {
      EXPECT_LT(layout.boxes[std::size_t(edge.from)].bottom(),
                layout.boxes[std::size_t(edge.to)].top);
    }
  }
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const report::Box& a = layout.boxes[i];
    EXPECT_GE(a.left, 0);
    EXPECT_LE(a.right(), layout.size.width);
    EXPECT_LE(a.bottom(), layout.size.height);
    for (std::size_t k = 0; k < i; ++k) {
      const report::Box& b = layout.boxes[k];
      EXPECT_TRUE(a.right() <= b.left || b.right() <= a.left || a.bottom() <= b.top ||
                  b.bottom() <= a.top)
          << i << " and " << k;
    }
  }
}

TEST(LayOut, LeadsBackAroundTheRightSides) {
  const report::GraphLayout layout =
      report::lay_out({{80, 30}, {50, 30}}, {{0, 1}, {1, 0}, {0, 0}});

  for (const std::size_t edge : {1u, 2u}) {
    const std::vector<report::Point>& line = layout.lines[edge];
    EXPECT_EQ(line.front().x, layout.boxes[edge == 1 ? 1 : 0].right());
    EXPECT_EQ(line.back().x, layout.boxes[0].right());
    EXPECT_GT(line.front().y, line.back().y);  // it goes up
    EXPECT_GT(line[1].x, layout.boxes[0].right());
    EXPECT_LT(line[1].x, layout.size.width);
  }
}

TEST(LayOut, OrdersARankWithoutCrossings) {
  const report::GraphLayout layout =
      report::lay_out({{10, 10}, {10, 10}, {10, 10}, {10, 10}}, {{0, 3}, {1, 2}});

  EXPECT_EQ(layout.boxes[0].left < layout.boxes[1].left,
            layout.boxes[3].left < layout.boxes[2].left);
}

}  // namespace
}  // namespace engram
