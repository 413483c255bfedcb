// SPDX-License-Identifier: Apache-2.0
/// TensorBoard's event files: TFRecord frames around protocol buffers of the kind `Event`.
///
/// Example: file << version_event(now) << scalar_event({now, epoch, "epoch_loss"}, 0.5f);
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace engram::formats {

/// What every figure has: when it was written, in seconds since 1970, its place on the axis of
/// steps, and its name.
struct EventHead {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string tag = {};
};

/// The Castagnoli checksum, reflected polynomial 0x82f63b78.
std::uint32_t crc32c(std::string_view bytes);

/// A frame: the length (8 bytes), its masked checksum, `bytes`, their masked checksum.
/// Source: tensorflow/core/lib/io/record_writer.h.
std::string record(std::string_view bytes);

/// The first record of a file, which names the format "brain.Event:2".
std::string version_event(double wall_time);

/// The record of one number, as tf.summary.scalar stores it.
std::string scalar_event(const EventHead& head, float value);

/// The record of a histogram of 30 buckets of equal width, as tf.summary.histogram stores it: rows
/// of (left edge, right edge, count). Of equal values all are counted in the last bucket. Values
/// that are not finite are left out.
std::string histogram_event(const EventHead& head, std::span<const float> values);

}  // namespace engram::formats
