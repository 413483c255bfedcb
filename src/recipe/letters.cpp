// SPDX-License-Identifier: Apache-2.0
#include "recipe/letters.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.hpp"
#include "recipe/notes.hpp"

namespace engram {

std::vector<std::string> characters(const std::string& text) {
  std::vector<std::string> result;
  for (const char c : text) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (continues && result.empty()) {
      throw error<OptionError>({.where = "letters", .expected = "UTF-8", .got = in_quotes(text)});
    }
    continues ? void(result.back() += c) : result.push_back(std::string(1, c));
  }
  return result;
}

LetterWindows letter_windows(const LettersSource& source) {
  const auto letters = static_cast<std::int64_t>(characters(source.letters).size());
  const std::int64_t windows = source.cycle ? letters : letters - source.window;
  if (source.window > letters || windows < 1) {
    throw error<OptionError>({.where = "data: window",
                              .expected = "a window shorter than the alphabet",
                              .got = fmt::format("{} of {} letters", source.window, letters)});
  }
  LetterWindows result = {.ids = Tensor({windows, source.window}), .next = Tensor({windows})};
  for (std::int64_t i = 0; i < windows; ++i) {
    for (std::int64_t step = 0; step < source.window; ++step) {
      result.ids.at({i, step}) = static_cast<float>((i + step) % letters);
    }
    result.next.at({i}) = static_cast<float>((i + source.window) % letters);
  }
  return result;
}

Tensor encode_letters(const LettersSource& source, const Tensor& ids) {
  return source.encoding == "id"
             ? ids
             : one_hot(ids, static_cast<std::int64_t>(characters(source.letters).size()));
}

std::vector<std::pair<std::string, std::string>> letter_answers(Model& model,
                                                                const LettersSource& source,
                                                                const Tensor& ids) {
  const std::vector<std::string> letters = characters(source.letters);
  const Tensor scores = model.predict(encode_letters(source, ids));
  const auto count = static_cast<std::int64_t>(letters.size());
  if (scores.shape() != Shape{ids.shape()[0], count}) {
    throw error<ShapeError>({.where = "model",
                             .expected = fmt::format("an output of {} letters", count),
                             .got = to_string(scores.shape())});
  }
  std::vector<std::pair<std::string, std::string>> answers;
  const float* id = ids.data();
  for (const float* row = scores.data(); row != scores.data() + scores.size(); row += count) {
    std::string input;
    for (std::int64_t step = 0; step < source.window; ++step) {
      input += letters[static_cast<std::size_t>(*id++)];
    }
    answers.emplace_back(input, letters[std::max_element(row, row + count) - row]);
  }
  return answers;
}

std::string next_letter(Model& model, const std::string& text) {
  const LettersSource source = letters_notes(model.notes());
  const std::vector<std::string> letters = characters(source.letters);
  const std::vector<std::string> input = characters(text);
  if (static_cast<std::int64_t>(input.size()) != source.window) {
    throw error<OptionError>({.where = "letters",
                              .expected = fmt::format("{} of {}", source.window, source.letters),
                              .got = in_quotes(text)});
  }
  Tensor ids({1, source.window});
  for (std::size_t i = 0; i < input.size(); ++i) {
    const auto found = std::find(letters.begin(), letters.end(), input[i]);
    if (found == letters.end()) {
      throw error<OptionError>({.where = "letters",
                                .expected = fmt::format("letters of {}", source.letters),
                                .got = in_quotes(input[i])});
    }
    ids.data()[i] = static_cast<float>(found - letters.begin());
  }
  return letter_answers(model, source, ids).front().second;
}

}  // namespace engram
