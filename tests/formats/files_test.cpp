// SPDX-License-Identifier: Apache-2.0
#include "formats/files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>

#include "engram/error.hpp"
#include "expect_error.hpp"
#include "temporary_folder.hpp"

namespace engram::formats {
namespace {

using Names = std::vector<std::string>;

/// Lets files grow to `bytes` only: writing more fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }

  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST(WriteFileAtomically, WritesAllBytes) {
  const TemporaryFolder folder;
  const std::string bytes(300'000, 'x');

  write_file_atomically(folder / "a.bin", bytes);

  EXPECT_EQ(folder.read("a.bin"), bytes);
}

TEST(WriteFileAtomically, ReplacesTheOldFile) {
  const TemporaryFolder folder;
  folder.write("a.txt", "a long old text");

  write_file_atomically(folder / "a.txt", "new");

  EXPECT_EQ(folder.read("a.txt"), "new");
}

TEST(WriteFileAtomically, LeavesNothingBeside) {
  const TemporaryFolder folder;

  write_file_atomically(folder / "a.txt", "new");

  EXPECT_EQ(folder.names(), Names{"a.txt"});
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheDiskRefuses) {
  const TemporaryFolder folder;
  folder.write("a.txt", "old");

  {
    const FileSizeLimit limit(1000);
    EXPECT_THROW(write_file_atomically(folder / "a.txt", std::string(5000, 'x')), IoError);
  }

  EXPECT_EQ(folder.read("a.txt"), "old");
}

TEST(WriteFileAtomically, RemovesTheHiddenFileWhenTheDiskRefuses) {
  const TemporaryFolder folder;
  folder.write("a.txt", "old");

  {
    const FileSizeLimit limit(1000);
    EXPECT_THROW(write_file_atomically(folder / "a.txt", std::string(5000, 'x')), IoError);
  }

  EXPECT_EQ(folder.names(), Names{"a.txt"});
}

TEST(WriteFileAtomically, NamesPathAndReasonWhenTheDiskRefuses) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.txt";
  const FileSizeLimit limit(1000);

  EXPECT_ERROR(
      write_file_atomically(path, std::string(5000, 'x')),
      IoError,
      (path + ": expected a file that can be written, got 'File too large'. Check that the "
              "folder exists, may be written, and has space.")
          .c_str());
}

TEST(WriteFileAtomically, NamesPathAndReasonWhenTheFolderIsMissing) {
  EXPECT_ERROR(write_file_atomically("/no/such/folder/a.txt", "x"),
               IoError,
               "/no/such/folder/a.txt: expected a file that can be written, got 'No such file or "
               "directory'. Check that the folder exists, may be written, and has space.");
}

TEST(WriteFileAtomically, PassesOverWhatAKilledProcessLeft) {
  const TemporaryFolder folder;
  folder.write(".a.txt.tmp." + std::to_string(::getpid()), "left over");

  write_file_atomically(folder / "a.txt", "new");

  EXPECT_EQ(folder.read("a.txt"), "new");
}

TEST(WriteFileAtomically, WritesToWhereALinkPoints) {
  const TemporaryFolder folder;
  folder.write("real.txt", "old");
  std::filesystem::create_symlink(folder / "real.txt", folder / "link.txt");

  write_file_atomically(folder / "link.txt", "new");

  EXPECT_EQ(folder.read("real.txt"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.txt"));
}

TEST(WriteFileAtomically, KeepsPermissions) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.txt", "old");
  ::chmod(path.c_str(), 0600);

  write_file_atomically(path, "new");

  struct stat state {};

  ::stat(path.c_str(), &state);
  EXPECT_EQ(state.st_mode & 0777, 0600u);
}

TEST(WriteFileAtomically, RefusesPipesAndDevices) {
  const TemporaryFolder folder;
  const std::string pipe = folder / "pipe";  // never /dev/null: were the check broken, it would go
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  EXPECT_ERROR(
      write_file_atomically(pipe, "x"),
      IoError,
      (pipe + ": expected the name of a file, got a device or a pipe. Choose another name.")
          .c_str());
}

TEST(WriteFileAtomically, RefusesFolders) {
  const TemporaryFolder folder;

  EXPECT_THROW(write_file_atomically(folder / "", "x"), IoError);
}

TEST(ReadFile, GivesAllBytes) {
  const TemporaryFolder folder;
  const std::string bytes(200'001, 'y');
  const std::string path = folder.write("a.bin", bytes);

  EXPECT_EQ(read_file(path, 1 << 20), bytes);
}

TEST(ReadFile, GivesNothingOfAnEmptyFile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.bin", "");

  EXPECT_EQ(read_file(path, 0), "");
}

TEST(ReadFile, RefusesMoreThanAllowed) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.bin", "12345");

  EXPECT_ERROR(
      read_file(path, 4),
      DataError,
      (path + ": expected at most 4 bytes, got a larger file. Choose a smaller file.").c_str());
}

TEST(ReadFile, NamesPathAndReasonOfAMissingFile) {
  EXPECT_ERROR(read_file("/no/such/file", 10),
               IoError,
               "/no/such/file: expected a file that can be read, got 'No such file or directory'. "
               "Check the path and its permissions.");
}

TEST(ReadFile, RefusesAFolder) {
  EXPECT_ERROR(read_file("/", 10),
               IoError,
               "/: expected a file that can be read, got 'Is a directory'. Check the path and its "
               "permissions.");
}

TEST(ReadPieces, RefusesAFileThatChangesMeanwhile) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a.txt", "old");

  EXPECT_THROW(read_pieces(path, [&](std::string_view) { folder.write("a.txt", "longer"); }),
               IoError);
}

TEST(MakeDirectories, MakesThoseAbove) {
  const TemporaryFolder folder;

  make_directories(folder / "a/b/c");

  EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b/c"));
}

TEST(MakeDirectories, AcceptsOneThatIsThere) {
  const TemporaryFolder folder;

  EXPECT_NO_THROW(make_directories(folder / ""));
}

TEST(MakeDirectories, RefusesWhereAFileStands) {
  const TemporaryFolder folder;
  const std::string path = folder.write("a", "");

  EXPECT_ERROR(
      make_directories(path),
      IoError,
      (path + ": expected a folder that can be made, got 'Not a directory'. Check the path "
              "and its permissions.")
          .c_str());
}

}  // namespace
}  // namespace engram::formats
