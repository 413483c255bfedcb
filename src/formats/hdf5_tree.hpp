// SPDX-License-Identifier: Apache-2.0
/// The skeleton of an HDF5 file: object headers and the links of groups, in the dialect that Keras
/// writes through h5py: superblock 0, version 1 headers, groups as symbol tables.
///
/// Example: H5Tree tree(bytes, "model.weights.h5");
///          const H5Object root = tree.object(tree.root());
///          for (const H5Link& link : tree.links(root)) { ... }
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/byte_reader.hpp"

namespace engram::formats {

/// Where the body of a header message lies.
struct H5Message {
  std::uint64_t at = 0, length = 0;
};

/// A group has a symbol table, an array the other three.
struct H5Object {
  std::uint64_t address = 0;
  std::optional<H5Message> symbol_table = {}, space = {}, type = {}, layout = {};
};

struct H5Link {
  std::string name;
  std::uint64_t address = 0;  ///< of the object's header
};

/// Reads structures on demand. Each counts against the size of the file, so that no file, whatever
/// loops it contains, makes the reader take more steps than it has bytes. Errors: FileError.
class H5Tree {
 public:
  H5Tree(std::string_view bytes, std::string_view where);

  const ByteReader& bytes() const { return in_; }

  std::uint64_t root() const { return root_; }

  H5Object object(std::uint64_t address);
  std::vector<H5Link> links(const H5Object& group);

  /// Takes [at, at + length) for one structure or array; all together may not exceed the file.
  void claim(std::uint64_t at, std::uint64_t length);

 private:
  void add_message(std::uint64_t kind, H5Message message, H5Object& object) const;
  void read_leaf(std::uint64_t at, std::string_view names, std::vector<H5Link>& links);

  ByteReader in_;
  std::uint64_t root_ = 0, claimed_ = 0;
};

}  // namespace engram::formats
