// SPDX-License-Identifier: Apache-2.0
/// engram info: what this build and this machine offer.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "engram/recipe.hpp"
#include "engram/runtime.hpp"
#include "engram/supported.hpp"

namespace engram::cli {

namespace {

constexpr const char* kInfoExamples =
    "  engram info\n"
    "  engram info --keras                 Keras's names that this build knows, as JSON\n"
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

std::string support_text(const SupportedOption& option) {
  switch (option.support) {
    case OptionSupport::one_value:
      return "only " + option.value;
    case OptionSupport::ignored:
      return "ignored";
    case OptionSupport::call:
      return "call";
    case OptionSupport::extra:
      return "extra";
    case OptionSupport::any:
      break;
  }
  return "any";
}

/// {module: {class: {option: how far it goes}}}
void print_keras_names() {
  nlohmann::ordered_json modules;
  for (const SupportedKind& kind : supported_kinds()) {
    nlohmann::ordered_json options = nlohmann::ordered_json::object();
    for (const SupportedOption& option : kind.options) {
      options[option.name] = support_text(option);
    }
    modules[kind.module][kind.class_name] = std::move(options);
  }
  fmt::print("{}\n", modules.dump(1));
}

}  // namespace

void add_info(CLI::App& app) {
  CLI::App* command = add_command(
      app, "info", "Version, instruction sets, threads, file formats, recipes.", kInfoExamples);
  const auto lists_keras = std::make_shared<bool>(false);
  command->add_flag("--keras", *lists_keras, "Keras's names that this build knows, as JSON");
  command->callback([lists_keras] { *lists_keras ? print_keras_names() : info(); });
}

}  // namespace engram::cli
