// SPDX-License-Identifier: Apache-2.0
/// What Keras's files hold of layers with a vocabulary beside their options: vocabulary.txt for an
/// adapted one, and the weights of "tf_idf".
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "engine/network.hpp"
#include "formats/hdf5.hpp"

namespace engram::io {

/// The bytes of a member of a .keras file, if it is there.
using MemberReader = std::function<std::optional<std::string>(const std::string& name)>;

/// Gives the layers whose config has no vocabulary that of their file, assets/layers/<group>/
/// vocabulary.txt. Errors: FileError.
void read_vocabularies(const MemberReader& member,
                       std::string_view where,
                       const formats::H5File& weights,
                       Network& network);

/// The arrays and groups of such a layer below `path`, the layer's group with a slash.
void add_vocabulary_arrays(const Layer& layer, const std::string& path, formats::H5File& file);

/// The names of such arrays below `path`.
void add_vocabulary_names(const Layer& layer,
                          const std::string& path,
                          std::set<std::string>& names);

}  // namespace engram::io
