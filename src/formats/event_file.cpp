// SPDX-License-Identifier: Apache-2.0
#include "formats/event_file.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <iterator>
#include <vector>

namespace engram::formats {

namespace {

static_assert(std::endian::native == std::endian::little, "files hold little-endian numbers");

constexpr std::size_t kBuckets = 30;

constexpr std::array<std::uint32_t, 256> checksums_of_bytes() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) {
      rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82f63b78u : 0u);
    }
    table[byte] = rest;
  }
  return table;
}

constexpr std::array<std::uint32_t, 256> kChecksums = checksums_of_bytes();

template <class T>
std::string raw(const T& value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// Checksums of data that holds checksums are poor, so that files store them turned and shifted.
std::string masked_checksum(std::string_view bytes) {
  return raw(std::rotr(crc32c(bytes), 15) + 0xa282ead8u);
}

// ---- The wire format of protocol buffers --------------------------------------------------------

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 128; value >>= 7) {
    bytes += static_cast<char>(value % 128 + 128);
  }
  return bytes + static_cast<char>(value);
}

std::string whole_field(std::uint64_t number, std::uint64_t value) {
  return varint(number * 8) + varint(value);
}

std::string bytes_field(std::uint64_t number, std::string_view bytes) {
  return varint(number * 8 + 2) + varint(bytes.size()) + std::string(bytes);
}

// ---- Event, Summary, TensorProto, SummaryMetadata ----------------------------------------------

/// tensorflow/core/framework/types.proto.
enum : std::uint64_t { kFloat = 1, kDouble = 2 };

std::string wall_time_field(double wall_time) { return varint(1 * 8 + 1) + raw(wall_time); }

std::string tensor(std::uint64_t type,
                   std::span<const std::uint64_t> shape,
                   std::string_view content) {
  std::string sizes;
  for (const std::uint64_t size : shape) {
    sizes += bytes_field(2, whole_field(1, size));
  }
  return whole_field(1, type) + bytes_field(2, sizes) + bytes_field(4, content);
}

std::string summary_event(const EventHead& head, std::string_view tensor, std::string_view plugin) {
  const std::string value = bytes_field(1, head.tag) + bytes_field(8, tensor) +
                            bytes_field(9, bytes_field(1, bytes_field(1, plugin)));
  const std::string step =
      head.step == 0 ? "" : whole_field(2, static_cast<std::uint64_t>(head.step));
  return record(wall_time_field(head.wall_time) + step + bytes_field(5, bytes_field(1, value)));
}

/// Left edge, right edge and count of each bucket.
using Buckets = std::array<std::array<double, 3>, kBuckets>;

Buckets buckets_of(std::span<const double> values) {
  Buckets buckets{};
  if (values.empty()) {
    return buckets;
  }
  const auto [least, most] = std::ranges::minmax(values);
  const double width = (most - least) / kBuckets;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    buckets[i][0] = least + width * static_cast<double>(i);
    buckets[i][1] = i + 1 == kBuckets ? most : least + width * static_cast<double>(i + 1);
  }
  for (const double value : values) {
    const std::size_t place =
        width > 0 ? static_cast<std::size_t>((value - least) / width) : kBuckets;
    buckets[std::min(place, kBuckets - 1)][2] += 1;
  }
  return buckets;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t sum = ~0u;
  for (const char c : bytes) {
    sum = kChecksums[(sum ^ static_cast<unsigned char>(c)) & 255] ^ (sum >> 8);
  }
  return ~sum;
}

std::string record(std::string_view bytes) {
  const std::string length = raw(static_cast<std::uint64_t>(bytes.size()));
  return length + masked_checksum(length) + std::string(bytes) + masked_checksum(bytes);
}

std::string version_event(double wall_time) {
  return record(wall_time_field(wall_time) + bytes_field(3, "brain.Event:2"));
}

std::string scalar_event(const EventHead& head, float value) {
  return summary_event(head, tensor(kFloat, {}, raw(value)), "scalars");
}

std::string histogram_event(const EventHead& head, std::span<const float> values) {
  std::vector<double> finite;
  std::ranges::copy_if(
      values, std::back_inserter(finite), [](float value) { return std::isfinite(value); });
  const std::array<std::uint64_t, 2> shape = {kBuckets, 3};
  return summary_event(head, tensor(kDouble, shape, raw(buckets_of(finite))), "histograms");
}

}  // namespace engram::formats
