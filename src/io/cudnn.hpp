// SPDX-License-Identifier: Apache-2.0
/// CuDNNLSTM and CuDNNGRU, layers of Keras 1 and 2, read as LSTM and GRU.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "formats/hdf5.hpp"
#include "formats/json.hpp"

namespace engram::io {

/// The kind that reads a layer of this class: "LSTM" for "CuDNNLSTM"; others are their own.
std::string_view plain_class(std::string_view class_name);

/// True when the three arrays (kernel, recurrent kernel, bias) are those of a cuDNN layer of
/// `gates` gates: its bias is flat and has a half for the inputs and one for the states.
bool is_cudnn(std::span<const formats::H5Dataset> weights, std::int64_t gates);

/// Turns such arrays into Keras's. The gates have Keras's order already, i f c o and z r h, but
/// each gate's kernel lies as cuDNN reads it, (units, D) in the place of (D, units), and its
/// recurrent kernel transposed; an LSTM (4 gates) adds the halves of its bias, a GRU (3) has them
/// as rows. Source: tf.keras 2, saving/hdf5_format.py, _convert_rnn_weights.
void weights_from_cudnn(std::span<formats::H5Dataset> weights, std::int64_t gates);

/// Gives the arrays of a .keras file the places and the form that LSTM and GRU have, where its
/// config names cuDNN layers; slots of the optimizer, whose form differs, are left out then.
/// Errors: FileError for arrays that cannot be of such a layer.
void take_cudnn_layers(const formats::JsonAt& config,
                       std::string_view where,
                       formats::H5File& file);

}  // namespace engram::io
