// SPDX-License-Identifier: Apache-2.0
/// Takes arrays out of a file of weights.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "engram/tensor.hpp"
#include "formats/hdf5.hpp"

namespace engram::io {

using formats::H5Dataset;
using formats::H5File;

inline H5Dataset dataset(const Shape& shape, const float* values) {
  return {.shape = shape, .values = std::vector<float>(values, values + size_of(shape))};
}

/// Reads the file's arrays, or only checks them, so that a model never gets a part of a bad file.
class WeightsReader {
 public:
  WeightsReader(const H5File& file, std::string_view where, bool allow_non_finite, bool only_checks)
      : file_(file),
        where_(where),
        allow_non_finite_(allow_non_finite),
        only_checks_(only_checks) {}

  bool only_checks() const { return only_checks_; }

  bool has(const std::string& path) const { return file_.datasets.contains(path); }

  void read(const std::string& path, const Shape& shape, float* into) const {
    const H5Dataset& found = find(path);
    if (found.shape != shape) {
      fail(path, "shape " + to_string(shape), to_string(found.shape));
    }
    std::visit([&](const auto& values) { take(path, values, into); }, found.values);
  }

  double scalar(const std::string& path) const {
    const H5Dataset& found = find(path);
    if (size_of(found.shape) != 1) {
      fail(path, "a single number", to_string(found.shape));
    }
    return std::visit([](const auto& values) { return static_cast<double>(values[0]); },
                      found.values);
  }

  /// Errors: FileError for an array below `root` that is none of `known`, nor a random state, which
  /// older Keras keeps beside the weights.
  void refuse_others(const std::string& root, const std::set<std::string>& known) const {
    for (const auto& [path, dataset] : file_.datasets) {
      if (path.starts_with(root) && !known.contains(path) &&
          path.find("/seed_generator/") == path.npos) {
        fail(path, "no array", to_string(dataset.shape), "The file is of another model.");
      }
    }
  }

  [[noreturn]] void fail(const std::string& path,
                         const std::string& expected,
                         const std::string& got,
                         const std::string& remedy = "") const {
    throw error<FileError>({.where = fmt::format("{}: {}", where_, path),
                            .expected = expected,
                            .got = got,
                            .remedy = remedy});
  }

 private:
  template <class Values>
  void take(const std::string& path, const Values& values, float* into) const {
    if (!only_checks_) {
      std::copy(values.begin(), values.end(), into);
    } else if (!allow_non_finite_ && !std::ranges::all_of(values, [](auto value) {
                 return std::isfinite(static_cast<float>(value));
               })) {
      fail(path,
           "finite values",
           "NaN or infinity",
           "Set allow_non_finite to load it all the same.");
    }
  }

  const H5Dataset& find(const std::string& path) const {
    const auto found = file_.datasets.find(path);
    if (found == file_.datasets.end()) {
      fail(path, "an array", "nothing of this name", "The file is of another model, or damaged.");
    }
    return found->second;
  }

  const H5File& file_;
  std::string_view where_;
  bool allow_non_finite_, only_checks_;
};

}  // namespace engram::io
