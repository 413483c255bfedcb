// SPDX-License-Identifier: Apache-2.0
#include "io/vocabularies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/error.hpp"
#include "engram/layers/integer_lookup.hpp"
#include "engram/layers/string_lookup.hpp"
#include "engram/layers/text_vectorization.hpp"

namespace engram::io {

using formats::H5File;

namespace {

/// The ends of lines that Python's str.splitlines knows, "\r\n" before "\r".
constexpr std::array<std::string_view, 11> kLineEnds = {"\r\n",
                                                        "\n",
                                                        "\r",
                                                        "\v",
                                                        "\f",
                                                        "\x1c",
                                                        "\x1d",
                                                        "\x1e",
                                                        "\xc2\x85",
                                                        "\xe2\x80\xa8",
                                                        "\xe2\x80\xa9"};

/// The lines of a vocabulary as Keras reads them: empty ones at the end do not count.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto end = std::ranges::find_if(
        kLineEnds, [&](std::string_view mark) { return text.starts_with(mark); });
    if (end != kLineEnds.end()) {
      lines.emplace_back();
      text.remove_prefix(end->size());
    } else {
      lines.back() += text.front();
      text.remove_prefix(1);
    }
  }
  while (!lines.empty() && lines.back().empty()) {
    lines.pop_back();
  }
  return lines;
}

void take_tokens(const std::vector<std::string>& lines, std::vector<std::string>& tokens) {
  tokens = lines;
}

void take_tokens(const std::vector<std::string>& lines, std::vector<std::int64_t>& tokens) {
  for (const std::string& line : lines) {
    const char* end = line.data() + line.size();
    const auto [stop, fault] = std::from_chars(line.data(), end, tokens.emplace_back());
    if (fault != std::errc() || stop != end) {
      throw error<OptionError>(
          {.where = "vocabulary", .expected = "a whole number a line", .got = in_quotes(line)});
    }
  }
}

/// Calls `use` with the options of a layer that has a vocabulary.
template <class Use>
void with_lookup(const Layer& layer, const Use& use) {
  if (const auto* text = layer.get_if<TextVectorization>()) {
    use(*text);
  } else if (const auto* words = layer.get_if<StringLookup>()) {
    use(*words);
  } else if (const auto* numbers = layer.get_if<IntegerLookup>()) {
    use(*numbers);
  }
}

/// The groups in which Keras keeps a layer's own arrays: TextVectorization has a lookup inside.
std::vector<std::string> groups_of(const Layer& layer, const std::string& path) {
  if (layer.get_if<TextVectorization>() != nullptr) {
    return {path + "vars", path + "_lookup_layer/vars"};
  }
  return {path + "vars"};
}

constexpr const char* kWeights = "/idf_weights";

template <class Options>
Layer with_vocabulary(Options options,
                      const std::string& text,
                      const std::string& weights,
                      const H5File& file) {
  const std::vector<std::string> lines = lines_of(text);
  take_tokens(lines, options.vocabulary);
  const auto idf = file.datasets.find(weights);
  if (options.output_mode == "tf_idf" && idf != file.datasets.end()) {
    std::visit(
        [&](const auto& values) {  // behind those of the tokens comes padding
          options.idf_weights.assign(
              values.begin(),
              values.begin() + static_cast<std::ptrdiff_t>(std::min(values.size(), lines.size())));
        },
        idf->second.values);
  }
  options.vocabulary_size();  // checks them
  return options;
}

}  // namespace

void read_vocabularies(const MemberReader& member,
                       std::string_view where,
                       const H5File& weights,
                       Network& network) {
  const std::vector<std::string> groups = file_groups(network);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const int place = network.layers[i];
    const std::string name = "assets/layers/" + groups[i] + "/vocabulary.txt";
    const std::string array = "layers/" + groups[i] + "/vars" + kWeights;
    const Layer layer = network.nodes[static_cast<std::size_t>(place)].layer;
    with_lookup(layer, [&](const auto& options) {
      const auto text = options.vocabulary.empty() ? member(name) : std::nullopt;
      if (!text) {
        return;
      }
      try {
        const Layer made = with_vocabulary(options, *text, array, weights);
        for (std::size_t n = 0; n < network.nodes.size(); ++n) {
          if (static_cast<int>(n) == place || network.nodes[n].first_call == place) {
            network.nodes[n].layer = made;
          }
        }
      } catch (const OptionError& problem) {
        throw FileError(fmt::format("{}: {}: {}", where, name, problem.what()));
      }
    });
  }
}

void add_vocabulary_arrays(const Layer& layer, const std::string& path, H5File& file) {
  with_lookup(layer, [&](const auto& options) {
    const std::vector<float> weights = options.weights();
    for (const std::string& group : groups_of(layer, path)) {
      file.groups[group];
      if (!weights.empty()) {
        file.datasets[group + kWeights] = {.shape = {static_cast<std::int64_t>(weights.size())},
                                           .values = weights};
      }
    }
  });
}

void add_vocabulary_names(const Layer& layer,
                          const std::string& path,
                          std::set<std::string>& names) {
  with_lookup(layer, [&](const auto&) {
    for (const std::string& group : groups_of(layer, path)) {
      names.insert(group + kWeights);
    }
  });
}

}  // namespace engram::io
