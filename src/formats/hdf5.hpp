// SPDX-License-Identifier: Apache-2.0
/// HDF5 files in memory, as far as Keras's weights need them: groups, arrays, and texts beside
/// them.
///
/// Example: H5File file;
///          file.datasets["layers/dense/vars/0"] = {.shape = {3, 1}, .values = kernel};
///          file.groups["layers/dense/vars"]["name"] = "dense";
///          const std::string bytes = write_h5(file);
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace engram::formats {

/// An array in row-major order; an empty shape is a scalar.
struct H5Dataset {
  std::vector<std::int64_t> shape;
  std::variant<std::vector<float>, std::vector<double>, std::vector<std::int64_t>> values;

  bool operator==(const H5Dataset&) const = default;
};

/// Everything by its path, such as "layers/lstm/cell/vars/0"; the root is "".
struct H5File {
  std::map<std::string, H5Dataset> datasets;
  /// Every group, and the texts beside it by name.
  std::map<std::string, std::map<std::string, std::string>> groups;

  bool operator==(const H5File&) const = default;
};

/// Reads all arrays and the names of all groups; attributes are not read. `where` names the file in
/// messages. Our own code, not the HDF5 library (1.10 crashes on damaged files), and only for what
/// Keras writes: superblock 0, groups as symbol tables, contiguous or compact arrays of float32,
/// float64, int32 and int64 (read as int64), little-endian. Anything else is refused: soft,
/// external and user-defined links, external, virtual and chunked storage, filters, structures that
/// overlap or loop, arrays whose bytes are not there; so are more than 16,384 objects, 16 levels,
/// arrays over 512 MiB or 1 GiB together. Errors: FileError naming the byte.
H5File read_h5(std::string_view bytes, std::string_view where);

/// The same file gives the same bytes, in the dialect above, written by the HDF5 library; texts are
/// of variable length in UTF-8. Missing groups are made. Calls from several threads run one after
/// another.
/// Errors: InternalError when the library cannot.
std::string write_h5(const H5File& file);

}  // namespace engram::formats
