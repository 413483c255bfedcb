// SPDX-License-Identifier: Apache-2.0
/// What Keras has no place for, as members of the .keras archive below engram/.
#pragma once

#include <string>
#include <vector>

#include "formats/zip.hpp"
#include "model/model_data.hpp"

namespace engram::io {

/// engram/state.json (seed, notes, where training stands) and the callbacks' arrays.
std::vector<formats::ZipMember> state_members(const ModelData& data);

/// Reads them back; an archive without them is fine. Errors: FileError.
void read_state(const formats::ZipReader& zip, const std::string& where, ModelData& data);

}  // namespace engram::io
