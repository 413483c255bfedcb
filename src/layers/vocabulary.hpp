// SPDX-License-Identifier: Apache-2.0
/// The table of tokens behind TextVectorization, StringLookup and IntegerLookup: Keras's
/// IndexLookup.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engram/tensor.hpp"

namespace engram {

/// Ids are held as float32.
inline constexpr int kMostTokens = 1 << 24;

/// Options of a lookup of tokens that are std::string or std::int64_t.
template <class Token>
struct LookupRules {
  std::string_view where;  ///< the layer, in messages
  std::optional<std::int64_t> max_tokens;
  std::int64_t oov_indices = 1;
  std::optional<Token> mask_token, oov_token;
  std::string_view output_mode;
  bool is_padded = false;  ///< to max_tokens
  bool is_inverse = false;
  bool is_hashed = true;                ///< unknown tokens by their hash; else numbers mod indices
  std::vector<std::int64_t> salt = {};  ///< two words of a key for a stronger hash, or none

  /// The first id of unknown tokens; before them only that of the mask.
  std::int64_t oov_start() const { return mask_token && output_mode == "int" ? 1 : 0; }

  std::int64_t token_start() const { return oov_start() + oov_indices; }
};

/// What a lookup is given: its vocabulary with or without the special tokens in front.
template <class Token>
struct LookupTokens {
  std::vector<Token> tokens;
  std::vector<float> idf = {};  ///< one for each token, for "tf_idf"
};

/// The id of a token that counts for nothing.
inline constexpr std::int64_t kMaskedToken = -1;

template <class Token>
class Vocabulary {
 public:
  /// Errors: OptionError for options or tokens that contradict each other.
  Vocabulary(const LookupRules<Token>& rules,
             const std::vector<Token>& tokens,
             const std::vector<float>& idf);

  /// With the special tokens.
  std::int64_t size() const {
    return rules_.token_start() + static_cast<std::int64_t>(tokens_.size());
  }

  /// Values of a vector of counts.
  std::int64_t depth() const { return rules_.is_padded ? *rules_.max_tokens : size(); }

  /// Errors: OptionError without tokens.
  void require_tokens() const;

  /// Errors: DataError for an unknown token when there is no index for it.
  std::int64_t id(const Token& token) const;
  Token token(std::int64_t id) const;

  std::vector<Token> all(bool has_special_tokens) const;

  /// Of "tf_idf": `depth()` factors; else none.
  const std::vector<float>& weights() const { return weights_; }

 private:
  void check() const;
  std::int64_t oov_index(const Token& token) const;
  void place_weights(const std::vector<float>& idf, bool has_special);

  LookupRules<Token> rules_;
  std::vector<Token> tokens_;  ///< without the special ones
  std::unordered_map<Token, std::int64_t> ids_;
  std::vector<float> weights_;
};

/// Counts tokens for adapt.
template <class Token>
class TokenCounter {
 public:
  void add_row(std::span<const Token> tokens);

  /// The most frequent tokens first, of equal ones the last; of "tf_idf" their weights, too.
  LookupTokens<Token> learned(const LookupRules<Token>& rules) const;

 private:
  struct Count {
    std::int64_t times = 0, rows = 0, last_row = -1;
  };

  std::map<Token, Count> counts_;
  std::int64_t rows_ = 0;
};

/// One row of "multi_hot", "count" or "tf_idf" out of ids: adds to a vector of zeros.
void encode_row(std::string_view output_mode,
                std::span<const float> weights,
                std::span<const std::int64_t> ids,
                std::span<float> row);

extern template class Vocabulary<std::string>;
extern template class Vocabulary<std::int64_t>;
extern template class TokenCounter<std::string>;
extern template class TokenCounter<std::int64_t>;

}  // namespace engram
