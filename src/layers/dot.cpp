// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/aligned.hpp"
#include "base/error.hpp"
#include "engram/layers/merging.hpp"
#include "layers/layer_spec.hpp"

namespace engram {

namespace {

void visit_options(Dot& o, OptionVisitor& v) {
  v.option("name", o.name);
  v.option("trainable", o.trainable);
  v.sizes("axes", o.axes, any());
  v.option("normalize", o.normalize);
}

/// The summed axis of input `i`, an axis of a sample; out of its range when there is none.
std::int64_t axis_of(const Dot& o, std::size_t i, const Shape& input) {
  const std::int64_t axis = o.axes[i];
  return axis < 0 ? static_cast<std::int64_t>(input.size()) + axis : axis - 1;
}

/// One input of a row: value(m, k) of the kept element m and the summed k.
struct Operand {
  Shape shape;
  std::size_t axis = 0;
  std::int64_t kept = 1, summed = 1;

  Operand(const Shape& sample, std::int64_t summed_axis)
      : shape(sample),
        axis(static_cast<std::size_t>(summed_axis)),
        kept(size_of(sample) / sample[axis]),
        summed(sample[axis]) {}

  /// The place of (m, k) in a slice's array.
  std::int64_t place(std::int64_t m, std::int64_t k, std::int64_t row, std::int64_t rows) const {
    std::int64_t inner = 1;
    for (std::size_t i = axis + 1; i < shape.size(); ++i) {
      inner *= shape[i];
    }
    return lying(shape, (m / inner * summed + k) * inner + m % inner, row, rows);
  }

  /// Where element `at` of a sample lies in a slice: (T, rows, ...), or (rows, D).
  static std::int64_t lying(const Shape& sample,
                            std::int64_t at,
                            std::int64_t row,
                            std::int64_t rows) {
    const std::int64_t step = size_of(sample) / (sample.size() > 1 ? sample[0] : 1);
    return (at / step * rows + row) * step + at % step;
  }
};

class DotPlan final : public LayerPlan {
 public:
  DotPlan(const Dot& o, const LayerSizes& sizes)
      : a_(sizes.inputs[0], axis_of(o, 0, sizes.inputs[0])),
        b_(sizes.inputs[1], axis_of(o, 1, sizes.inputs[1])),
        output_(sizes.output),
        normalizes_(o.normalize),
        second_(aligned_floats(size_of(a_.shape) * sizes.rows)),
        b_floats_(size_of(b_.shape) * sizes.rows) {}

  /// The normalized inputs.
  std::int64_t workspace_floats() const override { return normalizes_ ? second_ + b_floats_ : 0; }

  void forward(const SliceRun& run) const override {
    if (normalizes_) {
      normalize(a_, run.inputs[0].value, run.workspace, run.rows);
      normalize(b_, run.inputs[1].value, run.workspace + second_, run.rows);
    }
    const float *a_values = value(run, 0), *b_values = value(run, 1);
    std::fill_n(run.output.value, size_of(output_) * run.rows, 0.0f);
    each(run.rows, [&](std::int64_t a, std::int64_t b, std::int64_t c) {
      run.output.value[c] += a_values[a] * b_values[b];
    });
  }

  void backward(const SliceRun& run) const override {
    float* da = run.inputs[0].gradient;
    float* db = run.inputs[1].gradient;
    const float *a_values = value(run, 0), *b_values = value(run, 1);
    if (da != nullptr) {
      std::fill_n(da, size_of(a_.shape) * run.rows, 0.0f);
    }
    if (db != nullptr) {
      std::fill_n(db, size_of(b_.shape) * run.rows, 0.0f);
    }
    each(run.rows, [&](std::int64_t a, std::int64_t b, std::int64_t c) {
      const float g = run.output.gradient[c];
      if (da != nullptr) {
        da[a] += g * b_values[b];
      }
      if (db != nullptr) {
        db[b] += g * a_values[a];
      }
    });
    if (normalizes_ && da != nullptr) {
      normalize_back(a_, run.inputs[0].value, da, run.rows);
    }
    if (normalizes_ && db != nullptr) {
      normalize_back(b_, run.inputs[1].value, db, run.rows);
    }
  }

 private:
  const float* value(const SliceRun& run, std::size_t i) const {
    return normalizes_ ? run.workspace + (i == 0 ? 0 : second_) : run.inputs[i].value;
  }

  /// visit(place of the first, ...) for each vector along the summed axis.
  template <class Visit>
  static void each_vector(const Operand& o, std::int64_t rows, const Visit& visit) {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t m = 0; m < o.kept; ++m) {
        visit([&o, m, row, rows](std::int64_t k) { return o.place(m, k, row, rows); });
      }
    }
  }

  /// 1 / |x|, at most 1e7 as in Keras.
  template <class At>
  static double inverse_length(const Operand& o, const float* x, const At& at) {
    double square = 0;
    for (std::int64_t k = 0; k < o.summed; ++k) {
      square += static_cast<double>(x[at(k)]) * x[at(k)];
    }
    return std::min(1 / std::sqrt(square), 1e7);
  }

  static void normalize(const Operand& o, const float* x, float* y, std::int64_t rows) {
    each_vector(o, rows, [&](const auto& at) {
      const double inverse = inverse_length(o, x, at);
      for (std::int64_t k = 0; k < o.summed; ++k) {
        y[at(k)] = static_cast<float>(x[at(k)] * inverse);
      }
    });
  }

  /// From the gradient by y = x / |x|, in `d`, that by x: (dy - y (y dy)) / |x|. In float64, since
  /// next to nothing may be left of vectors that change in length only.
  static void normalize_back(const Operand& o, const float* x, float* d, std::int64_t rows) {
    each_vector(o, rows, [&](const auto& at) {
      const double inverse = inverse_length(o, x, at);
      double product = 0;
      for (std::int64_t k = 0; k < o.summed && inverse < 1e7; ++k) {
        product += inverse * x[at(k)] * d[at(k)];
      }
      for (std::int64_t k = 0; k < o.summed; ++k) {
        d[at(k)] = static_cast<float>((d[at(k)] - inverse * x[at(k)] * product) * inverse);
      }
    });
  }

  /// visit(place in a, place in b, place in the result) for each product.
  template <class Visit>
  void each(std::int64_t rows, const Visit& visit) const {
    for (std::int64_t row = 0; row < rows; ++row) {
      for (std::int64_t m = 0; m < a_.kept; ++m) {
        for (std::int64_t n = 0; n < b_.kept; ++n) {
          const std::int64_t c = Operand::lying(output_, m * b_.kept + n, row, rows);
          for (std::int64_t k = 0; k < a_.summed; ++k) {
            visit(a_.place(m, k, row, rows), b_.place(n, k, row, rows), c);
          }
        }
      }
    }
  }

  Operand a_, b_;
  Shape output_;
  bool normalizes_;
  std::int64_t second_, b_floats_;
};

Shape dot_output_shape(const void* options, std::span<const Shape> inputs, std::string_view where) {
  const Dot& o = options_as<Dot>(options);
  if (inputs.size() != 2) {
    throw error<OptionError>({.where = std::string(where),
                              .expected = "2 inputs",
                              .got = std::to_string(inputs.size())});
  }
  Shape result;
  std::vector<std::int64_t> summed;
  for (std::size_t i = 0; i < 2; ++i) {
    Shape left = inputs[i];
    const std::int64_t axis = axis_of(o, i, left);
    if (axis < 0 || axis >= static_cast<std::int64_t>(left.size())) {
      throw error<OptionError>({.where = std::string(where),
                                .expected = "axes of the inputs that are not the batch's",
                                .got = fmt::format("{} and {}", o.axes[0], o.axes[1])});
    }
    summed.push_back(left[static_cast<std::size_t>(axis)]);
    left.erase(left.begin() + axis);
    result.insert(result.end(), left.begin(), left.end());
  }
  if (summed[0] != summed[1] && summed[0] >= 0 && summed[1] >= 0) {
    throw error<ShapeError>({.where = std::string(where),
                             .expected = "summed axes of one size",
                             .got = fmt::format("{} and {}", summed[0], summed[1])});
  }
  return result.empty() ? Shape{1} : result;
}

std::unique_ptr<LayerPlan> dot_plan(const void* options, const LayerSizes& sizes) {
  return std::make_unique<DotPlan>(options_as<Dot>(options), sizes);
}

}  // namespace

const LayerSpec& dot_spec() {
  static const LayerSpec spec = {.class_name = "Dot",
                                 .auto_name = "dot",
                                 .access = options_access<Dot, visit_options>(),
                                 .output_shape = dot_output_shape,
                                 .weights = no_weights,
                                 .plan = dot_plan,
                                 .mask_rule = [](const void*) { return MaskRule::drops; },
                                 .is_identity = is_never_identity,
                                 .logits_of = no_logits,
                                 .flops = no_flops};
  return spec;
}

const LayerSpec& spec_of(const Dot&) { return dot_spec(); }

}  // namespace engram
