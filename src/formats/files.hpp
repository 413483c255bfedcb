// SPDX-License-Identifier: Apache-2.0
/// Files of the operating system: read whole or in pieces, written whole or not at all.
///
/// Example: const std::string bytes = read_file("x.npy", kLargestArray);
///          write_file_atomically("plot.png", bytes);
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace engram::formats {

/// All bytes of the file. Memory grows with what is there, not with what the file system claims.
/// Errors: IoError when the system refuses, for a folder, and when the file is changed meanwhile;
///         DataError when the file is larger than `most_bytes`.
std::string read_file(const std::string& path, std::uint64_t most_bytes);

/// Calls `use` with pieces of the file in order, each of 64 KiB but the last.
/// Errors: as read_file, and whatever `use` throws.
void read_pieces(const std::string& path, const std::function<void(std::string_view)>& use);

/// Writes `bytes` so that `path` holds its old content or all of the new at every moment, also when
/// the process is killed or the power fails: a hidden file beside it is written, synced and
/// renamed. A link is followed; permissions of a replaced file stay. Errors: IoError; the old file
/// is then as it was, and the hidden one removed.
void write_file_atomically(const std::string& path, std::string_view bytes);

/// The same without syncing, for what can be made again, such as pictures: a power failure may lose
/// the file. A sync takes milliseconds, as long as a letter program's training.
void replace_file(const std::string& path, std::string_view bytes);

/// Makes the folder and those above it; one that is there already is fine. Errors: IoError.
void make_directories(const std::string& path);

}  // namespace engram::formats
