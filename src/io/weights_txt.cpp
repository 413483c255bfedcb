// SPDX-License-Identifier: Apache-2.0
/// weights.txt, as the chapter's programs write it.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "engram/io.hpp"
#include "formats/files.hpp"

namespace engram {

namespace {

/// NumPy's look: nested brackets, a line a row of the last axis, nothing left out.
void append_values(
    std::string& text, const Tensor& tensor, std::size_t axis, std::int64_t& next, int indent) {
  const auto length = static_cast<std::size_t>(tensor.shape()[axis]);
  if (axis + 1 == tensor.shape().size()) {
    const auto row = tensor.values().subspan(static_cast<std::size_t>(next), length);
    text += fmt::format("[{}]", fmt::join(row, " "));
    next += static_cast<std::int64_t>(length);
    return;
  }
  text += "[";
  for (std::size_t i = 0; i < length; ++i) {
    if (i > 0) {
      text += "\n" + std::string(static_cast<std::size_t>(indent) + 1, ' ');
    }
    append_values(text, tensor, axis + 1, next, indent + 1);
  }
  text += "]";
}

}  // namespace

void write_weights_txt(const Model& model, const std::string& filepath) {
  const std::vector<WeightInfo> infos = model.weights();
  const std::vector<Tensor> weights = model.get_weights();
  std::string text;
  for (std::size_t i = 0; i < infos.size(); ++i) {
    if (infos[i].is_trainable) {
      text += fmt::format("{}\n{}\n", infos[i].path, to_string(infos[i].shape));
      std::int64_t next = 0;
      append_values(text, weights[i], 0, next, 0);
      text += "\n";
    }
  }
  formats::replace_file(filepath, text);
}

}  // namespace engram
