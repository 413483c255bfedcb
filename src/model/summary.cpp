// SPDX-License-Identifier: Apache-2.0
#include "model/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"

namespace engram {

namespace {

constexpr int kLeastColumns = 44, kMostWidth = 88, kMargin = 4;

using Widths = std::array<int, 3>;
using Row = std::array<std::string, 3>;

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

/// A row of the table between `edges`; numbers, in the last column, stand to the right.
std::string row_text(const Row& row, const Widths& widths, std::string_view edge) {
  std::array<std::vector<std::string>, 3> cells;
  std::size_t lines = 1;
  for (std::size_t i = 0; i < row.size(); ++i) {
    cells.at(i) = wrap(row.at(i), widths.at(i));
    lines = std::max(lines, cells.at(i).size());
  }
  std::string out;
  for (std::size_t line = 0; line < lines; ++line) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = line < cells.at(i).size() ? cells.at(i)[line] : "";
      const std::string space(static_cast<std::size_t>(widths.at(i) - characters(text)), ' ');
      out += fmt::format("{} {} ", edge, i == 2 ? space + text : text + space);
    }
    out += fmt::format("{}\n", edge);
  }
  return out;
}

/// A rule out of its left end, line, crossing and right end.
std::string rule(const Widths& widths, const std::array<std::string_view, 4>& parts) {
  std::string out(parts[0]);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += repeat(parts[1], widths.at(i) + 2);
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

/// The characters in each cell: the columns end at 45, 80 and 100 % of the width, less what Keras's
/// table takes away for its rules.
Widths column_widths(int columns) {
  if (columns < kLeastColumns) {
    throw error<OptionError>({.where = "summary",
                              .expected = fmt::format("columns at least {}", kLeastColumns),
                              .got = fmt::format("{}", columns)});
  }
  const int width = std::min(kMostWidth, columns - kMargin);
  const int first = width * 45 / 100, second = width * 80 / 100;
  return {first - 3, second - first - 4, width - second - 3};
}

}  // namespace

std::string summary_text(const std::string& name,
                         const std::vector<LayerInfo>& layers,
                         std::int64_t optimizer_params,
                         int columns) {
  const Widths widths = column_widths(columns);
  std::string out = fmt::format("Model: \"{}\"\n", name);
  out += rule(widths, {"┏", "━", "┳", "┓"});
  out += row_text({"Layer (type)", "Output Shape", "Param #"}, widths, "┃");
  out += rule(widths, {"┡", "━", "╇", "┩"});
  std::int64_t all = 0, trainable = 0;
  for (const LayerInfo& layer : layers) {
    const bool is_built = !layer.output_shape.empty();
    if (&layer != &layers.front()) {
      out += rule(widths, {"├", "─", "┼", "┤"});
    }
    out +=
        row_text({fmt::format("{} ({})", layer.name, layer.class_name),
                  is_built ? to_string(layer.output_shape) : "?",
                  with_commas(layer.params) + (is_built || !layer.has_weights ? "" : " (unbuilt)")},
                 widths,
                 "│");
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
