// SPDX-License-Identifier: Apache-2.0
#include "formats/files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/error.hpp"

namespace engram::formats {

namespace {

namespace fs = std::filesystem;
using FileState = struct stat;

IoError refusal(const std::string& path, const char* expected, int number, const char* remedy) {
  return error<IoError>({.where = path,
                         .expected = expected,
                         .got = engram::in_quotes(std::generic_category().message(number)),
                         .remedy = remedy});
}

IoError read_refusal(const std::string& path, int number) {
  return refusal(path, "a file that can be read", number, "Check the path and its permissions.");
}

IoError write_refusal(const std::string& path, int number) {
  return refusal(path,
                 "a file that can be written",
                 number,
                 "Check that the folder exists, may be written, and has space.");
}

/// An open file; closed at the end of its life.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}

  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  ~Descriptor() {
    if (number_ >= 0) {
      ::close(number_);
    }
  }

  int number() const { return number_; }

  bool is_open() const { return number_ >= 0; }

  /// True when the system accepted all that was written.
  bool close() { return ::close(std::exchange(number_, -1)) == 0; }

 private:
  int number_;
};

/// Reads until `buffer` is full or the file ends, so that pipes give pieces like files do.
std::size_t read_piece(const std::string& path, int file, std::string& buffer) {
  std::size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = ::read(file, buffer.data() + filled, buffer.size() - filled);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      throw read_refusal(path, errno);
    }
    if (got == 0) {
      break;
    }
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

bool is_same_state(const FileState& a, const FileState& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

/// Writes all of `bytes`, and syncs them; the error number of the step that failed, or 0.
int fill(Descriptor& file, std::string_view bytes, bool syncs) {
  while (!bytes.empty()) {
    const ssize_t done = ::write(file.number(), bytes.data(), bytes.size());
    if (done == 0 || (done < 0 && errno != EINTR)) {
      return done == 0 ? ENOSPC : errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
  }
  if (syncs && ::fdatasync(file.number()) != 0) {
    return errno;
  }
  return file.close() ? 0 : errno;
}

/// Opens a new hidden file beside `target`; `path` gets its name.
Descriptor open_beside(const fs::path& target, fs::path& path) {
  // A killed process may have left a file of this name, and containers reuse process numbers.
  const std::string name = fmt::format(".{}.tmp.{}", target.filename().string(), ::getpid());
  for (int attempt = 0; attempt < 1000; ++attempt) {
    path = target.parent_path() / (attempt == 0 ? name : fmt::format("{}.{}", name, attempt));
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file >= 0 || errno != EEXIST) {
      return Descriptor(file);
    }
  }
  return Descriptor(-1);
}

/// What a link at `path` points to, or `path`.
fs::path followed(const std::string& path) {
  std::error_code failure;
  const fs::path target = fs::canonical(path, failure);
  return failure ? fs::path(path) : target;
}

void write_beside_and_rename(const std::string& path, std::string_view bytes, bool syncs) {
  const fs::path target = followed(path);
  FileState old{};
  const bool is_there = ::stat(target.c_str(), &old) == 0;
  if (is_there && !S_ISREG(old.st_mode)) {  // renaming onto /dev/stdout would destroy it
    throw error<IoError>({.where = path,
                          .expected = "the name of a file",
                          .got = S_ISDIR(old.st_mode) ? "a folder" : "a device or a pipe",
                          .remedy = "Choose another name."});
  }
  const fs::path above = target.has_parent_path() ? target.parent_path() : fs::path(".");
  const Descriptor folder(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) {
    throw write_refusal(path, errno);
  }
  fs::path hidden;
  Descriptor file = open_beside(target, hidden);
  if (!file.is_open()) {
    throw write_refusal(path, errno);
  }
  int failure = is_there && ::fchmod(file.number(), old.st_mode & 07777) != 0 ? errno : 0;
  failure = failure != 0 ? failure : fill(file, bytes, syncs);
  if (failure == 0 && ::rename(hidden.c_str(), target.c_str()) != 0) {
    failure = errno;
  }
  if (failure != 0) {
    ::unlink(hidden.c_str());
    throw write_refusal(path, failure);
  }
  if (syncs && ::fsync(folder.number()) != 0 &&
      errno != EINVAL) {  // EINVAL: cannot sync folders at all
    throw write_refusal(path, errno);
  }
}

}  // namespace

std::string read_file(const std::string& path, std::uint64_t most_bytes) {
  std::string bytes;
  read_pieces(path, [&](std::string_view piece) {
    if (piece.size() > most_bytes - bytes.size()) {
      throw error<DataError>({.where = path,
                              .expected = fmt::format("at most {} bytes", most_bytes),
                              .got = "a larger file",
                              .remedy = "Choose a smaller file."});
    }
    bytes += piece;
  });
  return bytes;
}

void read_pieces(const std::string& path, const std::function<void(std::string_view)>& use) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  FileState before{};
  if (!file.is_open() || ::fstat(file.number(), &before) != 0) {
    throw read_refusal(path, errno);
  }
  std::string buffer(std::size_t{64} << 10, '\0');
  std::size_t filled = buffer.size();
  while (filled == buffer.size()) {
    filled = read_piece(path, file.number(), buffer);
    if (filled > 0) {
      use(std::string_view(buffer).substr(0, filled));
    }
  }
  FileState after{};
  if (::fstat(file.number(), &after) != 0) {
    throw read_refusal(path, errno);
  }
  if (S_ISREG(before.st_mode) && !is_same_state(before, after)) {
    throw error<IoError>({.where = path,
                          .expected = "a file that stays the same while it is read",
                          .got = "a change of its size or time",
                          .remedy = "Read it again when its writer has ended."});
  }
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  write_beside_and_rename(path, bytes, true);
}

void replace_file(const std::string& path, std::string_view bytes) {
  write_beside_and_rename(path, bytes, false);
}

void make_directories(const std::string& path) {
  std::error_code failure;
  fs::create_directories(path, failure);
  if (failure || !fs::is_directory(path, failure)) {
    throw refusal(path,
                  "a folder that can be made",
                  failure ? failure.value() : ENOTDIR,
                  "Check the path and its permissions.");
  }
}

}  // namespace engram::formats
