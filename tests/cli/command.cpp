// SPDX-License-Identifier: Apache-2.0
#include "cli/command.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace engram::tests {

namespace {

void redirect(const std::string& path, int flags, int descriptor) {
  const int file = open(path.c_str(), flags, 0600);
  if (file < 0 || dup2(file, descriptor) < 0) {
    _exit(126);
  }
}

}  // namespace

Command::Command(const std::vector<std::string>& arguments, const std::string& input) {
  write(folder_ / "in", input);
  std::vector<std::string> words = {ENGRAM_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) {
    argv.push_back(word.data());
  }
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    redirect(folder_ / "in", O_RDONLY, STDIN_FILENO);
    redirect(folder_ / "out", O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(folder_ / "err", O_WRONLY | O_CREAT, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
}

std::string Command::err() const { return read(folder_ / "err"); }

Outcome Command::wait() {
  int status = 0;
  waitpid(pid_, &status, 0);
  return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          .out = read(folder_ / "out"),
          .err = err()};
}

Outcome run(const std::vector<std::string>& arguments, const std::string& input) {
  return Command(arguments, input).wait();
}

std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace engram::tests
