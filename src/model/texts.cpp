// SPDX-License-Identifier: Apache-2.0
#include "model/texts.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "engine/nested_model.hpp"
#include "engram/layers/input.hpp"
#include "engram/model.hpp"
#include "model/model_data.hpp"

namespace engram {

namespace {

const NetworkNode& node_at(const Network& network, int node) {
  return network.nodes[static_cast<std::size_t>(node)];
}

bool takes_texts(const NetworkNode& node) { return node.spec().text_reader != nullptr; }

/// Whether numbers are what a layer cannot take.
bool needs_texts(const NetworkNode& node) {
  return takes_texts(node) && node.spec().text_use == TextUse::read;
}

/// Errors: OptionError for an Input of numbers that Keras would refuse as it is not of whole ones.
void check_whole_numbers(const Network& network, const NetworkNode& node) {
  for (const Port& port : node.inputs) {
    const Input* input = node_at(network, port.node).layer.get_if<Input>();
    if (input != nullptr && input->dtype == "float32") {
      throw error<OptionError>({.where = node.where(),
                                .expected = "inputs with dtype \"string\", \"int32\" or \"int64\"",
                                .got = in_quotes(input->dtype)});
    }
  }
}

}  // namespace

TextInput text_input(const Network& network, std::size_t i) {
  const int at = network.inputs[i];
  const NetworkNode& node = node_at(network, at);
  if (needs_texts(node)) {
    return {.sample = {}, .reader = node.spec().text_reader(node.options()), .where = node.where()};
  }
  if (!is_text_input(node.layer)) {
    return {};
  }
  std::vector<const NetworkNode*> readers;
  for (const NetworkNode& other : network.nodes) {
    if (std::ranges::count(other.inputs, Port{.node = at}) > 0) {
      readers.push_back(&other);
    }
  }
  if (readers.size() != 1 || !takes_texts(*readers[0])) {
    throw error<OptionError>(
        {.where = node.where(),
         .expected = "texts that one layer reads, such as TextVectorization",
         .got = readers.size() == 1 ? readers[0]->where() : fmt::format("{}", readers.size()),
         .remedy = "Give each layer of texts an Input of its own."});
  }
  return {.sample = node.layer.get_if<Input>()->shape,
          .reader = readers[0]->spec().text_reader(readers[0]->options()),
          .where = readers[0]->where()};
}

void check_texts(const Network& network) {
  for (const NetworkNode& node : network.nodes) {
    const NestedModel* nested = nested_model(node.layer);
    const auto is_of_texts = [](const NetworkNode& inner) {
      return needs_texts(inner) || is_text_input(inner.layer);
    };
    if (nested != nullptr && std::ranges::any_of(nested->network.nodes, is_of_texts)) {
      throw error<OptionError>({.where = node.where(),
                                .expected = "layers of texts in the outermost model only",
                                .got = "one inside",
                                .remedy = "Make one model of the layers."});
    }
    if (node.spec().text_use == TextUse::joined) {
      check_whole_numbers(network, node);
    }
    if (needs_texts(node) && !node.inputs.empty() &&
        !is_text_input(node_at(network, node.inputs[0].node).layer)) {
      throw error<OptionError>({.where = node.where(),
                                .expected = "an Input with dtype \"string\" before it",
                                .got = node_at(network, node.inputs[0].node).where(),
                                .remedy = "Layers of texts come first."});
    }
  }
  for (std::size_t i = 0; i < network.inputs.size(); ++i) {
    text_input(network, i);
  }
}

Tensor Model::vectorize(std::span<const std::string> texts, std::size_t input) const {
  if (input >= data_->network.inputs.size()) {
    throw error<OptionError>(
        {.where = "vectorize",
         .expected = fmt::format("an input below {}", data_->network.inputs.size()),
         .got = fmt::format("{}", input)});
  }
  const TextInput taken = text_input(data_->network, input);
  if (taken.reader == nullptr) {
    throw error<OptionError>({.where = "vectorize",
                              .expected = "an input of texts",
                              .got = "one of numbers",
                              .remedy = "Only models that begin with a layer of texts take them."});
  }
  return taken.reader->read(texts, taken.sample);
}

Tensor Model::predict(std::span<const std::string> texts, PredictOptions options) {
  const Shape shape = data_->is_built() ? (*data_->inputs)[0] : Shape{-1};
  const std::int64_t each = size_of(text_input(data_->network, 0).sample);
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(options.batch_size, 1) * each);
  if (texts.size() <= size || std::ranges::count(shape, -1) == 0) {
    return predict(vectorize(texts), options);
  }
  std::vector<float> values;
  Shape predicted;
  for (std::size_t first = 0; first < texts.size(); first += size) {
    const Tensor batch = vectorize(texts.subspan(first, std::min(size, texts.size() - first)));
    const Tensor part = predict(batch, options);
    if (!predicted.empty() &&
        !std::equal(predicted.begin() + 1, predicted.end(), part.shape().begin() + 1)) {
      throw error<ShapeError>({.where = "predict",
                               .expected = "results of one shape in all batches",
                               .got = to_string(part.shape()),
                               .remedy = "Give output_sequence_length, or a larger batch_size."});
    }
    predicted = part.shape();
    values.insert(values.end(), part.values().begin(), part.values().end());
  }
  predicted[0] = static_cast<std::int64_t>(texts.size()) / each;
  return Tensor(std::move(predicted), std::move(values));
}

}  // namespace engram
