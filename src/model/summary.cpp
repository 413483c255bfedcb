// SPDX-License-Identifier: Apache-2.0
#include "model/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "model/connections.hpp"

namespace engram {

namespace {

constexpr int kLeastColumns = 44, kMargin = 4;
constexpr std::size_t kNumbers = 2;  // the column of parameter counts

using Widths = std::vector<int>;
using Row = std::vector<std::string>;

int characters(const std::string& text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string repeat(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += text;
  }
  return out;
}

/// `text` cut to `width` characters, the last one then being an ellipsis.
std::string cut(const std::string& text, int width) {
  if (characters(text) <= width) {
    return text;
  }
  std::string out = text;
  while (characters(out) >= width) {
    out.pop_back();  // the bytes of a character go one by one: their count falls with the first
  }
  return out + "…";
}

/// Lines of whole words.
std::vector<std::string> wrap(const std::string& text, int width) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!lines.empty() && characters(lines.back()) + 1 + characters(word) <= width) {
      lines.back() += " " + word;
    } else {
      lines.push_back(word);
    }
    begin = end + 1;
  }
  for (std::string& line : lines) {
    line = cut(line, width);
  }
  return lines;
}

/// A row of the table between `edges`; numbers stand to the right.
std::string row_text(const Row& row, const Widths& widths, std::string_view edge) {
  std::vector<std::vector<std::string>> cells;
  std::size_t lines = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    cells.push_back(wrap(row[i], widths[i]));
    lines = std::max(lines, cells[i].size());
  }
  std::string out;
  for (std::size_t line = 0; line < lines; ++line) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = line < cells[i].size() ? cells[i][line] : "";
      const std::string space(static_cast<std::size_t>(widths[i] - characters(text)), ' ');
      out += fmt::format("{} {} ", edge, i == kNumbers ? space + text : text + space);
    }
    out += fmt::format("{}\n", edge);
  }
  return out;
}

/// A rule out of its left end, line, crossing and right end.
std::string rule(const Widths& widths, const std::array<std::string_view, 4>& parts) {
  std::string out(parts[0]);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += repeat(parts[1], widths[i] + 2);
    out += parts.at(i + 1 < widths.size() ? 2 : 3);
  }
  return out + "\n";
}

std::string with_commas(std::int64_t number) {
  std::string text = fmt::format("{}", number);
  for (auto at = static_cast<std::int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

std::string total_text(std::string_view what, std::int64_t params, std::int64_t bytes) {
  constexpr std::array<std::string_view, 6> kUnits = {"B", "KB", "MB", "GB", "TB", "PB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit + 1 < kUnits.size(); ++unit) {
    size /= 1024;
  }
  return fmt::format(" {}: {} ({:.2f} {})\n", what, with_commas(params), size, kUnits.at(unit));
}

/// The characters in each cell: the columns end at these percents of the width, less what Keras's
/// table takes away for its rules.
Widths column_widths(int columns, bool shows_connections) {
  if (columns < kLeastColumns) {
    throw error<OptionError>({.where = "summary",
                              .expected = fmt::format("columns at least {}", kLeastColumns),
                              .got = fmt::format("{}", columns)});
  }
  if (shows_connections) {
    const int width = std::min(108, columns - kMargin);
    const int first = width * 30 / 100, second = width * 56 / 100, third = width * 74 / 100;
    return {first - 3, second - first - 3, third - second - 4, width - third - 3};
  }
  const int width = std::min(88, columns - kMargin);
  const int first = width * 45 / 100, second = width * 80 / 100;
  return {first - 3, second - first - 4, width - second - 3};
}

std::string connections_text(const LayerInfo& layer) {
  std::string text;
  for (const LayerLink& link : layer.connected_to) {
    text +=
        fmt::format("{}{}[{}][{}]", text.empty() ? "" : ", ", link.layer, link.call, link.output);
  }
  return text.empty() ? "-" : text;
}

Row layer_row(const LayerInfo& layer, bool shows_connections) {
  const bool is_unbuilt = layer.output_shape.empty() && layer.has_weights;
  Row row = {fmt::format("{} ({})", layer.name, layer.class_name),
             shapes_text(output_shapes(layer)),
             with_commas(layer.params) + (is_unbuilt ? " (unbuilt)" : "")};
  if (shows_connections) {
    row.push_back(connections_text(layer));
  }
  return row;
}

}  // namespace

std::string summary_text(const std::string& name,
                         const std::vector<LayerInfo>& layers,
                         std::int64_t optimizer_params,
                         int columns,
                         bool shows_connections) {
  const Widths widths = column_widths(columns, shows_connections);
  Row header = {"Layer (type)", "Output Shape", "Param #"};
  if (shows_connections) {
    header.push_back("Connected to");
  }
  std::string out = fmt::format("Model: \"{}\"\n", name);
  out += rule(widths, {"┏", "━", "┳", "┓"});
  out += row_text(header, widths, "┃");
  out += rule(widths, {"┡", "━", "╇", "┩"});
  std::int64_t all = 0, trainable = 0;
  for (const LayerInfo& layer : layers) {
    if (&layer != &layers.front()) {
      out += rule(widths, {"├", "─", "┼", "┤"});
    }
    out += row_text(layer_row(layer, shows_connections), widths, "│");
    all += layer.params;
    trainable += layer.trainable_params;
  }
  out += rule(widths, {"└", "─", "┴", "┘"});
  const std::int64_t optimizer_bytes = optimizer_params > 0 ? 4 * optimizer_params + 4 : 0;
  out += total_text("Total params", all + optimizer_params, 4 * all + optimizer_bytes);
  out += total_text("Trainable params", trainable, 4 * trainable);
  out += total_text("Non-trainable params", all - trainable, 4 * (all - trainable));
  if (optimizer_params > 0) {  // the iteration count has 8 bytes
    out += total_text("Optimizer params", optimizer_params, optimizer_bytes);
  }
  return out;
}

}  // namespace engram
