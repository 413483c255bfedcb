// SPDX-License-Identifier: Apache-2.0
/// Runs the built engram command and takes what it says.
///
/// Example: const Outcome outcome = run({"train", "stock-lstm", "--epochs", "1"});
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "temporary_folder.hpp"

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
  TemporaryFolder folder_;
  pid_t pid_ = 0;
};

Outcome run(const std::vector<std::string>& arguments, const std::string& input = "");

std::string read(const std::string& path);
void write(const std::string& path, const std::string& text);

}  // namespace engram::tests
