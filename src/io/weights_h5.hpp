// SPDX-License-Identifier: Apache-2.0
/// Weights and optimizer slots in the layout of Keras's model.weights.h5.
#pragma once

#include <string_view>

#include "formats/hdf5.hpp"
#include "model/model_data.hpp"

namespace engram::io {

/// Everything of a built model that Keras keeps in HDF5.
formats::H5File weights_h5(const ModelData& data);

/// Puts the file's weights, and slots when both have an optimizer, into a built model.
/// Errors: FileError when an array is missing, has another shape, or values that are not finite.
void read_weights_h5(const formats::H5File& file,
                     std::string_view where,
                     bool allow_non_finite,
                     ModelData& data);

}  // namespace engram::io
