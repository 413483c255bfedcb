// SPDX-License-Identifier: Apache-2.0
/// Runs the built engram command and takes what it says.
///
/// Example: const Outcome outcome = run({"train", "stock-lstm", "--epochs", "1"});
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace engram::tests {

struct Outcome {
  int code = -1;  ///< the exit code, or 128 + the signal that ended the process
  std::string out, err;
};

/// A running command; its stdout and stderr go to files in a folder of its own.
class Command {
 public:
  explicit Command(const std::vector<std::string>& arguments, const std::string& input = "");

  pid_t pid() const { return pid_; }

  std::string err() const;
  Outcome wait();

 private:
  std::filesystem::path folder_;
  pid_t pid_ = 0;
};

Outcome run(const std::vector<std::string>& arguments, const std::string& input = "");

/// A folder that is empty and this process's own; removed when it goes.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();  // removes the folder

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read(const std::string& path);
void write(const std::string& path, const std::string& text);

}  // namespace engram::tests
