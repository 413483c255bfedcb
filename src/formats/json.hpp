// SPDX-License-Identifier: Apache-2.0
/// JSON with limits, and access that knows where a value stands.
///
/// Example: const Json config = parse_json(bytes, "stock.keras: config.json");
///          const std::int64_t units = JsonAt(config, where)["config"]["units"].as_int();
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace engram::formats {

/// Keeps the order of keys, as Keras does.
using Json = nlohmann::ordered_json;

inline constexpr std::uint64_t kLargestJson = std::uint64_t{16} << 20;

/// Parses UTF-8 text of at most 16 MiB, 64 levels, 262,144 values and 256 keys an object, no key
/// twice in one. NaN and Infinity, which Python may write, are no JSON. Errors: FileError.
Json parse_json(std::string_view text, std::string_view where);

/// One line, ASCII only. Errors: OptionError when a text is no UTF-8 or a number not finite.
std::string write_json(const Json& json, std::string_view where);

/// A value inside a document that names its place, such as "m.keras: config.json:
/// config.layers[2]", in what it throws. Must not outlive the document. Errors: FileError
/// throughout.
class JsonAt {
 public:
  JsonAt(const Json& value, std::string where) : value_(&value), where_(std::move(where)) {}

  const Json& value() const { return *value_; }

  const std::string& where() const { return where_; }

  bool is_null() const { return value_->is_null(); }

  /// The value at `key` of an object, which must be there. An object that lacks it throws.
  JsonAt operator[](std::string_view key) const;

  /// True for an object that holds something other than null at `key`.
  bool has(std::string_view key) const;

  /// The number of items of an array, which this must be.
  std::size_t size() const;
  JsonAt operator[](std::size_t index) const;

  bool as_bool() const;
  std::int64_t as_int() const;  ///< a whole number; 3.0 is none
  double as_double() const;     ///< any number
  const std::string& as_string() const;

  /// Throws: this place was `expected` to hold something else.
  [[noreturn]] void refuse(const std::string& expected, const std::string& remedy = "") const;

 private:
  const Json* value_;
  std::string where_;
};

}  // namespace engram::formats
