// SPDX-License-Identifier: Apache-2.0
/// Inputs of a model that are texts. A network begins behind them: its inputs are the numbers that
/// the first layer, one of texts, makes of them.
#pragma once

#include <memory>

#include "engine/network.hpp"
#include "layers/text_reader.hpp"

namespace engram {

struct TextInput {
  Shape sample;                        ///< of texts
  std::unique_ptr<TextReader> reader;  ///< null: the input takes numbers
  std::string where;
};

/// Input `i` of the network. Errors: OptionError for texts that no layer of texts reads, or not
/// only one; for a layer of texts that reads something else.
TextInput text_input(const Network& network, std::size_t i);

/// Errors: OptionError for a layer of texts that does not read texts.
void check_texts(const Network& network);

}  // namespace engram
