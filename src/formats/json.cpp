// SPDX-License-Identifier: Apache-2.0
#include "formats/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace engram::formats {

namespace {

constexpr std::size_t kDeepestNesting = 64;
constexpr std::size_t kMostValues = 262144;  // 4,096 layers of 64
constexpr std::size_t kMostKeys = 256;       // ordered_json looks them up one by one

[[noreturn]] void refuse_text(std::string_view where, std::string expected, std::string got) {
  throw error<FileError>({.where = std::string(where),
                          .expected = std::move(expected),
                          .got = std::move(got),
                          .remedy = "The file is damaged or of an unsupported kind."});
}

/// Walks a text before nlohmann's parser builds its values; that neither recurses nor limits, and
/// with a callback would take quadratic time for long lists.
class Limits final : public Json::json_sax_t {
 public:
  explicit Limits(std::string_view where) : where_(where) {}

  bool null() override { return value(); }

  bool boolean(bool) override { return value(); }

  bool number_integer(Json::number_integer_t) override { return value(); }

  bool number_unsigned(Json::number_unsigned_t) override { return value(); }

  bool number_float(Json::number_float_t, const std::string&) override { return value(); }

  bool string(std::string&) override { return value(); }

  bool binary(Json::binary_t&) override { return value(); }

  bool start_object(std::size_t) override { return open(); }

  bool start_array(std::size_t) override { return open(); }

  bool end_object() override { return close(); }

  bool end_array() override { return close(); }

  bool key(std::string& key) override {
    if (!keys_.back().insert(key).second) {
      refuse_text(where_, "every key once in an object", engram::in_quotes(key) + " twice");
    }
    return limit(keys_.back().size(), kMostKeys, "keys in an object");
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception&) override {
    return false;  // the parser will say the same
  }

 private:
  bool value() { return limit(++values_, kMostValues, "values"); }

  bool open() {
    value();
    keys_.emplace_back();
    return limit(keys_.size(), kDeepestNesting, "levels");
  }

  bool close() {
    keys_.pop_back();
    return true;
  }

  bool limit(std::size_t count, std::size_t most, std::string_view what) const {
    if (count > most) {
      refuse_text(where_, fmt::format("at most {} {}", most, what), "more");
    }
    return true;
  }

  std::string_view where_;
  std::vector<std::set<std::string>> keys_;
  std::size_t values_ = 0;
};

/// What stands at the place of a syntax error. The parser stops inside a word: it is shown whole.
std::string found_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) {
    return "the end of the text";
  }
  if (static_cast<unsigned char>(text[at]) >= 0x80) {
    return fmt::format("byte {:#x}", static_cast<unsigned char>(text[at]));
  }
  constexpr std::string_view kLetters = "NaInfity";  // those of NaN and Infinity
  std::size_t begin = at, end = at + 1;
  while (begin > 0 && at - begin < 8 && kLetters.find(text[begin - 1]) != kLetters.npos) {
    --begin;
  }
  while (end < text.size() && end - begin < 8 && kLetters.find(text[end]) != kLetters.npos) {
    ++end;
  }
  return engram::in_quotes(text.substr(begin, end - begin));
}

/// A value for a message.
std::string short_text(const Json& value) {
  if (value.is_string()) {
    return engram::in_quotes(value.get_ref<const std::string&>());
  }
  if (value.is_structured()) {
    return fmt::format("{} of {}", value.is_object() ? "an object" : "a list", value.size());
  }
  return value.dump();
}

bool is_finite(const Json& json) {
  if (json.is_number_float()) {
    return std::isfinite(json.get<double>());
  }
  return !json.is_structured() || std::all_of(json.begin(), json.end(), is_finite);
}

}  // namespace

Json parse_json(std::string_view text, std::string_view where) {
  if (text.size() > kLargestJson) {
    refuse_text(where, fmt::format("at most {} bytes", kLargestJson), std::to_string(text.size()));
  }
  try {
    Limits limits(where);
    Json::sax_parse(text, &limits);
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    const std::size_t at = e.byte == 0 ? 0 : e.byte - 1;
    refuse_text(fmt::format("{}: byte {}", where, at), "JSON", found_at(text, at));
  } catch (const Json::out_of_range&) {
    refuse_text(where, "numbers that float64 can hold", "a larger one");
  }
}

std::string write_json(const Json& json, std::string_view where) {
  const auto refuse = [&](std::string expected, std::string got) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = std::move(expected),
                              .got = std::move(got),
                              .remedy = "Change this value, so that the model can be saved."});
  };
  if (!is_finite(json)) {
    refuse("finite numbers, for JSON has no others", "NaN or infinity");
  }
  try {
    return json.dump(-1, ' ', /*ensure_ascii=*/true);
  } catch (const Json::exception&) {
    refuse("names in UTF-8", "other bytes");
  }
  return "";
}

JsonAt JsonAt::operator[](std::string_view key) const {
  if (!value_->is_object()) {
    refuse("an object");
  }
  const auto found = value_->find(key);
  const JsonAt place(found == value_->end() ? *value_ : *found, fmt::format("{}.{}", where_, key));
  if (found == value_->end()) {
    throw error<FileError>(
        {.where = place.where_, .expected = "a value", .got = "none", .remedy = ""});
  }
  return place;
}

bool JsonAt::has(std::string_view key) const {
  if (!value_->is_object()) {
    refuse("an object");
  }
  const auto found = value_->find(key);
  return found != value_->end() && !found->is_null();
}

std::size_t JsonAt::size() const {
  if (!value_->is_array()) {
    refuse("a list");
  }
  return value_->size();
}

JsonAt JsonAt::operator[](std::size_t index) const {
  if (index >= size()) {
    refuse(fmt::format("a list of {} or more", index + 1));
  }
  return JsonAt((*value_)[index], fmt::format("{}[{}]", where_, index));
}

bool JsonAt::as_bool() const {
  if (!value_->is_boolean()) {
    refuse("true or false");
  }
  return value_->get<bool>();
}

std::int64_t JsonAt::as_int() const {
  const bool is_large = value_->is_number_unsigned() && value_->get<std::uint64_t>() > INT64_MAX;
  if (!value_->is_number_integer() || is_large) {
    refuse("a whole number of 64 bits");
  }
  return value_->get<std::int64_t>();
}

double JsonAt::as_double() const {
  if (!value_->is_number()) {
    refuse("a number");
  }
  return value_->get<double>();
}

const std::string& JsonAt::as_string() const {
  if (!value_->is_string()) {
    refuse("a text");
  }
  return value_->get_ref<const std::string&>();
}

void JsonAt::refuse(const std::string& expected, const std::string& remedy) const {
  throw error<FileError>(
      {.where = where_, .expected = expected, .got = short_text(*value_), .remedy = remedy});
}

}  // namespace engram::formats
