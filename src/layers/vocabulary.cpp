// SPDX-License-Identifier: Apache-2.0
#include "layers/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.hpp"
#include "base/hashes.hpp"

namespace engram {

namespace {

std::string shown(const std::string& token) { return in_quotes(token); }

std::string shown(std::int64_t token) { return fmt::format("{}", token); }

[[noreturn]] void fail(std::string_view where,
                       std::string expected,
                       std::string got,
                       std::string remedy = "") {
  throw error<OptionError>({.where = std::string(where),
                            .expected = std::move(expected),
                            .got = std::move(got),
                            .remedy = std::move(remedy)});
}

/// True when the tokens begin with the special ones.
template <class Token>
bool has_special_tokens(const LookupRules<Token>& rules, const std::vector<Token>& tokens) {
  std::vector<std::optional<Token>> special;
  special.insert(special.end(), static_cast<std::size_t>(rules.oov_start()), rules.mask_token);
  special.insert(special.end(), static_cast<std::size_t>(rules.oov_indices), rules.oov_token);
  return special.size() <= tokens.size() &&
         std::equal(special.begin(), special.end(), tokens.begin());
}

}  // namespace

template <class Token>
Vocabulary<Token>::Vocabulary(const LookupRules<Token>& rules,
                              const std::vector<Token>& tokens,
                              const std::vector<float>& idf)
    : rules_(rules) {
  const bool has_special = has_special_tokens(rules, tokens);
  const auto skipped = static_cast<std::ptrdiff_t>(has_special ? rules.token_start() : 0);
  tokens_.assign(tokens.begin() + skipped, tokens.end());
  std::int64_t next = rules.token_start();
  for (const Token& token : tokens_) {
    if (!ids_.emplace(token, next++).second) {
      fail(rules.where, "each token of the vocabulary once", shown(token) + " twice");
    }
  }
  check();
  const bool has_weights = rules.output_mode == "tf_idf" && !tokens.empty();
  if (idf.size() != (has_weights ? tokens.size() : 0)) {
    fail(rules.where,
         has_weights ? "idf_weights, one for each token of the vocabulary"
                     : "idf_weights with output_mode 'tf_idf' and a vocabulary only",
         fmt::format("{} weights of {} tokens", idf.size(), tokens.size()));
  }
  if (has_weights) {
    place_weights(idf, has_special);
  }
}

template <class Token>
void Vocabulary<Token>::check() const {
  if (rules_.is_padded && !rules_.max_tokens) {
    fail(rules_.where, "max_tokens with pad_to_max_tokens", "none");
  }
  if (rules_.max_tokens && *rules_.max_tokens < std::max<std::int64_t>(2, size())) {
    fail(rules_.where,
         fmt::format("max_tokens of {} or more, with the special tokens",
                     std::max<std::int64_t>(2, size())),
         fmt::format("{}", *rules_.max_tokens));
  }
  if (rules_.mask_token && ids_.contains(*rules_.mask_token)) {
    fail(rules_.where,
         "the mask token before all others, or not at all",
         fmt::format("{} in the vocabulary", shown(*rules_.mask_token)),
         "Leave out all special tokens, or put all in front: mask, then unknown.");
  }
  if (rules_.is_inverse && rules_.oov_token && ids_.contains(*rules_.oov_token)) {
    fail(rules_.where,
         "the token of unknown ones in front, or not at all",
         fmt::format("{} in the vocabulary", shown(*rules_.oov_token)));
  }
  if (!rules_.salt.empty() && (rules_.salt.size() != 2 || !rules_.is_hashed)) {
    fail(rules_.where,
         "salt of two numbers, of integers with oov_method 'farmhash'",
         fmt::format("{} numbers", rules_.salt.size()));
  }
  if (rules_.is_inverse && rules_.output_mode != "int") {
    fail(rules_.where, "output_mode 'int' with invert", in_quotes(std::string(rules_.output_mode)));
  }
}

/// Special tokens have the mean of the weights where none are given; padding has 0.
template <class Token>
void Vocabulary<Token>::place_weights(const std::vector<float>& idf, bool has_special) {
  if (!has_special) {
    const double mean = std::accumulate(idf.begin(), idf.end(), 0.0) / double(idf.size());
    weights_.assign(static_cast<std::size_t>(rules_.token_start()), static_cast<float>(mean));
  }
  weights_.insert(weights_.end(), idf.begin(), idf.end());
  weights_.resize(static_cast<std::size_t>(depth()));
}

template <class Token>
void Vocabulary<Token>::require_tokens() const {
  if (tokens_.empty()) {
    fail(rules_.where, "a vocabulary", "none", "Give one, or call adapt.");
  }
}

template <class Token>
std::int64_t Vocabulary<Token>::id(const Token& token) const {
  if (rules_.mask_token && token == *rules_.mask_token) {
    return rules_.output_mode == "int" ? 0 : kMaskedToken;
  }
  if (const auto found = ids_.find(token); found != ids_.end()) {
    return found->second;
  }
  if (rules_.oov_indices == 0) {
    throw error<DataError>({.where = std::string(rules_.where),
                            .expected = "tokens of the vocabulary, as num_oov_indices is 0",
                            .got = shown(token),
                            .remedy = "Set num_oov_indices to 1 to number unknown tokens."});
  }
  return rules_.oov_start() + (rules_.oov_indices == 1 ? 0 : oov_index(token));
}

template <class Token>
std::int64_t Vocabulary<Token>::oov_index(const Token& token) const {
  std::string text;
  if constexpr (std::is_same_v<Token, std::int64_t>) {
    if (!rules_.is_hashed) {
      return (token % rules_.oov_indices + rules_.oov_indices) % rules_.oov_indices;
    }
    text = std::to_string(token);
  } else {
    text = token;
  }
  const auto word = [&](std::size_t i) { return static_cast<std::uint64_t>(rules_.salt[i]); };
  const std::uint64_t hash =
      rules_.salt.empty() ? farm_fingerprint(text) : sip_hash(text, word(0), word(1));
  return static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(rules_.oov_indices));
}

template <class Token>
Token Vocabulary<Token>::token(std::int64_t id) const {
  const std::int64_t place = id - rules_.token_start();
  if (rules_.mask_token && id == 0) {
    return *rules_.mask_token;
  }
  return place >= 0 && place < static_cast<std::int64_t>(tokens_.size())
             ? tokens_[static_cast<std::size_t>(place)]
             : rules_.oov_token.value_or(Token());
}

template <class Token>
std::vector<Token> Vocabulary<Token>::all(bool has_special_tokens) const {
  std::vector<Token> all;
  if (has_special_tokens) {
    all.insert(all.end(), static_cast<std::size_t>(rules_.oov_start()), *rules_.mask_token);
    all.insert(all.end(),
               static_cast<std::size_t>(rules_.oov_indices),
               rules_.oov_token.value_or(Token()));
  }
  all.insert(all.end(), tokens_.begin(), tokens_.end());
  return all;
}

template <class Token>
void TokenCounter<Token>::add_row(std::span<const Token> tokens) {
  for (const Token& token : tokens) {
    Count& count = counts_[token];
    ++count.times;
    count.rows += count.last_row == rows_ ? 0 : 1;
    count.last_row = rows_;
  }
  ++rows_;
}

template <class Token>
LookupTokens<Token> TokenCounter<Token>::learned(const LookupRules<Token>& rules) const {
  std::vector<std::pair<Token, Count>> sorted;
  for (const auto& [token, count] : counts_) {
    if (token != rules.mask_token && token != rules.oov_token) {
      sorted.emplace_back(token, count);
    }
  }
  std::ranges::reverse(sorted);  // the map has them in ascending order
  std::ranges::stable_sort(
      sorted, [](const auto& a, const auto& b) { return a.second.times > b.second.times; });
  if (rules.max_tokens) {
    const std::int64_t most = std::max<std::int64_t>(*rules.max_tokens - rules.token_start(), 0);
    sorted.resize(std::min(sorted.size(), static_cast<std::size_t>(most)));
  }
  LookupTokens<Token> learned;
  for (const auto& [token, count] : sorted) {
    learned.tokens.push_back(token);
    if (rules.output_mode == "tf_idf") {
      const double share = static_cast<double>(rows_) / static_cast<double>(1 + count.rows);
      learned.idf.push_back(static_cast<float>(std::log(1 + share)));
    }
  }
  return learned;
}

void encode_row(std::string_view output_mode,
                std::span<const float> weights,
                std::span<const std::int64_t> ids,
                std::span<float> row) {
  for (const std::int64_t id : ids) {
    if (id != kMaskedToken) {
      float& to = row[static_cast<std::size_t>(id)];
      to = output_mode == "multi_hot" ? 1 : to + 1;
    }
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    row[i] *= weights[i];
  }
}

template class Vocabulary<std::string>;
template class Vocabulary<std::int64_t>;
template class TokenCounter<std::string>;
template class TokenCounter<std::int64_t>;

}  // namespace engram
