// SPDX-License-Identifier: Apache-2.0
/// The callbacks that write models: ModelCheckpoint and BackupAndRestore.
#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "engram/callbacks.hpp"
#include "engram/io.hpp"
#include "formats/files.hpp"
#include "io/config.hpp"
#include "io/keras_file.hpp"
#include "kernels/elementwise.hpp"
#include "model/model_data.hpp"
#include "model/monitor.hpp"

namespace engram {

namespace {

void make_folder_of(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) {
    formats::make_directories(folder.string());
  }
}

/// Says when the next write is due: not sooner than `seconds` after the last.
class Pace {
 public:
  explicit Pace(double seconds) : seconds_(seconds) {}

  bool is_due() const {
    const std::chrono::duration<double> passed = Clock::now() - last_;
    return seconds_ <= 0 || passed.count() >= seconds_;
  }

  void written() { last_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;

  double seconds_;
  Clock::time_point last_ = Clock::now();
};

/// What training changes in a model, kept aside to be written later.
class Snapshot {
 public:
  explicit Snapshot(const ModelData& data)
      : weights_(data.weights.copy()), training_(current_training_state(data)) {
    if (data.compiled) {
      iterations_ = data.compiled->iterations;
      optimizers_ = data.compiled->optimizers;
      loss_scale_ = data.compiled->loss_scale;
      for (const AlignedFloats& slot : data.compiled->slots) {
        slots_.push_back(slot.copy());
      }
    }
  }

  /// Calls `use` while the model is as it was.
  template <class Use>
  void with(ModelData& data, const Use& use) {
    exchange(data);
    try {
      use();
    } catch (...) {
      exchange(data);
      throw;
    }
    exchange(data);
  }

 private:
  void exchange(ModelData& data) {
    std::swap(weights_, data.weights);
    std::swap(training_, data.training);
    std::swap(callbacks_, data.active_callbacks);  // their memory is in training_
    if (data.compiled) {
      std::swap(iterations_, data.compiled->iterations);
      std::swap(optimizers_, data.compiled->optimizers);
      std::swap(loss_scale_, data.compiled->loss_scale);
      std::swap(slots_, data.compiled->slots);
    }
  }

  AlignedFloats weights_;
  std::vector<AlignedFloats> slots_;
  std::int64_t iterations_ = 0;
  std::vector<OptimizerInUse> optimizers_;  // for their rates
  std::optional<LossScale> loss_scale_;
  std::optional<TrainingState> training_;
  std::vector<Callback*> callbacks_;
};

class Checkpoint final : public Callback {
 public:
  explicit Checkpoint(const ModelCheckpoint& options)
      : o_(options),
        monitor_({.where = "ModelCheckpoint",
                  .name = options.monitor,
                  .mode = options.mode,
                  .best = options.initial_value_threshold}),
        pace_(options.min_seconds) {
    const char* ending = o_.save_weights_only ? ".weights.h5" : ".keras";
    if (!o_.filepath.ends_with(ending)) {
      throw error<OptionError>({.where = "ModelCheckpoint",
                                .expected = fmt::format("a filepath that ends in {}", ending),
                                .got = engram::in_quotes(o_.filepath)});
    }
  }

  int order() const override { return 1; }

  void on_epoch_end(std::int64_t epoch, const Logs& logs) override {
    const std::string path = path_of(epoch, logs);
    const std::optional<double> value = find(logs, monitor_.name());
    if (!o_.save_best_only || !value) {
      say(saving_text(epoch, path));
    } else if (monitor_.improves(*value)) {
      say(monitor_.improved_text(epoch, *value, path));
      monitor_.best = *value;
    } else {
      say(monitor_.not_improved_text(epoch));
      return;
    }
    if (due_ && due_path_ != path) {
      write_due();  // another file's: only a file that is written over may skip a state
    }
    if (pace_.is_due()) {
      due_.reset();
      write(path);
    } else {
      due_.emplace(model().data());
      due_path_ = path;
    }
    say(saved_text(epoch, path));
  }

  void on_train_end() override { write_due(); }

  /// Writes the state that waits, if one does.
  void write_due() {
    if (due_) {
      due_->with(model().data(), [this] { write(due_path_); });
      due_.reset();
    }
  }

  CallbackMemory memory() const override {
    CallbackMemory memory;
    remember(memory, "best", monitor_.best);
    return memory;
  }

  void restore(const CallbackMemory& memory) override { monitor_.best = recall(memory, "best"); }

 private:
  void say(const std::string& text) const {
    if (o_.verbose > 0) {
      print(text);
    }
  }

  /// The file name with {epoch} (from 1) and the logs put in. Errors: OptionError.
  std::string path_of(std::int64_t epoch, const Logs& logs) const {
    fmt::dynamic_format_arg_store<fmt::format_context> values;
    values.push_back(fmt::arg("epoch", epoch + 1));
    std::string names = "epoch";
    for (const auto& [name, value] : logs) {
      values.push_back(fmt::arg(name.c_str(), value));
      names += ", " + name;
    }
    try {
      return fmt::vformat(o_.filepath, values);
    } catch (const fmt::format_error& problem) {
      throw error<OptionError>(
          {.where = "ModelCheckpoint: filepath",
           .expected = "fields out of " + names,
           .got = fmt::format("{} ({})", engram::in_quotes(o_.filepath), problem.what())});
    }
  }

  void write(const std::string& path) {
    make_folder_of(path);
    if (o_.save_weights_only) {
      save_weights(model(), path);
    } else {
      save_model(model(), path);
    }
    pace_.written();
  }

  ModelCheckpoint o_;
  Monitor monitor_;
  Pace pace_;
  std::optional<Snapshot> due_;
  std::string due_path_;
};

class Backup final : public Callback {
 public:
  explicit Backup(const BackupAndRestore& options)
      : o_(options),
        path_((std::filesystem::path(o_.backup_dir) / o_.filename).string()),
        pace_(options.min_seconds) {
    if (!o_.filename.ends_with(".keras")) {
      throw error<OptionError>({.where = "BackupAndRestore",
                                .expected = "a filename that ends in .keras",
                                .got = engram::in_quotes(o_.filename)});
    }
  }

  int order() const override { return 2; }

  void on_train_begin() override {
    std::error_code ignored;  // a file that is there and cannot be read is read_model's to refuse
    const auto type = std::filesystem::status(path_, ignored).type();
    if (o_.restore && type != std::filesystem::file_type::not_found) {
      ModelData saved;
      io::read_model(path_, {}, saved);
      take_over(saved);
    }
  }

  void on_epoch_end(std::int64_t, const Logs&) override {
    is_due_ = !pace_.is_due();
    if (!is_due_) {
      save();
    }
  }

  void on_train_end() override {
    if (model().data().is_interrupted || (is_due_ && !o_.delete_checkpoint)) {
      save();
    } else if (o_.delete_checkpoint) {
      std::error_code ignored;  // nothing to delete is as good
      std::filesystem::remove(path_, ignored);
    }
  }

 private:
  /// A state that is no longer finite never replaces that of the last good epoch.
  void save() {
    const auto is_finite = [](const AlignedFloats& values) {
      return kernels::all_finite(values.data(), values.size());
    };
    const ModelData& data = model().data();
    if (is_finite(data.weights) && std::ranges::all_of(data.compiled->slots, is_finite)) {
      write_due_checkpoints();
      formats::make_directories(o_.backup_dir.empty() ? "." : o_.backup_dir);
      save_model(model(), path_);
      pace_.written();
    }
  }

  /// A backup remembers the best values so far: what has them must be in its file by then, or a
  /// killed training would go on and never write it.
  void write_due_checkpoints() {
    const std::vector<Callback*> callbacks = model().data().active_callbacks;
    for (Callback* callback : callbacks) {
      if (auto* checkpoint = dynamic_cast<Checkpoint*>(callback)) {
        checkpoint->write_due();
      }
    }
  }

  /// Everything that training goes on from; the layers must be the same.
  void take_over(ModelData& from) {
    ModelData& data = model().data();
    const auto layers = [](const ModelData& of) {
      return io::model_config(of)["config"]["layers"];
    };
    const auto slots = [](const ModelData& of) {
      std::vector<std::pair<const OptimizerSpec*, std::vector<bool>>> optimizers;
      std::vector<std::pair<std::size_t, std::vector<std::string_view>>> arrays;
      for (const auto& [optimizer, rate, changes] : of.compiled->optimizers) {
        optimizers.emplace_back(&optimizer.spec(), changes);
        arrays.emplace_back(slot_places(optimizer).count,
                            optimizer.spec().slots(optimizer.options()));
      }
      return std::pair(optimizers, arrays);
    };
    if (!from.compiled || !from.training || layers(from) != layers(data) ||
        from.compiled->loss_scale.has_value() != data.compiled->loss_scale.has_value() ||
        slots(from) != slots(data)) {
      throw error<StateError>({.where = path_,
                               .expected = "the layers and optimizer of the model being trained",
                               .got = "others",
                               .remedy = "Remove the file to begin anew."});
    }
    data.weights = std::move(from.weights);
    data.seed = from.seed;
    data.compiled->iterations = from.compiled->iterations;
    for (std::size_t i = 0; i < data.compiled->optimizers.size(); ++i) {
      data.compiled->optimizers[i].learning_rate = from.compiled->optimizers[i].learning_rate;
    }
    data.compiled->slots = std::move(from.compiled->slots);
    if (from.compiled->loss_scale) {
      data.compiled->loss_scale->scale = from.compiled->loss_scale->scale;
      data.compiled->loss_scale->good_steps = from.compiled->loss_scale->good_steps;
    }
    data.training = std::move(from.training);
    data.resume_requested = true;
    touch_weights(data);
  }

  BackupAndRestore o_;
  std::string path_;
  Pace pace_;
  bool is_due_ = false;
};

}  // namespace

std::shared_ptr<Callback> make_callback(const ModelCheckpoint& options) {
  return std::make_shared<Checkpoint>(options);
}

std::shared_ptr<Callback> make_callback(const BackupAndRestore& options) {
  return std::make_shared<Backup>(options);
}

}  // namespace engram
