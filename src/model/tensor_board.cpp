// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>

#include "base/error.hpp"
#include "engram/callbacks.hpp"
#include "formats/event_file.hpp"
#include "formats/files.hpp"
#include "model/model_data.hpp"
#include "parts/optimizer_spec.hpp"

namespace engram {

namespace {

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

/// As TensorFlow names files: second, host, process and a count within it, here with zeros before
/// it; so none is written twice, and TensorBoard reads them in order.
std::string file_name() {
  static std::atomic<int> count = 0;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) {
    std::strcpy(host.data(), "localhost");
  }
  return fmt::format("events.out.tfevents.{:010}.{}.{}.{:06}.v2",
                     static_cast<std::int64_t>(seconds_since_1970()),
                     host.data(),
                     ::getpid(),
                     count++);
}

/// One file of a training, made when it is first written to.
class EventFile {
 public:
  explicit EventFile(std::string folder) : folder_(std::move(folder)) {}

  void scalar(const std::string& tag, double value, std::int64_t step) {
    write(formats::scalar_event({seconds_since_1970(), step, tag}, static_cast<float>(value)));
  }

  void histogram(const std::string& tag, std::span<const float> values, std::int64_t step) {
    write(formats::histogram_event({seconds_since_1970(), step, tag}, values));
  }

  void flush() {
    if (file_.is_open()) {
      file_.flush();
      check();
    }
  }

  /// The next figure begins another file.
  void close() {
    if (file_.is_open()) {
      file_.close();
      check();
    }
  }

 private:
  void write(const std::string& record) {
    if (!file_.is_open()) {
      formats::make_directories(folder_);
      path_ = folder_ + "/" + file_name();
      file_.open(path_, std::ios::binary);
      file_ << formats::version_event(seconds_since_1970());
    }
    file_ << record;
    check();
  }

  void check() const {
    if (!file_) {
      throw error<IoError>({.where = "TensorBoard: " + path_,
                            .expected = "a file that can be written",
                            .got = std::strerror(errno)});
    }
  }

  std::string folder_, path_;
  std::ofstream file_;
};

class TensorBoardCallback final : public Callback {
 public:
  /// `batches_apart`: 0 for points of epochs only.
  TensorBoardCallback(const TensorBoard& o, std::int64_t batches_apart)
      : histogram_freq_(o.histogram_freq),
        batches_apart_(batches_apart),
        train_(o.log_dir + "/train"),
        validation_(o.log_dir + "/validation") {}

  void on_train_begin() override {
    train_.close();  // of a training that an error ended
    validation_.close();
    batches_ = 0;
  }

  void on_train_batch_end(std::int64_t /*batch*/, const Logs& logs) override {
    ++batches_;
    if (batches_apart_ > 0 && batches_ % batches_apart_ == 0) {
      for (const auto& [name, value] : logs) {
        train_.scalar("batch_" + name, value, batches_);
      }
    }
  }

  void on_epoch_end(std::int64_t epoch, const Logs& logs) override {
    for (const auto& [name, value] : logs) {
      if (name.starts_with("val_")) {
        validation_.scalar("evaluation_" + name.substr(4) + "_vs_iterations", value, iterations());
        validation_.scalar("epoch_" + name.substr(4), value, epoch);
      } else {
        train_.scalar("epoch_" + name, value, epoch);
      }
    }
    write_learning_rate(epoch);
    if (histogram_freq_ > 0 && epoch % histogram_freq_ == 0) {
      write_histograms(epoch);
    }
    train_.flush();
    validation_.flush();
  }

  void on_train_end() override {
    train_.close();
    validation_.close();
  }

  CallbackMemory memory() const override {
    return {.numbers = {{"batches", static_cast<double>(batches_)}}};
  }

  void restore(const CallbackMemory& memory) override {
    if (const auto it = memory.numbers.find("batches"); it != memory.numbers.end()) {
      batches_ = static_cast<std::int64_t>(it->second);
    }
  }

 private:
  std::int64_t iterations() const {
    const auto& compiled = model().data().compiled;
    return compiled ? compiled->iterations : 0;
  }

  /// The rate that the next update would have, as Keras gives it; a MultiOptimizer has none.
  void write_learning_rate(std::int64_t epoch) {
    const auto& compiled = model().data().compiled;
    if (!compiled || compiled->multi_optimizer) {
      return;
    }
    const OptimizerInUse& used = compiled->optimizers[0];
    const LearningRate rate = learning_rate_of(used.optimizer);
    train_.scalar("epoch_learning_rate",
                  rate.schedule ? rate.at(compiled->iterations) : used.learning_rate,
                  epoch);
  }

  void write_histograms(std::int64_t epoch) {
    const std::vector<WeightInfo> infos = model().weights();
    const std::vector<Tensor> weights = model().get_weights();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      train_.histogram(infos[i].path + "/histogram", weights[i].values(), epoch);
    }
  }

  std::int64_t histogram_freq_, batches_apart_;
  std::int64_t batches_ = 0;  ///< of this training, those before a resume included
  EventFile train_, validation_;
};

void check(bool is_right, const char* expected, const std::string& got, const char* remedy = "") {
  if (!is_right) {
    throw error<OptionError>(
        {.where = "TensorBoard", .expected = expected, .got = got, .remedy = remedy});
  }
}

/// Errors: OptionError for what Keras can write and engram cannot.
void check_options(const TensorBoard& o) {
  check(o.histogram_freq >= 0, "histogram_freq at least 0", std::to_string(o.histogram_freq));
  check(!o.write_graph,
        "write_graph false",
        "true",
        "There is no TensorFlow graph to show; plot_model draws the model.");
  check(!o.write_images, "write_images false", "true", "Histograms of weights are written.");
  check(o.profile_batch == 0,
        "profile_batch 0",
        std::to_string(o.profile_batch),
        "`engram bench --profile` shows where the time goes.");
  check(o.embeddings_freq == 0, "embeddings_freq 0", std::to_string(o.embeddings_freq));
}

std::int64_t batches_apart(const TensorBoard& o) {
  constexpr const char* kExpected = "update_freq 'epoch', 'batch' or a number at least 1";
  if (const auto* batches = std::get_if<std::int64_t>(&o.update_freq)) {
    check(*batches >= 1, kExpected, std::to_string(*batches));
    return *batches;
  }
  const std::string& word = std::get<std::string>(o.update_freq);
  check(word == "epoch" || word == "batch", kExpected, engram::in_quotes(word));
  return word == "batch" ? 1 : 0;
}

}  // namespace

std::shared_ptr<Callback> make_callback(const TensorBoard& o) {
  check_options(o);
  return std::make_shared<TensorBoardCallback>(o, batches_apart(o));
}

}  // namespace engram
