// SPDX-License-Identifier: Apache-2.0
/// Letters as what a model takes and gives.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engram/recipe.hpp"
#include "engram/tensor.hpp"

namespace engram {

/// The characters of UTF-8 text. Errors: OptionError for bytes that are no UTF-8.
std::vector<std::string> characters(const std::string& text);

/// Every window of the alphabet, as ids, with the id of the letter after it.
struct LetterWindows {
  Tensor ids;   ///< (N, window)
  Tensor next;  ///< (N,)
};

/// Errors: OptionError when the window is as long as the alphabet or longer (equal: with cycle).
LetterWindows letter_windows(const LettersSource& source);

/// Ids (N, window) as the model takes them: as they are, or one-hot rows (N, window, letters).
Tensor encode_letters(const LettersSource& source, const Tensor& ids);

/// Each window in letters with the model's answer.
std::vector<std::pair<std::string, std::string>> letter_answers(Model& model,
                                                                const LettersSource& source,
                                                                const Tensor& ids);

}  // namespace engram
