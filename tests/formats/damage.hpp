// SPDX-License-Identifier: Apache-2.0
/// Damages a file in every way of a kind, and counts what a reader makes of it.
///
/// Example: EXPECT_EQ(count_values(truncations(bytes), [](const auto& b) { read_h5(b, "f"); }), 0);
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "engram/error.hpp"

namespace engram::formats {

/// `bytes` cut after 0, 1, 2, ... bytes.
inline std::vector<std::string> truncations(const std::string& bytes) {
  std::vector<std::string> cut;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    cut.push_back(bytes.substr(0, length));
  }
  return cut;
}

/// `count` copies of `bytes` with one bit changed each, in fixed places.
inline std::vector<std::string> bit_flips(const std::string& bytes, int count) {
  std::mt19937 random(20260101);
  std::vector<std::string> flipped(count, bytes);
  for (std::string& copy : flipped) {
    copy[random() % copy.size()] ^= static_cast<char>(1 << random() % 8);
  }
  return flipped;
}

/// How many of `files` the reader takes; the others must throw FileError, or the test ends.
template <class Read>
int count_values(const std::vector<std::string>& files, const Read& read) {
  int values = 0;
  for (const std::string& file : files) {
    try {
      read(file);
      ++values;
    } catch (const FileError&) {
    }
  }
  return values;
}

}  // namespace engram::formats
