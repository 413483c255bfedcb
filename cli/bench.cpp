// SPDX-License-Identifier: Apache-2.0
/// engram bench: how fast this machine trains the chapter's programs, beside its own limit.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>

#include "commands.hpp"
#include "engram/recipe.hpp"
#include "engram/runtime.hpp"

namespace engram::cli {

namespace {

constexpr const char* kBenchExamples =
    "  engram bench\n"
    "  engram bench --threads 1 --json\n"
    "  engram bench --profile             (where a training epoch's time goes)\n";

using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

/// Floating-point operations of one epoch of the chapter's stock models: a layer's forward is
/// 2 G H (D + H) a row and step, training three times that; 2,066 windows of 60 steps.
struct StockModel {
  const char* recipe;
  double gates;

  double epoch_gflop() const {
    const double forward = 2 * gates * (80 * (1 + 80) + 100 * (80 + 100));
    return 3 * forward * 60 * 2066 / 1e9;
  }
};

constexpr StockModel kStockModels[] = {{"stock-lstm", 4}, {"stock-gru", 3}, {"stock-rnn", 1}};
constexpr const char* kLetterRecipes[] = {
    "letters-onehot-1", "letters-onehot-4", "letters-embedding-1", "letters-embedding-4"};
constexpr int kTimedEpochs = 5;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Notes how long each epoch takes.
class EpochTimes : public Callback {
 public:
  std::vector<double> seconds;

  void on_epoch_begin(std::int64_t) override { start_ = Clock::now(); }

  void on_epoch_end(std::int64_t, const Logs&) override {
    seconds.push_back(seconds_since(start_));
  }

 private:
  Clock::time_point start_;
};

/// Seconds of an epoch, the median of kTimedEpochs after one that warms up.
double epoch_seconds(Model& model, const Recipe& recipe, const Samples& samples) {
  const auto times = std::make_shared<EpochTimes>();
  model.fit(samples.x,
            samples.y,
            {.batch_size = recipe.batch_size,
             .epochs = kTimedEpochs + 1,
             .callbacks = {times},
             .stop = &stop_requested()});
  if (stop_requested()) {
    throw Interrupted{"Begin again with: engram bench"};
  }
  times->seconds.erase(times->seconds.begin());
  return median(times->seconds);
}

/// Seconds of one step of a stream, the median over blocks of steps.
double step_seconds(const Model& model) {
  constexpr int kBlocks = 21, kSteps = 500;
  Stream stream = model.stream();
  const float price[] = {0.5f};
  std::vector<double> blocks;
  for (int block = 0; block < kBlocks; ++block) {
    const Clock::time_point start = Clock::now();
    for (int step = 0; step < kSteps; ++step) {
      stream.step(price);
    }
    blocks.push_back(seconds_since(start) / kSteps);
  }
  return median(blocks);
}

Json bench_stock() {
  Json rows = Json::array();
  for (const StockModel& stock : kStockModels) {
    const Recipe recipe = load_recipe(stock.recipe);
    const Samples samples = make_samples(recipe);
    Model model = make_model(recipe);
    const double seconds = epoch_seconds(model, recipe, samples);
    const FmaPeak peak = fma_peak(threads());  // now, while the machine is as warm as it was
    const double rate = stock.epoch_gflop() / seconds;
    rows.push_back({{"model", stock.recipe},
                    {"gflop", stock.epoch_gflop()},
                    {"epoch_s", seconds},
                    {"gflop_per_s", rate},
                    {"hot_peak_gflop_per_s", peak.hot},
                    {"cold_peak_gflop_per_s", peak.cold},
                    {"share_of_hot_peak", rate / peak.hot},
                    {"share_of_cold_peak", rate / peak.cold},
                    {"step_s", step_seconds(model)}});
  }
  return rows;
}

/// Where the time of an epoch of each stock model goes, in shares of all threads' time.
Json bench_profile() {
  Json rows = Json::array();
  for (const StockModel& stock : kStockModels) {
    const Recipe recipe = load_recipe(stock.recipe);
    const Samples samples = make_samples(recipe);
    Model model = make_model(recipe);
    epoch_seconds(model, recipe, samples);  // warm
    set_profiling(true);
    const Clock::time_point start = Clock::now();
    model.fit(samples.x, samples.y, {.batch_size = recipe.batch_size});
    const double all = seconds_since(start) * threads();
    set_profiling(false);
    Json row = {{"model", stock.recipe}, {"thread_seconds", all}};
    double rest = all;
    for (const PhaseSeconds& phase : profile()) {
      row["shares"][phase.name] = phase.seconds / all;
      rest -= phase.seconds;
    }
    row["shares"]["rest"] = rest / all;
    rows.push_back(row);
  }
  return rows;
}

std::string profile_text(const Json& rows) {
  std::string text = fmt::format("{:<20}", "% of an epoch");
  for (const auto& [name, share] : rows[0]["shares"].items()) {
    text += fmt::format(" {:>9}", name);
  }
  for (const Json& row : rows) {
    text += fmt::format("\n{:<20}", row["model"].get<std::string>());
    for (const Json& share : row["shares"]) {
      text += fmt::format(" {:>9.1f}", 100 * share.get<double>());
    }
  }
  return text +
         "\n\nproducts: inputs and states times weights, forward and backward; pointwise: gates\n"
         "and activations; gradients: of weights and inputs; waiting: for other threads.\n";
}

Json bench_letters() {
  Json rows = Json::array();
  for (const char* name : kLetterRecipes) {
    const Recipe recipe = load_recipe(name);
    const Samples samples = make_samples(recipe);
    const Clock::time_point start = Clock::now();
    Model model = make_model(recipe);
    model.fit(samples.x, samples.y, {.batch_size = recipe.batch_size, .epochs = recipe.epochs});
    rows.push_back(
        {{"model", name}, {"epochs", recipe.epochs}, {"training_s", seconds_since(start)}});
  }
  return rows;
}

Json bench() {
  const FmaPeak peak = fma_peak(threads());
  return {{"engram", version()},
          {"simd", simd_target()},
          {"threads", threads()},
          {"fma_peak", {{"cold_gflop_per_s", peak.cold}, {"hot_gflop_per_s", peak.hot}}},
          {"stock", bench_stock()},
          {"letters", bench_letters()}};
}

std::string as_text(const Json& result) {
  std::string text = fmt::format("engram {}, {}, {} threads\n",
                                 result["engram"].get<std::string>(),
                                 result["simd"].get<std::string>(),
                                 result["threads"].get<int>());
  text +=
      fmt::format("FMA peak: {:.0f} GFLOP/s from registers (cold), {:.0f} fed by loads (hot)\n\n",
                  result["fma_peak"]["cold_gflop_per_s"].get<double>(),
                  result["fma_peak"]["hot_gflop_per_s"].get<double>());
  text += fmt::format("{:<20} {:>10} {:>8} {:>11} {:>12} {:>12}\n",
                      "training",
                      "an epoch",
                      "GFLOP/s",
                      "% of hot",
                      "% of cold",
                      "one step");
  for (const Json& row : result["stock"]) {
    text += fmt::format("{:<20} {:>8.3f} s {:>8.1f} {:>11.1f} {:>12.1f} {:>9.2f} us\n",
                        row["model"].get<std::string>(),
                        row["epoch_s"].get<double>(),
                        row["gflop_per_s"].get<double>(),
                        100 * row["share_of_hot_peak"].get<double>(),
                        100 * row["share_of_cold_peak"].get<double>(),
                        1e6 * row["step_s"].get<double>());
  }
  text += fmt::format("\n{:<20} {:>10}\n", "training", "100 epochs");
  for (const Json& row : result["letters"]) {
    text += fmt::format(
        "{:<20} {:>8.4f} s\n", row["model"].get<std::string>(), row["training_s"].get<double>());
  }
  return text +
         "\nThe peaks of a share are measured right after its training.\n"
         "One step: Model::stream, carried state, one thread.\n";
}

}  // namespace

void add_bench(CLI::App& app) {
  CLI::App* command = add_command(
      app, "bench", "Speed on this machine: FMA peak, training, one-step latency.", kBenchExamples);
  const auto is_json = std::make_shared<bool>(false);
  command->add_flag("--json", *is_json, "One JSON object, for programs");
  const auto is_profile = std::make_shared<bool>(false);
  command->add_flag("--profile", *is_profile, "Where the time of a training epoch goes, instead");
  add_threads_option(*command);
  command->callback([is_json, is_profile] {
    const Json result = *is_profile ? bench_profile() : bench();
    const auto text = *is_profile ? profile_text : as_text;
    fmt::print("{}\n", *is_json ? result.dump(2) : text(result));
  });
}

}  // namespace engram::cli
