// SPDX-License-Identifier: Apache-2.0
/// What the programs share: Python's print and input.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

/// For FitOptions::progress: shows training as it goes.
inline void print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

inline bool is_terminal() { return isatty(STDOUT_FILENO) != 0; }

/// Empty at the end of the input.
inline std::string input(const std::string& prompt) {
  print(prompt);
  std::string line;
  std::getline(std::cin, line);
  return line;
}
