// SPDX-License-Identifier: Apache-2.0
#include "formats/hdf5_tree.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "formats/bounds.hpp"

namespace engram::formats {

namespace {

// Layouts and numbers of the HDF5 File Format Specification, version 3.0: II.A superblock,
// III.A.1 B-trees, III.B symbol table nodes, III.D local heaps, IV.A object headers.
constexpr std::uint64_t kNowhere = ~std::uint64_t{0};
constexpr std::uint64_t kSuperblockBytes = 96, kHeaderBytes = 16, kMessageBytes = 8;
constexpr std::uint64_t kNodeBytes = 24, kLeafBytes = 8, kEntryBytes = 40, kHeapBytes = 32;
constexpr std::uint64_t kTree = 0x45455254, kLeaf = 0x444f4e53, kHeap = 0x50414548;
constexpr std::uint64_t kSpace = 0x01, kType = 0x03, kLayout = 0x08, kSymbolTable = 0x11;
constexpr std::uint64_t kContinuation = 0x10;
constexpr std::uint64_t kShared = 0x02;  // a message's flag
constexpr std::size_t kMostLinks = 16384;

/// Messages that say nothing about where an array's bytes are or what they mean: nothing (00), fill
/// values (04, 05), attributes (0c), comment (0d), times (0e, 12), number of links (16).
bool is_ignored(std::uint64_t kind) {
  constexpr std::uint64_t kIgnored[] = {0x00, 0x04, 0x05, 0x0c, 0x0d, 0x0e, 0x12, 0x16};
  return std::find(std::begin(kIgnored), std::end(kIgnored), kind) != std::end(kIgnored);
}

bool is_plain_name(std::string_view name) {
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '/'; };
  return !name.empty() && name.size() <= kLongestName && name != "." && name != ".." &&
         std::none_of(name.begin(), name.end(), is_bad);
}

}  // namespace

H5Tree::H5Tree(std::string_view bytes, std::string_view where) : in_(bytes, where) {
  in_.require(bytes.starts_with("\x89HDF\r\n\x1a\n"), 0, "an HDF5 file", "other bytes");
  claim(0, kSuperblockBytes);
  in_.require(in_.number(8, 1) == 0,
              8,
              "superblock version 0, as h5py and Keras write by default",
              std::to_string(in_.number(8, 1)));
  in_.require(in_.number(13, 2) == 0x0808, 13, "addresses and lengths of 8 bytes", "others");
  in_.require(in_.number(24, 8) == 0 && in_.number(48, 8) == kNowhere,
              24,
              "a file in one part that begins at byte 0",
              "another");
  in_.require(in_.number(40, 8) <= bytes.size(),
              40,
              fmt::format("an end within {} bytes", bytes.size()),
              std::to_string(in_.number(40, 8)));
  root_ = in_.number(64, 8);
}

void H5Tree::claim(std::uint64_t at, std::uint64_t length) {
  in_.text(at, length);
  claimed_ += length;  // both at most the file's size
  in_.require(claimed_ <= in_.size(), at, "structures that do not overlap or loop", "others");
}

H5Object H5Tree::object(std::uint64_t address) {
  H5Object object{.address = address};
  claim(address, kHeaderBytes);
  in_.require(in_.number(address, 1) == 1, address, "an object header of version 1", "another");
  std::uint64_t left = in_.number(address + 2, 2);
  std::vector<H5Message> blocks{{address + kHeaderBytes, in_.number(address + 8, 4)}};
  while (!blocks.empty()) {
    const auto [begin, length] = blocks.back();
    blocks.pop_back();
    claim(begin, length);
    for (std::uint64_t at = begin; left > 0 && begin + length - at >= kMessageBytes; --left) {
      const std::uint64_t kind = in_.number(at, 2), size = in_.number(at + 2, 2);
      const H5Message body{at + kMessageBytes, size};
      in_.require(
          size <= begin + length - body.at, at, "a message within its block", "a longer one");
      in_.require((in_.number(at + 4, 1) & kShared) == 0 || is_ignored(kind),
                  at,
                  "no shared messages",
                  "one");
      if (kind == kContinuation) {
        in_.require(size >= 16, at, "a continuation of 16 bytes", std::to_string(size));
        blocks.push_back({in_.number(body.at, 8), in_.number(body.at + 8, 8)});
      } else {
        add_message(kind, body, object);
      }
      at = body.at + size;
    }
  }
  return object;
}

void H5Tree::add_message(std::uint64_t kind, H5Message message, H5Object& object) const {
  std::optional<H5Message>* const place = kind == kSpace         ? &object.space
                                          : kind == kType        ? &object.type
                                          : kind == kLayout      ? &object.layout
                                          : kind == kSymbolTable ? &object.symbol_table
                                                                 : nullptr;
  in_.require(place || is_ignored(kind),
              message.at,
              "a plain group or array, without filters, external storage or new-style links",
              fmt::format("a message of kind {:#x}", kind));
  if (place) {
    in_.require(!*place, message.at, "one message of a kind", "two");
    *place = message;
  }
}

std::vector<H5Link> H5Tree::links(const H5Object& group) {
  const H5Message table = group.symbol_table.value();
  in_.require(table.length >= 16, table.at, "a symbol table", "fewer bytes");
  const std::uint64_t heap = in_.number(table.at + 8, 8);
  claim(heap, kHeapBytes);
  in_.require(in_.number(heap, 4) == kHeap && in_.number(heap + 4, 1) == 0,
              heap,
              "a local heap of version 0",
              "other bytes");
  const std::uint64_t names_at = in_.number(heap + 24, 8), names_length = in_.number(heap + 8, 8);
  claim(names_at, names_length);
  const std::string_view names = in_.text(names_at, names_length);
  std::vector<H5Link> links;
  std::vector<std::uint64_t> nodes{in_.number(table.at, 8)};
  while (!nodes.empty()) {
    const std::uint64_t node = nodes.back();
    nodes.pop_back();
    if (in_.number(node, 4) == kLeaf) {
      read_leaf(node, names, links);
      continue;
    }
    in_.require(in_.number(node, 4) == kTree && in_.number(node + 4, 1) == 0,
                node,
                "a node of a group's B-tree",
                "other bytes");
    const std::uint64_t count = in_.number(node + 6, 2);
    claim(node, kNodeBytes + 16 * count);
    for (std::uint64_t i = count; i > 0; --i) {  // so that the first is taken first
      nodes.push_back(in_.number(node + kNodeBytes + 8 + 16 * (i - 1), 8));
    }
  }
  return links;
}

void H5Tree::read_leaf(std::uint64_t at, std::string_view names, std::vector<H5Link>& links) {
  const std::uint64_t count = in_.number(at + 6, 2);
  claim(at, kLeafBytes + kEntryBytes * count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t entry = at + kLeafBytes + kEntryBytes * i, offset = in_.number(entry, 8);
    in_.require(in_.number(entry + 16, 4) <= 1, entry, "a hard link", "a soft one");
    in_.require(offset < names.size(), entry, "a name within the heap", "one beyond");
    const std::string_view rest = names.substr(offset);
    const std::string_view name = rest.substr(0, rest.find('\0'));
    in_.require(name.size() < rest.size() && is_plain_name(name),
                entry,
                "a name of 512 bytes at most, without control characters",
                "another");
    in_.require(
        links.empty() || links.back().name < name, entry, "names in order, each once", "others");
    in_.require(
        links.size() < kMostLinks, entry, fmt::format("{} links at most", kMostLinks), "more");
    links.push_back({std::string(name), in_.number(entry + 8, 8)});
  }
}

}  // namespace engram::formats
