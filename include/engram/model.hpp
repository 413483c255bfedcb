// SPDX-License-Identifier: Apache-2.0
/// A model: layers with weights, trained by fit, judged by evaluate, used by predict.
///
/// Example:
///   Sequential model({LSTM{.units = 80}, Dense{.units = 1}});
///   model.compile({.optimizer = Adam{}, .loss = "mean_squared_error"});
///   History history = model.fit(x, y, {.batch_size = 64, .epochs = 50});
///   Tensor predicted = model.predict(x);
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engram/callbacks.hpp"
#include "engram/layers/layer.hpp"
#include "engram/losses.hpp"
#include "engram/metrics.hpp"
#include "engram/optimizers.hpp"
#include "engram/tensor.hpp"

namespace engram {

struct ModelData;

/// What training, evaluation and files need beside the layers.
struct CompileOptions {
  Optimizer optimizer = "rmsprop";
  Loss loss = "mean_squared_error";           ///< of each output
  std::vector<Metric> metrics = {};           ///< of the only output
  std::vector<Metric> weighted_metrics = {};  ///< the same, by sample_weight or class_weight
  // Of models with several outputs, one for each:
  std::vector<Loss> losses = {};                                  ///< instead of `loss`
  std::vector<float> loss_weights = {};                           ///< in their sum; none: 1 each
  std::vector<std::vector<Metric>> output_metrics = {};           ///< instead of `metrics`
  std::vector<std::vector<Metric>> output_weighted_metrics = {};  ///< instead of `weighted_metrics`
};

/// One array, or one for each input or output of a model: tensors of its own, or views.
class Arrays {
 public:
  Arrays() = default;

  Arrays(Tensor array) { tensors_.push_back(std::move(array)); }

  Arrays(std::vector<Tensor> arrays) : tensors_(std::move(arrays)) {}

  Arrays(const RowsView& rows) : views_{rows} {}

  Arrays(std::vector<RowsView> rows) : views_(std::move(rows)) {}

  bool empty() const {
    return tensors_.empty() ? views_.empty() || views_[0].empty() : tensors_[0].empty();
  }

  std::vector<RowsView> views() const {
    return tensors_.empty() ? views_ : std::vector<RowsView>(tensors_.begin(), tensors_.end());
  }

 private:
  std::vector<Tensor> tensors_;
  std::vector<RowsView> views_;
};

/// Arrays judged after each epoch; empty x: none.
struct ValidationData {
  Arrays x = {}, y = {};
  Arrays sample_weight = {};  ///< as FitOptions has it
};

/// How far the mask of a sequence goes. Up to Keras 3.15 it goes through recurrent layers that give
/// sequences, Bidirectional and TimeDistributed to the layers behind them and to the loss; from
/// Keras 3.16 on these layers use it, but give no mask themselves.
enum class MaskPropagation { through_recurrent_layers, up_to_recurrent_layers };

/// Takes pieces of progress text. The library does not print:
/// [](const std::string& text) { std::fputs(text.c_str(), stdout); }
using ProgressSink = std::function<void(const std::string&)>;

struct FitOptions {
  std::int64_t batch_size = 32;
  std::int64_t epochs = 1;
  int verbose = 1;  ///< what `progress` gets: 0 nothing, 1 a bar (a line an epoch
                    ///< when not on a terminal), 2 a line an epoch
  std::vector<AnyCallback> callbacks = {};
  double validation_split = 0.0;  ///< share of the last rows kept for validation
  ValidationData validation_data = {};
  bool shuffle = true;  ///< order from the model's seed and the epoch only
  /// Of sequences with lengths: the rows of so many batches are ordered by length before they are
  /// cut into batches, which then come in random order; 0: batches stay as they are drawn. Steps
  /// that are masked for all rows of a slice cost nothing; samples meet others of their length.
  std::int64_t bucket_batches = 0;
  /// What each sample, or each step of a sequence, counts in the loss and in weighted_metrics: (N,)
  /// for outputs (N, D); (N, 1) or (N, T) for outputs (N, T, D). Of several outputs one array for
  /// each (empty: 1 each), or one for all.
  Arrays sample_weight = {};
  /// The same by the class of the sample, other classes 1: class numbers, or one-hot rows.
  std::map<std::int64_t, float> class_weight = {};
  std::int64_t initial_epoch = 0;
  std::int64_t validation_batch_size = 0;  ///< 0: batch_size
  std::int64_t validation_freq = 1;
  bool resume = false;  ///< go on from the training state in the model (a loaded file)
  const std::atomic<bool>* stop = nullptr;  ///< when it turns true: finish the batch and return
  ProgressSink progress = {};               ///< where progress goes; empty: nowhere
  bool is_terminal = false;                 ///< `progress` may redraw its line
};

/// The outcome of fit.
struct History {
  std::vector<std::int64_t> epoch;  ///< epochs done, 0-based, resumed ones included
  std::map<std::string, std::vector<double>> history;  ///< by name: "loss", "val_loss", metrics
  bool is_interrupted = false;                         ///< FitOptions::stop ended it early
};

struct EvaluateOptions {
  std::int64_t batch_size = 32;
  Arrays sample_weight = {};  ///< as FitOptions has it
};

/// As in FitOptions.
struct BatchWeights {
  Arrays sample_weight = {};
  std::map<std::int64_t, float> class_weight = {};
};

struct PredictOptions {
  std::int64_t batch_size = 256;
};

/// Steps sequences through the model one time step at a time, keeping the states of its recurrent
/// layers. Streams share the model's weights: many may run over one model, each on its own thread;
/// the model must not be trained or destroyed meanwhile. `step` allocates nothing and takes no
/// lock. A stream has states of its own, which begin with zeros, whether layers are stateful or
/// not.
///
/// Example: Stream stream = model.stream();
///          for (float price : prices) { next = stream.step({&price, 1})[0]; }
class Stream {
 public:
  Stream(Stream&&) noexcept;
  Stream& operator=(Stream&&) noexcept;
  ~Stream();  // the plan's type is private

  /// One time step of all rows: x (rows, D); the model's output (rows, ...), valid until the next
  /// call, or copied to y. Errors: ShapeError for another size.
  std::span<const float> step(std::span<const float> x);
  void step(std::span<const float> x, std::span<float> y);

  /// Sequences that are stepped together.
  std::int64_t rows() const;

  /// Sets all states to zero.
  void reset();

  /// All states, to keep or to set: layer after layer, each from a multiple of 16 floats, h (rows,
  /// units or proj_size), then an LSTM's c (rows, units); of num_layers layer after layer.
  std::span<float> states();

 private:
  friend class Model;
  struct Impl;
  explicit Stream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Where an input of a layer comes from: output `output` of call `call` of the layer `layer`.
struct LayerLink {
  std::string layer;
  int call = 0, output = 0;
};

/// A row of summary() and of `engram inspect`; a box of plot_model.
struct LayerInfo {
  std::string name, class_name;
  Shape output_shape;  ///< with the batch axis as -1
  std::int64_t params = 0, trainable_params = 0;
  bool has_weights = true;  ///< false for kinds such as Dropout, which need no building
  std::vector<Shape> more_outputs = {};      ///< shapes of outputs after the first, such as states
  std::vector<Shape> input_shapes = {};      ///< of the last call, with the batch axis
  std::vector<LayerLink> connected_to = {};  ///< the inputs of all calls of the layer
  int calls = 1;
  bool is_trainable = true;
  std::string activation = "";  ///< the option of that name, if the layer has it
};

/// A weight of the model; `path` is unique, as in Keras: "lstm/lstm_cell/kernel".
struct WeightInfo {
  std::string path, layer, name;
  Shape shape;
  bool is_trainable = true;
};

class Model {
 public:
  Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();  // ModelData is private

  /// The model as a layer of another one, which begins with a copy of its weights; copies of the
  /// Layer are the same one. Errors: OptionError for models within models more than 4 deep.
  /// Example: Layer encoder = model;  Functional({x}, {encoder(x)});
  operator Layer() const;

  const std::string& name() const;
  std::vector<LayerInfo> layers() const;
  bool is_built() const;

  /// Makes the weights for inputs of `input_shape` (without the batch axis); fit and predict do it.
  /// Errors: ShapeError when a layer cannot take what comes.
  void build(const Shape& input_shape);

  /// Errors: OptionError for options that contradict each other or are out of range.
  void compile(CompileOptions options);
  bool is_compiled() const;

  /// Trains for options.epochs epochs over x (N, ...) and y (N, ...). Sequences of different
  /// lengths (RowsView::with_lengths, pack_sequences) are masked behind their ends, here and
  /// elsewhere. Errors: StateError before compile; ShapeError, DataError (non-finite, empty),
  /// OptionError.
  History fit(const RowsView& x, const RowsView& y, FitOptions options = {});

  /// The same for models of several inputs or outputs: an array for each, in their order.
  History fit(const std::vector<Tensor>& x, const std::vector<Tensor>& y, FitOptions options = {});
  History fit(std::span<const RowsView> x, std::span<const RowsView> y, FitOptions options = {});

  /// The loss and metrics over x and y, without training.
  Logs evaluate(const RowsView& x, const RowsView& y, EvaluateOptions options = {});
  Logs evaluate(const std::vector<Tensor>& x,
                const std::vector<Tensor>& y,
                EvaluateOptions options = {});
  Logs evaluate(std::span<const RowsView> x,
                std::span<const RowsView> y,
                EvaluateOptions options = {});

  /// The output for each row of x.
  Tensor predict(const RowsView& x, PredictOptions options = {});

  /// All outputs for each row of the inputs.
  std::vector<Tensor> predict(const std::vector<Tensor>& x, PredictOptions options = {});
  std::vector<Tensor> predict(std::span<const RowsView> x, PredictOptions options = {});

  /// What the model's layer of texts makes of texts, row by row: x of that input for fit, evaluate
  /// and predict. Errors: OptionError when input `input` is not one of texts.
  Tensor vectorize(std::span<const std::string> texts, std::size_t input = 0) const;

  /// The output for each row of texts. Without an output_sequence_length each batch is as long as
  /// its longest text, as in Keras: where no mask hides the padding, batch_size then counts
  /// (Keras's is 32).
  Tensor predict(std::span<const std::string> texts, PredictOptions options = {});

  /// One update on one batch, or the figures of one batch: the loss and metrics.
  Logs train_on_batch(const RowsView& x, const RowsView& y, const BatchWeights& weights = {});
  Logs train_on_batch(const std::vector<Tensor>& x,
                      const std::vector<Tensor>& y,
                      const BatchWeights& weights = {});
  Logs test_on_batch(const RowsView& x, const RowsView& y, Arrays sample_weight = {});

  /// Sets the states that stateful layers carry from batch to batch to zero. fit, evaluate, predict
  /// and the functions for one batch begin with the states that the batch before left, row by row;
  /// call it where new sequences begin, such as in a callback's on_epoch_begin.
  void reset_states();

  /// The rows of every batch, if the model is tied to them: stateful layers take no other number.
  /// From Input::batch_size, or without an Input from the first batch.
  std::optional<std::int64_t> batch_size() const;

  /// How far masks go in this model and the models inside it; files keep it. A graph that Keras
  /// saved says it by itself.
  void set_mask_propagation(MaskPropagation propagation);
  MaskPropagation mask_propagation() const;

  /// A stream of `rows` sequences over a built model whose layers keep time order. Not to be called
  /// by several threads at once. Errors: StateError before build; OptionError.
  Stream stream(std::int64_t rows = 1) const;

  std::int64_t count_params() const;
  std::vector<WeightInfo> weights() const;
  std::vector<Tensor> get_weights() const;

  /// Errors: ShapeError when number or shapes differ from get_weights().
  void set_weights(const std::vector<Tensor>& weights);

  /// Keras's table of layers, shapes and parameter counts, `columns` wide; of a graph that is no
  /// line also what each layer is connected to. Masks, in Keras operations with rows of their own,
  /// have none.
  std::string summary(int columns = 80) const;

  /// A callback sets it to end training after the present batch.
  bool stop_training = false;

  /// Text stored in the model's file beside the model (scaler, window, column, ...), by key.
  std::map<std::string, std::string>& notes();
  const std::map<std::string, std::string>& notes() const;

  /// Everything inside, for the readers and writers of files; src/model/model_data.hpp.
  ModelData& data() { return *data_; }

  const ModelData& data() const { return *data_; }

 protected:
  std::unique_ptr<ModelData> data_;
};

}  // namespace engram
