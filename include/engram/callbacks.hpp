// SPDX-License-Identifier: Apache-2.0
/// What may watch and steer Model::fit; Keras's callbacks and a base for a user's own.
///
/// Example: model.fit(x, y, {.epochs = 50, .callbacks = {EarlyStopping{.patience = 5},
///                                                       CSVLogger{.filename = "history.csv"}}});
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engram/schedules.hpp"
#include "engram/tensor.hpp"

namespace engram {

class Model;

/// Values by name, such as {"loss", 0.1}, {"val_loss", 0.2}; in Keras's order: the loss and the
/// metrics alphabetically, then those with val_.
using Logs = std::vector<std::pair<std::string, double>>;

/// The value called `name`, if there is one.
std::optional<double> find(const Logs& logs, const std::string& name);

/// What a callback must remember so that a resumed run goes on exactly (best values, counters).
struct CallbackMemory {
  std::map<std::string, double> numbers;
  std::map<std::string, std::vector<Tensor>> tensors;
};

/// Derive from it, override what you need, and pass std::make_shared<YourCallback>().
class Callback {
 public:
  virtual ~Callback() = default;

  virtual void on_train_begin() {}

  virtual void on_epoch_begin(std::int64_t /*epoch*/) {}

  virtual void on_train_batch_end(std::int64_t /*batch*/, const Logs& /*logs*/) {}

  /// Around the judgement of the validation data, before the epoch ends.
  virtual void on_test_begin() {}

  virtual void on_test_end() {}

  /// Adds to the logs of an epoch before the callbacks, the history and the progress see them.
  virtual void extend_logs(Logs& /*logs*/) {}

  virtual void on_epoch_end(std::int64_t /*epoch*/, const Logs& /*logs*/) {}

  /// Called however the training ends, by its last epoch, by a stop, or by an interruption.
  virtual void on_train_end() {}

  /// Callbacks of lower order are called first: 0 usually, 1 for what saves a model, 2 for what
  /// saves the whole state of training, so that it finds the others' memory up to date.
  virtual int order() const { return 0; }

  /// Kept in saved models, given back when training is resumed.
  virtual CallbackMemory memory() const { return {}; }

  virtual void restore(const CallbackMemory& /*memory*/) {}

  /// The model being trained; set stop_training on it to end after this batch.
  Model& model() const { return *model_; }

  void set_model(Model& model) { model_ = &model; }

  /// Where texts for the user go; fit sets its progress sink. Without one they are dropped.
  void set_output(std::function<void(const std::string&)> output) { output_ = std::move(output); }

 protected:
  void print(const std::string& text) const {
    if (output_) {
      output_(text);
    }
  }

 private:
  Model* model_ = nullptr;
  std::function<void(const std::string&)> output_;
};

/// Saves the model, or its weights, at the end of an epoch. filepath may hold {epoch}, {epoch:02d},
/// {val_loss:.4f} and the like; it ends in .keras, or .weights.h5 with save_weights_only.
struct ModelCheckpoint {
  std::string filepath;
  std::string monitor = "val_loss";
  int verbose = 0;
  bool save_best_only = false;
  bool save_weights_only = false;
  std::string mode = "auto";  ///< auto, min, max
  std::optional<double> initial_value_threshold = {};
  double min_seconds = 0;  ///< write at most so often; what is due is written when training ends.
                           ///< Short trainings else spend their time syncing files
};

/// Ends training when `monitor` has not improved for `patience` epochs. restore_best_weights puts
/// the best epoch's weights back when training ends, unless it was interrupted to be resumed. Says
/// what it does with verbose 1. An epoch without `monitor` does not count.
/// Errors: OptionError for a mode, monitor or min_delta that cannot be used.
struct EarlyStopping {
  std::string monitor = "val_loss";
  double min_delta = 0;
  std::int64_t patience = 0;
  int verbose = 0;
  std::string mode = "auto";
  std::optional<double> baseline = {};
  bool restore_best_weights = false;
  std::int64_t start_from_epoch = 0;
};

/// Writes a row of logs an epoch, in Keras's form: `epoch` and the sorted names, CRLF, `NA` for
/// what an epoch lacks. A resumed training goes on in the file: rows of epochs done again are
/// dropped. Errors: IoError when the file cannot be written.
struct CSVLogger {
  std::string filename;
  std::string separator = ",";
  bool append = false;
};

/// Writes what TensorBoard shows, with Keras's tags: in log_dir/train the epochs' figures, the
/// learning rate and histograms of weights (path/histogram); in log_dir/validation the figures of
/// validation data, by epoch and by updates. Every training, resumed ones too, begins files of its
/// own; a resumed one goes on counting batches. Files are up to date after each epoch.
/// Example: model.fit(x, y, {.callbacks = {TensorBoard{.log_dir = "logs", .histogram_freq = 1}}});
/// Errors: OptionError for options that are not there; IoError when files cannot be written.
struct TensorBoard {
  std::string log_dir = "logs";
  std::int64_t histogram_freq = 0;  ///< epochs between histograms; 0: none
  bool write_graph = false;         ///< only false
  bool write_images = false;        ///< only false
  /// "epoch", or the batches between points of the epoch's means so far; "batch": 1.
  std::variant<std::string, std::int64_t> update_freq = "epoch";
  std::int64_t profile_batch = 0;    ///< only 0
  std::int64_t embeddings_freq = 0;  ///< only 0
};

/// Ends training when the loss is NaN or infinite after a batch; says so as Keras does, whatever
/// fit's verbose.
struct TerminateOnNaN {};

/// Multiplies the optimizer's learning rate by `factor` when `monitor` has not improved for
/// `patience` epochs, down to min_lr, then waits for `cooldown` epochs. Logs show the epoch's rate
/// as learning_rate. Errors: OptionError; StateError for an optimizer with a schedule.
struct ReduceLROnPlateau {
  std::string monitor = "val_loss";
  double factor = 0.1;
  std::int64_t patience = 10;
  int verbose = 0;
  std::string mode = "auto";
  double min_delta = 1e-4;
  std::int64_t cooldown = 0;
  double min_lr = 0;
};

/// Sets the learning rate before each epoch to schedule(epoch, rate so far), or to what a schedule
/// such as CosineDecay says of the epoch. Logs show it as learning_rate.
/// Errors: StateError for an optimizer with a schedule; OptionError for a rate that is not finite.
///
/// Example: LearningRateScheduler([](std::int64_t epoch, double rate) { return rate * 0.9; })
struct LearningRateScheduler {
  using Schedule = std::function<double(std::int64_t epoch, double rate)>;

  LearningRateScheduler(Schedule function, int verbose_ = 0)
      : schedule(std::move(function)), verbose(verbose_) {}

  LearningRateScheduler(const LearningRate& rate, int verbose_ = 0);

  Schedule schedule;
  int verbose = 0;
};

/// Functions in place of a class derived from Callback; empty ones are passed over.
struct LambdaCallback {
  std::function<void(std::int64_t epoch)> on_epoch_begin = {};
  std::function<void(std::int64_t epoch, const Logs& logs)> on_epoch_end = {};
  std::function<void()> on_train_begin = {};
  std::function<void()> on_train_end = {};
  std::function<void(std::int64_t batch, const Logs& logs)> on_train_batch_end = {};
};

/// Saves everything after each epoch and when interrupted, so that training can go on exactly.
/// With restore, fit begins from the file when there is one.
struct BackupAndRestore {
  std::string backup_dir;
  std::string filename = "latest.keras";
  bool restore = true;
  bool delete_checkpoint = true;  ///< remove the file when training ends by itself
  double min_seconds = 0;         ///< write at most so often, and when training ends
};

/// Judges validation data with the average of the weights that an optimizer with use_ema keeps;
/// with swap_on_epoch the model has it from the end of an epoch to the begin of the next, so that
/// savers write it.
struct SwapEMAWeights {
  bool swap_on_epoch = false;
};

std::shared_ptr<Callback> make_callback(const ModelCheckpoint&);
std::shared_ptr<Callback> make_callback(const EarlyStopping&);
std::shared_ptr<Callback> make_callback(const CSVLogger&);
std::shared_ptr<Callback> make_callback(const TensorBoard&);
std::shared_ptr<Callback> make_callback(const TerminateOnNaN&);
std::shared_ptr<Callback> make_callback(const ReduceLROnPlateau&);
std::shared_ptr<Callback> make_callback(const LearningRateScheduler&);
std::shared_ptr<Callback> make_callback(const LambdaCallback&);
std::shared_ptr<Callback> make_callback(const BackupAndRestore&);
std::shared_ptr<Callback> make_callback(const SwapEMAWeights&);

/// A callback out of its options, or out of a pointer to a user's own.
class AnyCallback {
 public:
  template <class T>

  requires requires(const T& t) {
    { make_callback(t) } -> std::same_as<std::shared_ptr<Callback>>;
  }

  AnyCallback(const T& options) : callback_(make_callback(options)) {}

  template <std::derived_from<Callback> T>
  AnyCallback(std::shared_ptr<T> callback) : callback_(std::move(callback)) {}

  Callback& operator*() const { return *callback_; }

  Callback* operator->() const { return callback_.get(); }

 private:
  std::shared_ptr<Callback> callback_;
};

}  // namespace engram
