// SPDX-License-Identifier: Apache-2.0
/// What a layer is to the engine, to the files and to the command: one LayerSpec for each kind.
///
/// A layer is one public header of options, one source here that defines its spec, and one word in
/// the list of src/layers/CMakeLists.txt. Shapes of samples leave out the batch axis; -1 is a
/// length that only a batch knows.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engram/layers/layer.hpp"
#include "engram/tensor.hpp"
#include "parts/loss_spec.hpp"
#include "parts/options.hpp"
#include "parts/weight_rules.hpp"

namespace engram {

/// How a weight changes: by its gradient; as the moving average of a statistic that the backward
/// pass puts where its gradient would be; or not at all.
enum class WeightUse { trained, moving_average, constant };

/// One weight of a layer.
struct WeightSpec {
  std::string name;  ///< "recurrent_kernel", or "forward_lstm/recurrent_kernel" in a wrapper
  Shape shape;
  Initializer initializer;
  std::int64_t ones_begin = 0, ones_end = 0;  ///< values set to 1 after the initializer
  std::string group = "";                     ///< place in files, a WeightGroup's path
  bool is_trainable = true;                   ///< as long as the layer is
  WeightUse use = WeightUse::trained;
  float momentum = 0;      ///< of a moving average
  WeightRules rules = {};  ///< weights_of sets them
};

/// A part of a layer in Keras's files, below the layer's own group: {"cell", "lstm_cell"}.
struct WeightGroup {
  std::string path, name;
};

/// Values of one slice between two layers. A sample's shape (T, ...) lies time-major, as
/// (T, rows, ...); a shape (D) as (rows, D).
struct Signal {
  float* value = nullptr;
  float* gradient = nullptr;     ///< null when nobody needs it
  std::uint8_t* mask = nullptr;  ///< (T, rows), 0 = skip the step; null: no mask
  float* logits = nullptr;       ///< of the output layer, when LayerSizes asks for them
};

/// What is known when a plan is built.
struct LayerSizes {
  std::vector<Shape> inputs;  ///< samples' shapes, no -1
  Shape output;
  std::int64_t rows = 0;  ///< most rows of a slice
  bool is_training = false;
  bool needs_input_gradient = false;  ///< by inputs[0]; Signal::gradient says it of the others
  bool has_mask = false;              ///< inputs[0] comes with a mask
  bool has_lengths = false;           ///< which is that of lengths, to be kept by a new one
  bool keeps_logits = false;          ///< fill Signal::logits; the gradient may come by them
};

/// One slice's turn.
struct SliceRun {
  std::int64_t rows = 0;
  std::int64_t first_row = 0;   ///< of the slice in the minibatch
  std::int64_t batch_rows = 0;  ///< of the minibatch
  std::uint64_t seed = 0, step = 0;
  std::uint32_t position = 0;  ///< of the layer in the model
  std::span<const Signal> inputs;
  Signal output;
  std::span<const Signal> more_outputs = {};  ///< those after the first, as LayerSpec says
  bool is_gradient_of_logits = false;
  std::span<const float* const> weights;  ///< in the order of LayerSpec::weights, Keras's layout
  std::span<float* const> gradients;      ///< added to; null: not wanted
  const float* packed = nullptr;
  float* workspace = nullptr;
  float* states = nullptr;      ///< of all rows, carried from call to call; null: none
  std::int64_t state_rows = 0;  ///< rows whose states lie there, each state (state_rows, ...)
  double* penalty = nullptr;    ///< of activity regularizers, added to; null: not wanted
};

/// A layer made ready for certain sizes. Holds no data of a slice: slices run at the same time.
class LayerPlan {
 public:
  virtual ~LayerPlan() = default;

  virtual std::int64_t packed_floats() const { return 0; }

  virtual std::int64_t pack_parts() const { return 0; }

  virtual void pack(std::span<const float* const> /*weights*/,
                    float* /*packed*/,
                    std::int64_t /*part*/) const {}

  virtual std::int64_t workspace_floats() const { return 0; }

  virtual std::int64_t state_floats() const { return 0; }  ///< a row

  virtual void forward(const SliceRun& run) const = 0;
  virtual void backward(const SliceRun& run) const = 0;
};

/// What happens to a mask on its way through a layer: it drops that of its input, passes it on, or
/// makes a new one (writes Signal::mask); a layer of several inputs makes one when any of them or
/// all of them come with a mask.
enum class MaskRule { drops, passes, makes, joins_any, joins_all };

/// What most layers are: the defaults of LayerSpec's functions.
inline Shape same_shape(const void*, std::span<const Shape> inputs, std::string_view) {
  return inputs[0];
}

inline std::vector<WeightSpec> no_weights(const void*, std::span<const Shape>) { return {}; }

inline MaskRule passes_mask(const void*) { return MaskRule::passes; }

inline MaskRule drops_mask(const void*) { return MaskRule::drops; }

inline bool is_never_identity(const void*, bool) { return false; }

inline LogitsOf no_logits(const void*) { return LogitsOf::none; }

inline std::int64_t no_flops(const void*, std::span<const Shape>) { return 0; }

class TextReader;

/// Whether a layer is an Input of texts.
bool is_text_input(const Layer& layer);

/// What becomes of texts at a layer that has a text_reader.
enum class TextUse {
  read,             ///< it takes nothing else, and hands on what the reader has made of them
  read_or_numbers,  ///< likewise; an input of numbers is its plan's
  joined            ///< its plan takes what the reader has made of each, beside inputs of numbers
};

struct LayerSpec {
  std::string_view class_name;  ///< Keras's, "LSTM"
  std::string_view auto_name;   ///< "lstm"
  OptionsAccess access;

  /// Errors: ShapeError, with `where` as the place.
  Shape (*output_shape)(const void* options,
                        std::span<const Shape> inputs,
                        std::string_view where) = same_shape;
  std::vector<WeightSpec> (*weights)(const void* options,
                                     std::span<const Shape> inputs) = no_weights;
  std::unique_ptr<LayerPlan> (*plan)(const void* options, const LayerSizes& sizes) = nullptr;

  MaskRule (*mask_rule)(const void* options) = passes_mask;
  bool (*is_identity)(const void* options, bool is_training) = is_never_identity;
  LogitsOf (*logits_of)(const void* options) = no_logits;
  std::int64_t (*flops)(const void* options,
                        std::span<const Shape> inputs) = no_flops;  ///< forward, a row

  /// The shapes of outputs after the first; null: none.
  std::vector<Shape> (*more_outputs)(const void* options, std::span<const Shape> inputs) = nullptr;

  /// State floats a row that a stateful layer carries from batch to batch, as many as
  /// LayerPlan::state_floats; 0: it is not stateful. Null: no such layer.
  std::int64_t (*carried_floats)(const void* options, std::span<const Shape> inputs) = nullptr;

  /// The parts in which Keras's files keep weights; null: the layer itself is the only one.
  std::vector<WeightGroup> (*weight_groups)(const void* options) = nullptr;

  /// Keras's names of the inputs where they are arguments of their own; none: one input or a list.
  std::span<const std::string_view> arguments = {};

  /// Of layers that take texts; null: the layer takes numbers.
  std::unique_ptr<TextReader> (*text_reader)(const void* options) = nullptr;
  TextUse text_use = TextUse::read;

  /// What penalizes the outputs, where the option activity_regularizer does not say it.
  Regularizer (*output_regularizer)(const void* options) = nullptr;

  bool mixes_steps = false;  ///< a step of the result needs other steps: no streams
  /// Statistics of the whole minibatch are needed when training: slices would differ.
  bool (*needs_whole_batch)(const void* options) = nullptr;
};

/// LayerSpec::plan for a plan class P made from options O.
template <class P, class O>
std::unique_ptr<LayerPlan> make_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<P>(options_as<O>(options), sizes);
}

/// Every kind of layer, and one by its Keras class name (null when there is none).
std::span<const LayerSpec* const> layers();
/// The weights of a layer, with the regularizers and constraints that its options name.
std::vector<WeightSpec> weights_of(const LayerSpec& spec,
                                   const void* options,
                                   std::span<const Shape> inputs);

const LayerSpec* find_layer(std::string_view class_name);
std::vector<std::string_view> layer_names();

/// Options that every layer may have.
struct CommonOptions {
  std::string name;
  bool trainable = true;
  bool go_backwards = false;  ///< needs the last step of a sequence before the first
  bool is_recurrent = false;  ///< has the option go_backwards
  bool return_sequences = false;
  bool stateful = false;
};

CommonOptions common_options(const LayerSpec& spec, const void* options);

}  // namespace engram
