// SPDX-License-Identifier: Apache-2.0
/// SimpleRNNCell, LSTMCell, GRUCell and StackedRNNCells: options and weights; RNN runs them.
#include "layers/recurrent_cells.hpp"

#include <fmt/format.h>

#include <map>

#include "base/error.hpp"
#include "engram/layers/rnn_cells.hpp"
#include "layers/inner_layer.hpp"

namespace engram {

namespace {

// A layer has at most 64 weights, and in a Bidirectional there are two of each.
constexpr std::size_t kMostCells = 10;

template <class Cell>
void visit_first(Cell& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("units", o.units, at_least(1));
  v.option("activation", o.activation);
}

template <class Cell>
void visit_initializers(Cell& o, OptionVisitor& v) {
  v.option("kernel_initializer", o.kernel_initializer);
  v.option("recurrent_initializer", o.recurrent_initializer);
  v.option("bias_initializer", o.bias_initializer);
}

template <class Cell>
void visit_rules(Cell& o, OptionVisitor& v) {
  visit_kind(v, "kernel_regularizer", o.kernel_regularizer);
  visit_kind(v, "recurrent_regularizer", o.recurrent_regularizer);
  visit_kind(v, "bias_regularizer", o.bias_regularizer);
  visit_kind(v, "kernel_constraint", o.kernel_constraint);
  visit_kind(v, "recurrent_constraint", o.recurrent_constraint);
  visit_kind(v, "bias_constraint", o.bias_constraint);
  v.option("dropout", o.dropout, in_range_below(0, 1));
  v.option("recurrent_dropout", o.recurrent_dropout, in_range_below(0, 1));
}

void visit_options(SimpleRNNCell& o, OptionVisitor& v) {
  visit_first(o, v);
  v.option("use_bias", o.use_bias);
  visit_initializers(o, v);
  visit_rules(o, v);
  v.option("seed", o.seed);
}

void visit_options(LSTMCell& o, OptionVisitor& v) {
  visit_first(o, v);
  v.option("recurrent_activation", o.recurrent_activation);
  v.option("use_bias", o.use_bias);
  v.option("unit_forget_bias", o.unit_forget_bias);
  visit_initializers(o, v);
  visit_rules(o, v);
  v.option("seed", o.seed);
  visit_projection(o, v);
}

void visit_options(GRUCell& o, OptionVisitor& v) {
  visit_first(o, v);
  v.option("recurrent_activation", o.recurrent_activation);
  v.option("use_bias", o.use_bias);
  visit_initializers(o, v);
  visit_rules(o, v);
  v.option("reset_after", o.reset_after);
  v.option("seed", o.seed);
}

void visit_options(StackedRNNCells& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.option("cells", o.cells);
}

RecurrentOptions options_of(const SimpleRNNCell& o) {
  return cell_options(o, kernels::Cell::simple_rnn);
}

RecurrentOptions options_of(const LSTMCell& o) {
  RecurrentOptions options = cell_options(o, kernels::Cell::lstm);
  options.recurrent_activation = o.recurrent_activation;
  options.unit_forget_bias = o.unit_forget_bias;
  options.proj_size = o.proj_size;
  options.projection_initializer = o.projection_initializer;
  return options;
}

RecurrentOptions options_of(const GRUCell& o) {
  RecurrentOptions options = cell_options(
      o, o.reset_after ? kernels::Cell::gru_reset_after : kernels::Cell::gru_reset_before);
  options.recurrent_activation = o.recurrent_activation;
  return options;
}

Shape refuse_alone(const void*, std::span<const Shape>, std::string_view where) {
  throw error<OptionError>({.where = std::string(where),
                            .expected = "a layer",
                            .got = "a cell, which takes one step",
                            .remedy = "Run it by RNN{.cell = ...}."});
}

template <class Cell>
LayerSpec cell_spec(std::string_view class_name, std::string_view auto_name) {
  return {.class_name = class_name,
          .auto_name = auto_name,
          .access = options_access<Cell, visit_options>(),
          .output_shape = refuse_alone,
          .weights = [](const void* o, std::span<const Shape> inputs) {
            return recurrent_weights(options_of(options_as<Cell>(o)), inputs);
          }};
}

/// The common options of a cell that RNN can run alone.
RecurrentOptions single_options(const Layer& cell, std::string_view where) {
  if (const auto* o = cell.get_if<SimpleRNNCell>()) {
    return options_of(*o);
  }
  if (const auto* o = cell.get_if<LSTMCell>()) {
    return options_of(*o);
  }
  if (const auto* o = cell.get_if<GRUCell>()) {
    return options_of(*o);
  }
  throw error<OptionError>({.where = std::string(where),
                            .expected = "a cell: SimpleRNNCell, LSTMCell or GRUCell",
                            .got = std::string(cell.spec().class_name)});
}

void check(const Layer& cell, std::string_view where) {
  check_options(cell.spec().access, cell.options(), fmt::format("{}: {}", where, name_of(cell)));
}

}  // namespace

std::vector<RecurrentCell> cells_of(const Layer& cell, std::string_view where) {
  check(cell, where);
  const auto* stack = cell.get_if<StackedRNNCells>();
  if (stack == nullptr) {
    return {{cell, single_options(cell, where), name_of(cell), "cell"}};
  }
  if (stack->cells.empty() || stack->cells.size() > kMostCells) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = fmt::format("1 to {} cells", kMostCells),
                              .got = fmt::format("{}", stack->cells.size())});
  }
  std::vector<RecurrentCell> cells;
  const std::vector<std::string> names = names_of(stack->cells);
  std::map<std::string_view, int> counts;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Layer& one = stack->cells[i];
    check(one, where);
    const std::string_view kind = one.spec().auto_name;
    const int count = counts[kind]++;
    cells.push_back({one,
                     single_options(one, where),
                     names[i],
                     count == 0 ? fmt::format("cell/cells/{}", kind)
                                : fmt::format("cell/cells/{}_{}", kind, count)});
  }
  return cells;
}

const LayerSpec& simple_rnn_cell_spec() {
  static const LayerSpec spec = cell_spec<SimpleRNNCell>("SimpleRNNCell", "simple_rnn_cell");
  return spec;
}

const LayerSpec& lstm_cell_spec() {
  static const LayerSpec spec = cell_spec<LSTMCell>("LSTMCell", "lstm_cell");
  return spec;
}

const LayerSpec& gru_cell_spec() {
  static const LayerSpec spec = cell_spec<GRUCell>("GRUCell", "gru_cell");
  return spec;
}

const LayerSpec& stacked_rnn_cells_spec() {
  static const LayerSpec spec = {.class_name = "StackedRNNCells",
                                 .auto_name = "stacked_rnn_cells",
                                 .access = options_access<StackedRNNCells, visit_options>(),
                                 .output_shape = refuse_alone};
  return spec;
}

const LayerSpec& spec_of(const SimpleRNNCell&) { return simple_rnn_cell_spec(); }

const LayerSpec& spec_of(const LSTMCell&) { return lstm_cell_spec(); }

const LayerSpec& spec_of(const GRUCell&) { return gru_cell_spec(); }

const LayerSpec& spec_of(const StackedRNNCells&) { return stacked_rnn_cells_spec(); }

}  // namespace engram
