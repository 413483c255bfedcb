// SPDX-License-Identifier: Apache-2.0
/// Arithmetic and limits for sizes that come out of files, so that nothing is allocated or read on
/// the word of a file alone.
///
/// Example: const auto bytes = checked_product(rows, width);
///          if (!bytes || !lies_within(offset, *bytes, file.size())) { throw ...; }
#pragma once

#include <cstdint>
#include <optional>

namespace engram::formats {

/// Names in files: longer ones are refused.
inline constexpr std::uint64_t kLongestName = 512;

/// All bytes that a file, or a member of an archive, may unfold to: 1 GiB.
inline constexpr std::uint64_t kLargestModel = std::uint64_t{1} << 30;

/// One array: 512 MiB.
inline constexpr std::uint64_t kLargestArray = std::uint64_t{1} << 29;

/// a * b, or nothing when it does not fit.
inline std::optional<std::uint64_t> checked_product(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

/// True when [offset, offset + length) lies inside [0, size).
inline bool lies_within(std::uint64_t offset, std::uint64_t length, std::uint64_t size) {
  return offset <= size && length <= size - offset;
}

/// True when deflate can have made `stored` bytes out of `unfolded`, and they are no bomb: at most
/// 1032 to 1, the format's own limit, up to 32 MiB, and 8 to 1 beyond (weights reach 1.2 to 1, with
/// the zeros of a new optimizer 4 to 1).
inline bool may_unfold(std::uint64_t stored, std::uint64_t unfolded) {
  constexpr std::uint64_t kSmall = std::uint64_t{32} << 20;
  const auto most = checked_product(stored, unfolded <= kSmall ? 1032 : 8);
  return !most || unfolded <= *most;
}

}  // namespace engram::formats
