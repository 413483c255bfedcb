// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "formats/bounds.hpp"
#include "formats/hdf5.hpp"
#include "formats/hdf5_tree.hpp"

namespace engram::formats {

namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they are");

constexpr std::size_t kMostObjects = 16384;
constexpr std::ptrdiff_t kDeepestGroup = 16;
constexpr std::uint64_t kHighestRank = 8;

/// Datatype messages of the File Format Specification, IV.A.2.d, after the byte of class and
/// version: IEEE 754 little-endian.
constexpr std::string_view kFloat32("\x20\x1f\0\4\0\0\0\0\0\x20\0\x17\x08\0\x17\x7f\0\0\0", 19);
constexpr std::string_view kFloat64("\x20\x3f\0\x08\0\0\0\0\0\x40\0\x34\x0b\0\x34\xff\3\0\0", 19);

class Reader {
 public:
  Reader(std::string_view bytes, std::string_view where)
      : tree_(bytes, where), in_(tree_.bytes()) {}

  H5File read() {
    std::vector<std::pair<std::string, H5Object>> groups{{"", tree_.object(tree_.root())}};
    in_.require(groups[0].second.symbol_table.has_value(), tree_.root(), "a root group", "another");
    std::size_t objects = 1;
    while (!groups.empty()) {
      const auto [path, group] = std::move(groups.back());
      groups.pop_back();
      file_.groups[path];
      for (const H5Link& link : tree_.links(group)) {
        const std::string child = path.empty() ? link.name : path + "/" + link.name;
        in_.require(++objects <= kMostObjects &&
                        std::count(child.begin(), child.end(), '/') < kDeepestGroup,
                    link.address,
                    fmt::format("{} objects in {} levels at most", kMostObjects, kDeepestGroup),
                    "more");
        H5Object object = tree_.object(link.address);
        if (object.symbol_table) {
          groups.emplace_back(child, std::move(object));
        } else {
          file_.datasets[child] = read_dataset(object);
        }
      }
    }
    return std::move(file_);
  }

 private:
  H5Dataset read_dataset(const H5Object& object) {
    in_.require(object.space && object.type && object.layout,
                object.address,
                "an array with shape, type and layout",
                "another object");
    H5Dataset dataset;
    choose_values(*object.type, dataset);
    const std::uint64_t elements = read_shape(*object.space, dataset);
    const std::uint64_t width = in_.number(object.type->at + 4, 4);
    const std::string_view data = locate(*object.layout, elements * width);
    std::visit(
        [&](auto& values) {
          using Value = typename std::decay_t<decltype(values)>::value_type;
          held_ += elements * sizeof(Value);
          in_.require(held_ <= kLargestModel,
                      object.address,
                      fmt::format("arrays of {} bytes together at most", kLargestModel),
                      "more");
          values.resize(elements);
          if (width == sizeof(Value)) {
            std::copy(data.begin(), data.end(), reinterpret_cast<char*>(values.data()));
          } else {  // int32 as int64
            for (std::uint64_t i = 0; i < elements; ++i) {
              std::int32_t value = 0;
              std::memcpy(&value, data.data() + i * sizeof(value), sizeof(value));
              values[i] = static_cast<Value>(value);
            }
          }
        },
        dataset.values);
    return dataset;
  }

  /// Makes `values` the vector that holds the type.
  void choose_values(H5Message type, H5Dataset& dataset) const {
    const std::uint64_t kind = in_.number(type.at, 1) & 0x0f, size = in_.number(type.at + 4, 4);
    const std::string_view rest = in_.text(type.at + 1, std::min<std::uint64_t>(19, type.length));
    const bool is_signed_integer = kind == 0 && in_.number(type.at + 1, 3) == 0x08 &&
                                   (size == 4 || size == 8) &&
                                   in_.number(type.at + 8, 4) == size * 8 << 16;
    in_.require(type.length >= 12 &&
                    (is_signed_integer || (kind == 1 && (rest == kFloat32 || rest == kFloat64))),
                type.at,
                "an array of float32, float64, int32 or int64, little-endian",
                "another");
    if (is_signed_integer) {
      dataset.values = std::vector<std::int64_t>();
    } else if (rest == kFloat64) {
      dataset.values = std::vector<double>();
    }
  }

  /// Returns the number of elements.
  std::uint64_t read_shape(H5Message space, H5Dataset& dataset) const {
    const std::uint64_t version = in_.number(space.at, 1), rank = in_.number(space.at + 1, 1);
    const std::uint64_t head = version == 1 ? 8 : 4;
    const bool is_null = version == 2 && in_.number(space.at + 3, 1) == 2;
    in_.require((version == 1 || version == 2) && !is_null && rank <= kHighestRank &&
                    head + 8 * rank <= space.length,
                space.at,
                fmt::format("an array of rank {} at most", kHighestRank),
                "another");
    std::uint64_t bytes = sizeof(double);  // the widest value
    for (std::uint64_t axis = 0; axis < rank; ++axis) {
      const std::uint64_t extent = in_.number(space.at + head + 8 * axis, 8);
      bytes = checked_product(bytes, extent).value_or(kLargestArray + 1);
      in_.require(extent <= kLargestArray && bytes <= kLargestArray,
                  space.at,
                  fmt::format("an array of {} bytes at most", kLargestArray),
                  "a larger one");
      dataset.shape.push_back(static_cast<std::int64_t>(extent));
    }
    return bytes / sizeof(double);
  }

  /// The bytes of an array that declares `size` of them.
  std::string_view locate(H5Message layout, std::uint64_t size) {
    constexpr std::uint64_t kVersion = 3, kCompact = 0, kContiguous = 1;
    const std::uint64_t version = in_.number(layout.at, 1), kind = in_.number(layout.at + 1, 1);
    in_.require(version == kVersion && (kind == kCompact || kind == kContiguous),
                layout.at,
                "contiguous or compact storage",
                fmt::format("kind {} of version {}", kind, version));
    if (kind == kCompact) {
      const std::uint64_t stored = in_.number(layout.at + 2, 2);
      in_.require(stored == size && 4 + stored <= layout.length,
                  layout.at,
                  fmt::format("{} bytes", size),
                  std::to_string(stored));
      return in_.text(layout.at + 4, size);
    }
    if (size == 0) {
      return "";
    }
    const std::uint64_t at = in_.number(layout.at + 2, 8), stored = in_.number(layout.at + 10, 8);
    in_.require(stored == size && layout.length >= 18,
                layout.at,
                fmt::format("{} bytes", size),
                std::to_string(stored));
    tree_.claim(at, size);
    return in_.text(at, size);
  }

  H5Tree tree_;
  const ByteReader& in_;
  H5File file_;
  std::uint64_t held_ = 0;
};

}  // namespace

H5File read_h5(std::string_view bytes, std::string_view where) {
  return Reader(bytes, where).read();
}

}  // namespace engram::formats
