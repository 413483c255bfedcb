// SPDX-License-Identifier: Apache-2.0
#include "formats/npy.hpp"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/error.hpp"
#include "formats/bounds.hpp"
#include "formats/npy_header.hpp"

namespace engram::formats {

namespace {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they lie in files");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::uint64_t kAlignment = 64;     // of the values in a file that NumPy writes
constexpr double kLargestInteger = 1 << 24;  // float32 holds every integer up to here

template <class T>
float to_float(T value, std::string_view where, std::size_t index) {
  const float rounded = static_cast<float>(value);
  bool fits = true;
  if constexpr (std::is_floating_point_v<T>) {
    fits = std::isfinite(rounded) || !std::isfinite(value);
  } else {
    fits = std::abs(static_cast<double>(value)) <= kLargestInteger;
  }
  if (!fits) {
    throw error<DataError>({.where = std::string(where),
                            .expected = std::is_floating_point_v<T>
                                            ? "numbers within the range of float32"
                                            : "integers within 2^24, which float32 holds exactly",
                            .got = fmt::format("{} at position {}", value, index),
                            .remedy = "Scale the values first."});
  }
  return rounded;
}

template <class T>
void convert(std::string_view bytes, std::string_view where, std::vector<float>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = to_float(value, where, i);
  }
}

struct Type {
  std::string_view name;  // without the mark of the byte order
  std::uint64_t size;
  void (*convert)(std::string_view, std::string_view, std::vector<float>&);
};

constexpr std::array kTypes = {Type{"f4", 4, convert<float>},
                               Type{"f8", 8, convert<double>},
                               Type{"i1", 1, convert<std::int8_t>},
                               Type{"i2", 2, convert<std::int16_t>},
                               Type{"i4", 4, convert<std::int32_t>},
                               Type{"i8", 8, convert<std::int64_t>},
                               Type{"u1", 1, convert<std::uint8_t>},
                               Type{"u2", 2, convert<std::uint16_t>},
                               Type{"u4", 4, convert<std::uint32_t>},
                               Type{"u8", 8, convert<std::uint64_t>},
                               Type{"b1", 1, convert<std::uint8_t>}};

const Type& find_type(const NpyHeader& header, std::string_view where) {
  const std::string_view name = header.type;
  for (const Type& type : kTypes) {
    const bool is_order_known = name.starts_with('<') || (type.size == 1 && name.starts_with('|'));
    if (is_order_known && name.substr(1) == type.name) {
      return type;
    }
  }
  throw error<DataError>({.where = std::string(where),
                          .expected = "little-endian floats, integers or bool",
                          .got = "type " + engram::in_quotes(name),
                          .remedy = "Convert the array with .astype('<f4')."});
}

/// The header's text; what follows it stays in `bytes`.
std::string_view take_header(std::string_view& bytes, std::string_view where) {
  if (!bytes.starts_with(kMagic)) {
    throw npy_damage(
        where, "an .npy file, which begins with \\x93NUMPY", engram::in_quotes(bytes.substr(0, 6)));
  }
  const int version = bytes.size() > 6 ? static_cast<unsigned char>(bytes[6]) : 0;
  const std::size_t width = version == 1 ? 2 : 4;
  const std::size_t begin = kMagic.size() + 2 + width;
  if (bytes.size() < begin) {
    throw npy_damage(where, "a header", fmt::format("a file of {} bytes", bytes.size()));
  }
  if (version < 1 || version > 3 || bytes[7] != 0) {
    throw npy_damage(
        where, ".npy version 1.0, 2.0 or 3.0", fmt::format("{}.{}", version, int{bytes[7]}));
  }
  std::uint32_t length = 0;
  std::memcpy(&length, bytes.data() + kMagic.size() + 2, width);
  if (!lies_within(begin, length, bytes.size())) {
    throw npy_damage(where,
                     fmt::format("a header of {} bytes", length),
                     fmt::format("{} bytes left in the file", bytes.size() - begin));
  }
  const std::string_view header = bytes.substr(begin, length);
  bytes.remove_prefix(begin + length);
  return header;
}

}  // namespace

Tensor read_npy(std::string_view bytes, std::string_view where) {
  const NpyHeader header = parse_npy_header(take_header(bytes, where), where);
  const Type& type = find_type(header, where);
  if (header.is_fortran_order && header.shape.size() > 1) {
    throw error<DataError>({.where = std::string(where),
                            .expected = "an array in C order",
                            .got = "Fortran order",
                            .remedy = "Save numpy.ascontiguousarray(array)."});
  }
  std::optional<std::uint64_t> size = 1;
  for (const std::int64_t axis : header.shape) {
    size = size ? checked_product(*size, static_cast<std::uint64_t>(axis)) : size;
  }
  const auto needed = size ? checked_product(*size, type.size) : size;
  if (needed != bytes.size()) {
    throw npy_damage(where,
                     fmt::format("values for shape {} and type {}",
                                 to_string(header.shape),
                                 engram::in_quotes(header.type)),
                     fmt::format("{} bytes of values", bytes.size()));
  }
  std::vector<float> values(*size);
  type.convert(bytes, where, values);
  return Tensor(header.shape, std::move(values));
}

std::string write_npy(const Tensor& tensor) {
  if (tensor.shape().size() > kMostNpyAxes) {
    throw error<DataError>({.where = "write_npy",
                            .expected = fmt::format("at most {} axes", kMostNpyAxes),
                            .got = fmt::format("{}", tensor.rank()),
                            .remedy = "Reshape the tensor."});
  }
  std::string header = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': {}, }}",
                                   to_string(tensor.shape()));
  const std::uint64_t begin = kMagic.size() + 4;
  header.append(kAlignment - 1 - (begin + header.size()) % kAlignment, ' ');
  header += '\n';
  const std::uint16_t length = static_cast<std::uint16_t>(header.size());
  std::string bytes(kMagic);
  bytes += std::string_view("\x01\x00", 2);
  bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
  bytes += header;
  bytes.append(reinterpret_cast<const char*>(tensor.data()),
               tensor.values().size() * sizeof(float));
  return bytes;
}

}  // namespace engram::formats
