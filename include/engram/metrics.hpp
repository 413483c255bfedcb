// SPDX-License-Identifier: Apache-2.0
/// Metrics, by Keras's names, with Keras's options and defaults.
///
/// Example: model.compile({.optimizer = "adam",
///                         .loss = "binary_crossentropy",
///                         .metrics = {"mae", AUC{.curve = "PR", .name = "area"}}});
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engram/choice.hpp"
#include "engram/losses.hpp"
#include "engram/tensor.hpp"

namespace engram {

struct MetricSpec;

// `name` is what logs call the metric; empty: Keras's name. A metric of several values, such as an
// F1Score without average, has an entry in the logs for each: "f1_score[0]", "f1_score[1]", ...

/// The share of outputs on the target's side of `threshold`.
struct BinaryAccuracy {
  float threshold = 0.5f;
  std::string name = "";
};

/// How often the class is among the `k` largest outputs.
struct TopKCategoricalAccuracy {
  std::int64_t k = 5;
  std::string name = "";
};

/// The same for targets that are class numbers.
struct SparseTopKCategoricalAccuracy {
  std::int64_t k = 5;
  std::string name = "";
};

// Outputs taken as yes when above a threshold: 0.5 without `thresholds`; several give a value each.
// top_k leaves only each row's largest; class_id, one output of each row.

struct Precision {
  std::vector<float> thresholds = {};
  std::optional<std::int64_t> top_k = {}, class_id = {};
  std::string name = "";
};

struct Recall {
  std::vector<float> thresholds = {};
  std::optional<std::int64_t> top_k = {}, class_id = {};
  std::string name = "";
};

struct TruePositives {
  std::vector<float> thresholds = {};
  std::string name = "";
};

struct TrueNegatives {
  std::vector<float> thresholds = {};
  std::string name = "";
};

struct FalsePositives {
  std::vector<float> thresholds = {};
  std::string name = "";
};

struct FalseNegatives {
  std::vector<float> thresholds = {};
  std::string name = "";
};

/// The area under a curve of which each threshold gives a point.
struct AUC {
  std::int64_t num_thresholds = 200;
  std::string curve = "ROC";                       ///< or "PR", "PRGAIN"
  std::string summation_method = "interpolation";  ///< or "minoring", "majoring"
  std::vector<float> thresholds = {};              ///< instead of num_thresholds even ones
  bool multi_label = false;                        ///< the mean of the outputs' areas
  std::optional<std::int64_t> num_labels = {};
  std::vector<float> label_weights = {};
  bool from_logits = false;
  std::string name = "";
};

// The best of one of two shares where the other one is at least the given value.

struct PrecisionAtRecall {
  float recall = 0.5f;
  std::int64_t num_thresholds = 200;
  std::optional<std::int64_t> class_id = {};
  std::string name = "";
};

struct RecallAtPrecision {
  float precision = 0.5f;
  std::int64_t num_thresholds = 200;
  std::optional<std::int64_t> class_id = {};
  std::string name = "";
};

struct SensitivityAtSpecificity {
  float specificity = 0.5f;
  std::int64_t num_thresholds = 200;
  std::optional<std::int64_t> class_id = {};
  std::string name = "";
};

struct SpecificityAtSensitivity {
  float sensitivity = 0.5f;
  std::int64_t num_thresholds = 200;
  std::optional<std::int64_t> class_id = {};
  std::string name = "";
};

/// The harmonic mean of precision and recall, which counts `beta` times. Without `threshold` the
/// largest output of a row is the only yes. average: none (a value for each output), "micro",
/// "macro" or "weighted".
struct FBetaScore {
  std::optional<std::string> average = {};
  float beta = 1.0f;
  std::optional<float> threshold = {};
  std::string name = "";
};

/// FBetaScore with beta 1.
struct F1Score {
  std::optional<std::string> average = {};
  std::optional<float> threshold = {};
  std::string name = "";
};

// Intersection over union: the mean of true / (true + false alarms + missed) over the classes
// target_class_ids, all without such a list. Weights count as whole numbers, as in Keras.

/// Targets and outputs are class numbers, or, if not sparse, the places of largest values.
struct IoU {
  std::int64_t num_classes = 0;
  Shape target_class_ids = {};
  std::optional<std::int64_t> ignore_class = {};
  bool sparse_y_true = true, sparse_y_pred = true;
  std::string name = "";
};

struct MeanIoU {
  std::int64_t num_classes = 0;
  std::optional<std::int64_t> ignore_class = {};
  bool sparse_y_true = true, sparse_y_pred = true;
  std::string name = "";
};

struct OneHotIoU {
  std::int64_t num_classes = 0;
  Shape target_class_ids = {};
  std::optional<std::int64_t> ignore_class = {};
  bool sparse_y_pred = false;
  std::string name = "";
};

struct OneHotMeanIoU {
  std::int64_t num_classes = 0;
  std::optional<std::int64_t> ignore_class = {};
  bool sparse_y_pred = false;
  std::string name = "";
};

/// Outputs of at least `threshold` are class 1, others 0.
struct BinaryIoU {
  Shape target_class_ids = {0, 1};
  float threshold = 0.5f;
  std::string name = "";
};

/// class_aggregation: "uniform_average", "variance_weighted_average", or none: a value for each
/// output. With num_regressors the adjusted score.
struct R2Score {
  std::optional<std::string> class_aggregation = "uniform_average";
  std::int64_t num_regressors = 0;
  std::string name = "";
};

const MetricSpec& spec_of(const BinaryAccuracy&);
const MetricSpec& spec_of(const TopKCategoricalAccuracy&);
const MetricSpec& spec_of(const SparseTopKCategoricalAccuracy&);
const MetricSpec& spec_of(const Precision&);
const MetricSpec& spec_of(const Recall&);
const MetricSpec& spec_of(const TruePositives&);
const MetricSpec& spec_of(const TrueNegatives&);
const MetricSpec& spec_of(const FalsePositives&);
const MetricSpec& spec_of(const FalseNegatives&);
const MetricSpec& spec_of(const AUC&);
const MetricSpec& spec_of(const PrecisionAtRecall&);
const MetricSpec& spec_of(const RecallAtPrecision&);
const MetricSpec& spec_of(const SensitivityAtSpecificity&);
const MetricSpec& spec_of(const SpecificityAtSensitivity&);
const MetricSpec& spec_of(const FBetaScore&);
const MetricSpec& spec_of(const F1Score&);
const MetricSpec& spec_of(const IoU&);
const MetricSpec& spec_of(const MeanIoU&);
const MetricSpec& spec_of(const OneHotIoU&);
const MetricSpec& spec_of(const OneHotMeanIoU&);
const MetricSpec& spec_of(const BinaryIoU&);
const MetricSpec& spec_of(const R2Score&);

/// Any metric, and the name under which logs show it. Implicit from Keras's names: accuracy (which
/// of the three accuracies follows from the shapes), mse, mae, auc, f1_score, and so on.
class Metric : public Choice<MetricSpec> {
 public:
  template <class T>

  requires requires(const T& t) {
    { spec_of(t) } -> std::same_as<const MetricSpec&>;
  }

  Metric(T options) : Metric(Choice(options), options.name) {}

  /// The mean of a loss, such as Loss(BinaryCrossentropy{.from_logits = true}).
  /// Errors: OptionError for a loss that is no metric in Keras.
  Metric(const Loss& loss);

  /// Errors: OptionError for an unknown name.
  Metric(std::string_view name);

  Metric(const char* name) : Metric(std::string_view(name)) {}

  /// An empty name: Keras's.
  Metric(Choice<MetricSpec> choice, std::string name);

  const std::string& name() const { return name_; }

 private:
  std::string name_;
};

}  // namespace engram
