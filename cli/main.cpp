// SPDX-License-Identifier: Apache-2.0
/// The engram command: reads the command line, runs one subcommand, turns errors into exit codes.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

#include "commands.hpp"
#include "engram/data.hpp"
#include "engram/error.hpp"
#include "engram/runtime.hpp"

namespace engram::cli {

namespace {

enum ExitCode : int {
  done = 0,
  failed = 1,
  wrong_usage = 2,
  bad_data = 3,
  bad_model_file = 4,
  interrupted = 130
};

constexpr const char* kExamples =
    "  engram demo                         train the chapter's networks, see what they can do\n"
    "  engram train stock-lstm             train a recipe that comes with engram\n"
    "  engram train stock-lstm --data SH600519.csv\n"
    "  engram evaluate runs/stock-lstm/model.keras --data SH600519.csv\n"
    "  engram text next runs/letters-embedding-4/model.keras abcd\n";

constexpr const char* kExitCodes =
    "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 bad data, 4 bad model file, 130 interrupted.\n"
    "Help on one command: engram COMMAND --help";

/// Help that begins with examples, which CLI11 keeps as the footer.
class ExamplesFirst : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return fmt::format("Examples:\n{}\n{}\n", app->get_footer(), app->get_description());
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = option->get_type_size() == 0 ? "" : " " + option->get_type_name();
    text += option->get_default_str().empty() ? "" : "=" + option->get_default_str();
    return text + (option->get_required() ? " (required)" : "");
  }

  std::string make_footer(const CLI::App* app) const override {
    return app->get_parent() == nullptr ? fmt::format("\n{}\n", kExitCodes) : "";
  }
};

int fail(ExitCode code, const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "engram: {}\n", message);
  return code;
}

int report_usage(const CLI::App& app, const CLI::ParseError& fault) {
  if (fault.get_exit_code() == 0) {
    return app.exit(fault);  // --help and --version
  }
  const std::vector<CLI::App*> commands = app.get_subcommands();
  const std::string command = commands.empty() ? "" : commands.front()->get_name() + " ";
  return fail(wrong_usage, fmt::format("{}. See: engram {}--help", fault.what(), command));
}

/// CLI11 would only say that a command is missing.
void check_command(const CLI::App& app, int argc, char** argv) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    if (argc < 2 || argv[1][0] == '-' || command->get_name() == argv[1]) {
      return;
    }
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  throw OptionError(
      fmt::format("expected a command ({}), got '{}'. See: engram --help", names, argv[1]));
}

int run(CLI::App& app, int argc, char** argv) {
  try {
    check_command(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& fault) {
    return report_usage(app, fault);
  } catch (const Interrupted& stop) {
    return fail(interrupted, "interrupted. " + stop.remedy);
  } catch (const OptionError& fault) {
    return fail(wrong_usage, fault.what());
  } catch (const DataError& fault) {
    return fail(bad_data, fault.what());
  } catch (const ShapeError& fault) {
    return fail(bad_data, fault.what());
  } catch (const FileError& fault) {
    return fail(bad_model_file, fault.what());
  } catch (const std::exception& fault) {
    return fail(failed, fault.what());
  }
  if (std::fflush(stdout) != 0) {
    return fail(failed, "stdout: expected to be writable. Is the disk full?");
  }
  return done;
}

}  // namespace

CLI::App* add_command(CLI::App& app,
                      const std::string& name,
                      const std::string& description,
                      const std::string& examples) {
  CLI::App* command = app.add_subcommand(name, description);
  command->footer(examples);
  return command;
}

CLI::Option* add_arrays_option(CLI::App& command,
                               const std::string& name,
                               std::vector<std::string>& files,
                               const std::string& description) {
  return command.add_option(name, files, description)->take_all()->allow_extra_args(false);
}

std::vector<Tensor> load_arrays(const std::vector<std::string>& files) {
  std::vector<Tensor> arrays;
  for (const std::string& file : files) {
    arrays.push_back(load_npy(file));
  }
  return arrays;
}

void add_threads_option(CLI::App& command) {
  command.add_option_function<int>(
      "--threads", set_threads, "Threads to use (default: all); the results are the same");
}

}  // namespace engram::cli

int main(int argc, char** argv) {
  using namespace engram::cli;
  CLI::App app("Recurrent networks, trained and run natively, with Keras's names and files.",
               "engram");
  const auto formatter = std::make_shared<ExamplesFirst>();
  formatter->column_width(24);
  app.formatter(formatter);
  app.footer(kExamples);
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", engram::version());
  app.require_subcommand(1);
  add_demo(app);
  add_train(app);
  add_predict(app);
  add_evaluate(app);
  add_text(app);
  add_inspect(app);
  add_plot(app);
  add_bench(app);
  add_info(app);
  return run(app, argc, argv);
}
