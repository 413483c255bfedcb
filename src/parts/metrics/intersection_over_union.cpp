// SPDX-License-Identifier: Apache-2.0
/// The five metrics out of a table of classes: its row is the target's, its column the output's.
#include <cmath>

#include "base/error.hpp"
#include "parts/losses/class_targets.hpp"
#include "parts/metric_spec.hpp"

namespace engram {

namespace {

constexpr double kMostClasses = 4096;  // the table has their square

void visit_options(IoU& o, OptionVisitor& v) {
  v.option("num_classes", o.num_classes, in_range(1, kMostClasses));
  v.option("target_class_ids", o.target_class_ids);
  v.option("ignore_class", o.ignore_class);
  v.option("sparse_y_true", o.sparse_y_true);
  v.option("sparse_y_pred", o.sparse_y_pred);
  v.fixed("axis", std::int64_t{-1});
}

void visit_options(MeanIoU& o, OptionVisitor& v) {
  v.option("num_classes", o.num_classes, in_range(1, kMostClasses));
  v.option("ignore_class", o.ignore_class);
  v.option("sparse_y_true", o.sparse_y_true);
  v.option("sparse_y_pred", o.sparse_y_pred);
  v.fixed("axis", std::int64_t{-1});
}

void visit_options(OneHotIoU& o, OptionVisitor& v) {
  v.option("num_classes", o.num_classes, in_range(1, kMostClasses));
  v.option("target_class_ids", o.target_class_ids);
  v.option("ignore_class", o.ignore_class);
  v.option("sparse_y_pred", o.sparse_y_pred);
  v.fixed("axis", std::int64_t{-1});
}

void visit_options(OneHotMeanIoU& o, OptionVisitor& v) {
  v.option("num_classes", o.num_classes, in_range(1, kMostClasses));
  v.option("ignore_class", o.ignore_class);
  v.option("sparse_y_pred", o.sparse_y_pred);
  v.fixed("axis", std::int64_t{-1});
}

void visit_options(BinaryIoU& o, OptionVisitor& v) {
  v.option("target_class_ids", o.target_class_ids);
  v.option("threshold", o.threshold, any());
}

/// What all five come to.
struct Table {
  IoU o;
  std::optional<float> threshold = {};
};

template <class Options>
Table table(const void* options) {
  const auto& given = options_as<Options>(options);
  Table made;
  if constexpr (std::is_same_v<Options, BinaryIoU>) {
    made.o = {.num_classes = 2, .target_class_ids = given.target_class_ids};
    made.threshold = given.threshold;
  } else {
    made.o = {.num_classes = given.num_classes,
              .ignore_class = given.ignore_class,
              .sparse_y_true = false,
              .sparse_y_pred = given.sparse_y_pred};
    if constexpr (requires { given.sparse_y_true; }) {
      made.o.sparse_y_true = given.sparse_y_true;
    }
    if constexpr (requires { given.target_class_ids; }) {
      made.o.target_class_ids = given.target_class_ids;
    }
  }
  const bool is_all = made.o.target_class_ids.empty();
  for (std::int64_t i = 0; is_all && i < made.o.num_classes; ++i) {
    made.o.target_class_ids.push_back(i);
  }
  return made;
}

template <class Options>
void add_intersection_over_union(const void* options, const LossRows& rows, double* sums) {
  const Table made = table<Options>(options);
  const IoU& o = made.o;
  const std::int64_t places = o.sparse_y_pred ? rows.outputs : 1;  // classes that a row gives
  for (std::int64_t i = 0; i < rows.rows * places; ++i) {
    const std::int64_t row = i / places;
    const double weight = rows.weight == nullptr ? 1.0 : std::trunc(rows.weight[row]);
    double predicted = 0;
    if (made.threshold) {
      predicted = rows.predicted[i] >= *made.threshold ? 1 : 0;
    } else {
      predicted =
          o.sparse_y_pred
              ? std::trunc(rows.predicted[i])
              : static_cast<double>(largest(rows.predicted + row * rows.outputs, rows.outputs));
    }
    const double target =
        o.sparse_y_true
            ? std::trunc(rows.target[i])
            : static_cast<double>(largest(rows.target + row * rows.outputs, rows.outputs));
    const auto is_class = [&](double c) {
      return c >= 0 && c < static_cast<double>(o.num_classes);
    };
    const bool is_ignored = o.ignore_class && target == static_cast<double>(*o.ignore_class);
    if (is_class(target) && is_class(predicted) && !is_ignored) {
      sums[static_cast<std::int64_t>(target) * o.num_classes +
           static_cast<std::int64_t>(predicted)] += weight;
    }
  }
}

/// The mean over the wanted classes that occur.
template <class Options>
double intersection_over_union_result(const void* options, std::span<const double> sums, double) {
  const IoU o = table<Options>(options).o;
  const auto n = static_cast<std::size_t>(o.num_classes);
  double sum = 0, count = 0;
  for (const std::int64_t id : o.target_class_ids) {
    const auto c = static_cast<std::size_t>(id);
    double all = -sums[c * n + c];
    for (std::size_t i = 0; i < n; ++i) {
      all += sums[c * n + i] + sums[i * n + c];
    }
    if (all > 1e-9) {
      sum += sums[c * n + c] / (all + 1e-7);
      ++count;
    }
  }
  return sum / (count + 1e-7);
}

template <class Options>
void check_intersection_over_union(const void* options) {
  const Table made = table<Options>(options);
  for (const std::int64_t id : made.o.target_class_ids) {
    if (id < 0 || id >= made.o.num_classes) {
      throw error<OptionError>(
          {.where = std::string(spec_of(Options{}).class_name),
           .expected = "target_class_ids in [0, " + std::to_string(made.o.num_classes) + ")",
           .got = std::to_string(id)});
    }
  }
  if (made.o.sparse_y_pred && !made.o.sparse_y_true) {
    throw error<OptionError>({.where = std::string(spec_of(Options{}).class_name),
                              .expected = "sparse_y_pred False beside one-hot targets",
                              .got = "True",
                              .remedy = "Targets and outputs of a loss have one shape."});
  }
}

template <class Options>
MetricSpec make_intersection_over_union_spec(std::string_view class_name, std::string_view name) {
  return {.class_name = class_name,
          .name = name,
          .access = options_access<Options, visit_options>(),
          .takes_classes =
              [](const void* o) {
                const Table made = table<Options>(o);
                return made.o.sparse_y_true && !made.o.sparse_y_pred;
              },
          .count =
              [](const void* o, std::int64_t) {
                const std::int64_t n = table<Options>(o).o.num_classes;
                return n * n;
              },
          .uses_mask = false,
          .add = add_intersection_over_union<Options>,
          .result = intersection_over_union_result<Options>,
          .keeps_whole_numbers = true,
          .is_higher_better = true,
          .check = check_intersection_over_union<Options>};
}

}  // namespace

const MetricSpec& iou_spec() {
  static const MetricSpec spec = make_intersection_over_union_spec<IoU>("IoU", "io_u");
  return spec;
}

const MetricSpec& mean_iou_spec() {
  static const MetricSpec spec = make_intersection_over_union_spec<MeanIoU>("MeanIoU", "mean_io_u");
  return spec;
}

const MetricSpec& one_hot_iou_spec() {
  static const MetricSpec spec =
      make_intersection_over_union_spec<OneHotIoU>("OneHotIoU", "one_hot_io_u");
  return spec;
}

const MetricSpec& one_hot_mean_iou_spec() {
  static const MetricSpec spec =
      make_intersection_over_union_spec<OneHotMeanIoU>("OneHotMeanIoU", "one_hot_mean_io_u");
  return spec;
}

const MetricSpec& binary_iou_spec() {
  static const MetricSpec spec =
      make_intersection_over_union_spec<BinaryIoU>("BinaryIoU", "binary_io_u");
  return spec;
}

const MetricSpec& spec_of(const IoU&) { return iou_spec(); }

const MetricSpec& spec_of(const MeanIoU&) { return mean_iou_spec(); }

const MetricSpec& spec_of(const OneHotIoU&) { return one_hot_iou_spec(); }

const MetricSpec& spec_of(const OneHotMeanIoU&) { return one_hot_mean_iou_spec(); }

const MetricSpec& spec_of(const BinaryIoU&) { return binary_iou_spec(); }

}  // namespace engram
