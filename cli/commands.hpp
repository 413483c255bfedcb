// SPDX-License-Identifier: Apache-2.0
/// The subcommands: each file beside this one holds one function, which adds its command to `app`.
/// Results go to stdout, messages to stderr. A command fails by an exception; main turns it into
/// the exit code.
#pragma once

#include <CLI/CLI.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engram/tensor.hpp"

namespace engram::cli {

void add_demo(CLI::App& app);
void add_train(CLI::App& app);
void add_predict(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_text(CLI::App& app);
void add_inspect(CLI::App& app);
void add_plot(CLI::App& app);
void add_bench(CLI::App& app);
void add_info(CLI::App& app);

/// Adds a subcommand: one line on what it does, and examples, with which its help begins.
CLI::App* add_command(CLI::App& app,
                      const std::string& name,
                      const std::string& description,
                      const std::string& examples);

/// An option that may be given many times, each time with one file.
CLI::Option* add_arrays_option(CLI::App& command,
                               const std::string& name,
                               std::vector<std::string>& files,
                               const std::string& description);

/// The arrays of .npy files.
std::vector<Tensor> load_arrays(const std::vector<std::string>& files);

/// The option --threads, which takes effect when it is read.
void add_threads_option(CLI::App& command);

/// Thrown by a command that Ctrl-C has stopped, with how to go on.
struct Interrupted {
  std::string remedy;
};

/// True after Ctrl-C (SIGINT) or SIGTERM; a second one ends the process at once.
const std::atomic<bool>& stop_requested();

/// Progress of a training, on stderr.
void print_progress(const std::string& text);

/// True when stderr may redraw its line.
bool is_terminal();

}  // namespace engram::cli
