// SPDX-License-Identifier: Apache-2.0
/// engram info: what this build and this machine offer.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "commands.hpp"
#include "engram/recipe.hpp"
#include "engram/runtime.hpp"

namespace engram::cli {

namespace {

constexpr const char* kExamples =
    "  engram info\n"
    "  ENGRAM_SIMD=avx2 engram info        use a lower instruction set\n"
    "  ENGRAM_THREADS=1 engram info        use one thread\n";

void info() {
  const std::string simd = simd_target();  // may throw: before anything is printed
  const int thread_count = threads();
  fmt::print("engram   {}\n", version());
  fmt::print("SIMD     {} (this machine has {})\n", simd, fmt::join(simd_targets(), ", "));
  fmt::print("threads  {}\n", thread_count);
  fmt::print("models   .keras (Keras 3, read and written), .weights.h5\n");
  fmt::print("data     .csv, .npy\n");
  fmt::print("recipes  {}\n", fmt::join(recipe_names(), ", "));
}

}  // namespace

void add_info(CLI::App& app) {
  add_command(app, "info", "Version, instruction sets, threads, file formats, recipes.", kExamples)
      ->callback(info);
}

}  // namespace engram::cli
