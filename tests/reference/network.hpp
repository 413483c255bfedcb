// SPDX-License-Identifier: Apache-2.0
/// A Sequential model as plain loops in float64: forward pass and mean loss.
///
/// Example: reference::Network network(model.data());  double loss = network.loss(weights, x, y);
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "engram/layers/bidirectional.hpp"
#include "engram/layers/dense.hpp"
#include "engram/layers/dropout.hpp"
#include "engram/layers/embedding.hpp"
#include "engram/layers/gru.hpp"
#include "engram/layers/input.hpp"
#include "engram/layers/lstm.hpp"
#include "engram/layers/masking.hpp"
#include "engram/layers/simple_rnn.hpp"
#include "kernels/elementwise.hpp"
#include "layers/inner_layer.hpp"
#include "model/model_data.hpp"
#include "parts/functions.hpp"
#include "reference/recurrent.hpp"

namespace engram::reference {

using Mask = std::vector<std::uint8_t>;

/// Values between layers: (T, N, D), or (N, D) with T 0; the mask (T, N), empty: none.
struct Values3 {
  std::int64_t T = 0, D = 0;
  Values v;
  Mask mask;
};

class Network {
 public:
  explicit Network(const ModelData& data) : data_(data) {}

  /// The mean over rows (and steps that are not masked) of the mean squared error, or of the sparse
  /// cross-entropy when the model's loss has class targets. x (N, T, D) or (N, T) or (N, D) as the
  /// model takes it; weights in the order of Model::weights.
  double loss(const std::vector<Values>& weights, const Tensor& x, const Tensor& y) {
    N_ = x.shape()[0];
    weights_ = &weights;
    next_ = 0;
    seed_ = data_.seed;
    Values3 signal = time_major(x);
    for (std::size_t i = 0; i < data_.network.nodes.size(); ++i) {
      signal = layer(data_.network.nodes[i].layer, static_cast<std::uint32_t>(i), signal);
    }
    return mean_loss(signal, y);
  }

 private:
  Values3 time_major(const Tensor& x) const {
    Values3 s;
    const Shape& shape = x.shape();
    const bool is_sequence = shape.size() == 3;
    s.T = is_sequence ? shape[1] : 0;
    s.D = shape.back();
    for (std::int64_t t = 0; t < std::max<std::int64_t>(s.T, 1); ++t) {
      for (std::int64_t n = 0; n < N_; ++n) {
        for (std::int64_t d = 0; d < s.D; ++d) {
          s.v.push_back(x.values()[static_cast<std::size_t>(
              (n * std::max<std::int64_t>(s.T, 1) + t) * s.D + d)]);
        }
      }
    }
    return s;
  }

  const Values& weight() { return (*weights_)[next_++]; }

  Values3 layer(const Layer& l, std::uint32_t position, const Values3& in) {
    if (l.get_if<Input>() != nullptr) {
      return in;
    }
    if (const auto* o = l.get_if<Embedding>()) {
      return embedding(*o, in);
    }
    if (const auto* o = l.get_if<Masking>()) {
      return masking(*o, in);
    }
    if (const auto* o = l.get_if<Dense>()) {
      return dense(*o, in);
    }
    if (const auto* o = l.get_if<Dropout>()) {
      return dropout(*o, position, in);
    }
    if (const auto* o = l.get_if<Bidirectional>()) {
      return bidirectional(*o, position, in);
    }
    if (const auto* o = l.get_if<SimpleRNN>()) {
      return recurrent_layer(*o, kernels::Cell::simple_rnn, Activation("sigmoid"), position, in);
    }
    if (const auto* o = l.get_if<LSTM>()) {
      return recurrent_layer(*o, kernels::Cell::lstm, o->recurrent_activation, position, in);
    }
    const auto* o = l.get_if<GRU>();
    const auto cell =
        o->reset_after ? kernels::Cell::gru_reset_after : kernels::Cell::gru_reset_before;
    return recurrent_layer(*o, cell, o->recurrent_activation, position, in);
  }

  /// A seed of part `part` (from 1) of a layer whose seed is `whole`.
  static std::uint64_t seed_of_part(std::uint64_t whole, std::uint64_t part) {
    return whole + 0x9e3779b97f4a7c15ull * part;
  }

  /// Layers one on the other by num_layers, with dropout between them. one(i, in): layer i's
  /// output.
  template <class Options, class One>
  Values3 stack(const Options& o, std::uint32_t position, const Values3& in, const One& one) {
    const std::uint64_t seed = seed_;
    std::uint64_t part = 0;
    Values3 signal = in;
    for (std::int64_t i = 0; i < o.num_layers; ++i) {
      seed_ = seed_of_part(seed, ++part);
      signal = one(i, signal);
      if (i + 1 < o.num_layers && o.layer_dropout > 0) {
        seed_ = seed_of_part(seed, ++part);
        signal = dropout({.rate = o.layer_dropout}, position, signal);
      }
    }
    seed_ = seed;
    return signal;
  }

  Values3 bidirectional(const Bidirectional& o, std::uint32_t position, const Values3& in) {
    if (o.num_layers > 1) {
      return stack(o, position, in, [&](std::int64_t i, const Values3& below) {
        Bidirectional one = o;
        one.num_layers = 1;
        if (i + 1 < o.num_layers) {
          one.layer = with_options(*o.layer, {{"return_sequences", true}});
        }
        return bidirectional(one, position, below);
      });
    }
    const std::uint64_t seed = seed_;
    Values3 both[2];
    for (const std::size_t i : {0, 1}) {
      const bool is_given = i == 1 && o.backward_layer;
      Layer one = is_given ? *o.backward_layer : *o.layer;
      const bool sequences = common_options(one.spec(), one.options()).return_sequences;
      one = with_options(one, {{"zero_output_for_mask", sequences}});
      one = i == 1 && !is_given ? with_options(one, {{"go_backwards", true}}) : one;
      seed_ = seed_of_part(seed, i + 1);
      both[i] = layer(one, position, in);
    }
    seed_ = seed;
    const std::int64_t D = both[0].D, steps = std::max<std::int64_t>(both[0].T, 1);
    const bool is_concat = o.merge_mode == "concat";
    Values3 out{.T = both[0].T, .D = is_concat ? 2 * D : D, .v = {}, .mask = both[0].mask};
    for (std::int64_t t = 0; t < steps; ++t) {
      for (std::int64_t n = 0; n < N_; ++n) {
        for (std::int64_t d = 0; d < out.D; ++d) {
          const double a = detail::at(both[0].v, (t * N_ + n) * D + d % D);
          const double b = detail::at(both[1].v, ((steps - 1 - t) * N_ + n) * D + d % D);
          out.v.push_back(is_concat               ? (d < D ? a : b)
                          : o.merge_mode == "mul" ? a * b
                          : o.merge_mode == "sum" ? a + b
                                                  : (a + b) / 2);
        }
      }
    }
    return out;
  }

  Values3 embedding(const Embedding& o, const Values3& ids) {  // ids (N, T) came as T 0, D = steps
    const Values& table = weight();
    Values3 out{.T = ids.D, .D = o.output_dim, .v = {}, .mask = {}};
    for (std::int64_t t = 0; t < out.T; ++t) {
      for (std::int64_t n = 0; n < N_; ++n) {
        const auto id = static_cast<std::int64_t>(detail::at(ids.v, n * ids.D + t));
        for (std::int64_t e = 0; e < out.D; ++e) {
          out.v.push_back(detail::at(table, id * out.D + e));
        }
        if (o.mask_zero) {
          out.mask.push_back(id != 0);
        }
      }
    }
    return out;
  }

  Values3 masking(const Masking& o, const Values3& in) const {
    Values3 out = in;
    for (std::int64_t i = 0; i < in.T * N_; ++i) {
      const auto begin = out.v.begin() + i * in.D;
      const bool used =
          std::any_of(begin, begin + in.D, [&](double v) { return v != o.mask_value; });
      out.mask.push_back(used);
      std::transform(begin, begin + in.D, begin, [&](double v) { return used ? v : 0.0; });
    }
    return out;
  }

  Values3 dense(const Dense& o, const Values3& in) {
    const Values& kernel = weight();
    const Values bias = o.use_bias ? weight() : Values(static_cast<std::size_t>(o.units), 0.0);
    Values3 out{.T = in.T, .D = o.units, .v = {}, .mask = in.mask};
    const std::int64_t rows = static_cast<std::int64_t>(in.v.size()) / in.D;
    for (std::int64_t r = 0; r < rows; ++r) {
      Values z;
      for (std::int64_t u = 0; u < o.units; ++u) {
        double sum = detail::at(bias, u);
        for (std::int64_t d = 0; d < in.D; ++d) {
          sum += detail::at(in.v, r * in.D + d) * detail::at(kernel, d * o.units + u);
        }
        z.push_back(sum);
      }
      activate(o.activation, z);
      out.v.insert(out.v.end(), z.begin(), z.end());
    }
    return out;
  }

  static void activate(Activation activation, Values& z) {
    if (const auto function = function_of(activation)) {
      for (double& v : z) {
        v = value_of(*function, v);
      }
      return;
    }
    double sum = 0;
    for (double& v : z) {
      sum += v = std::exp(v);
    }
    for (double& v : z) {
      v /= sum;
    }
  }

  /// The engine's own factors: what is checked is their use.
  Values factors(std::int64_t size,
                 float rate,
                 std::uint32_t layer,
                 std::int64_t row,
                 std::int64_t first) const {
    std::vector<float> f(static_cast<std::size_t>(size));
    kernels::dropout_factors(f.data(),
                             size,
                             rate,
                             {.seed = seed_,
                              .step = static_cast<std::uint64_t>(data_.compiled->iterations),
                              .layer = layer,
                              .row = static_cast<std::uint32_t>(row)},
                             first);
    return Values(f.begin(), f.end());
  }

  Values3 dropout(const Dropout& o, std::uint32_t position, const Values3& in) const {
    Values3 out = in;
    const std::int64_t steps = std::max<std::int64_t>(in.T, 1), stride = (in.D + 3) / 4 * 4;
    for (std::int64_t t = 0; t < steps; ++t) {
      for (std::int64_t n = 0; n < N_; ++n) {
        const Values f = factors(in.D, o.rate, position * 16u, n, t * stride);
        for (std::int64_t d = 0; d < in.D; ++d) {
          out.v[static_cast<std::size_t>((t * N_ + n) * in.D + d)] *= detail::at(f, d);
        }
      }
    }
    return out;
  }

  template <class Options>
  Values3 recurrent_layer(const Options& o,
                          kernels::Cell cell,
                          Activation recurrent_activation,
                          std::uint32_t position,
                          const Values3& in) {
    if (o.num_layers > 1) {
      return stack(o, position, in, [&](std::int64_t i, const Values3& below) {
        Options one = o;
        one.num_layers = 1;
        one.return_sequences = o.return_sequences || i + 1 < o.num_layers;
        one.go_backwards = o.go_backwards && i == 0;
        return recurrent_layer(one, cell, recurrent_activation, position, below);
      });
    }
    RecurrentCase l{.cell = cell, .T = in.T, .D = in.D, .H = o.units, .N = N_};
    l.activation = *function_of(o.activation);
    l.recurrent_activation = *function_of(recurrent_activation);
    l.return_sequences = o.return_sequences;
    l.go_backwards = o.go_backwards;
    l.zero_output_for_mask = o.zero_output_for_mask;
    l.x = in.v;
    l.mask = in.mask;
    l.kernel = weight();
    l.recurrent_kernel = weight();
    l.bias = o.use_bias ? weight() : Values{};
    if constexpr (requires { o.proj_size; }) {
      l.projection_kernel = o.proj_size > 0 ? weight() : Values{};
    }
    const std::int64_t masks = o.recurrent_dropout > 0 ? kernels::gates_of(cell) : 1;
    const auto fill = [&](Values& into, float rate, std::int64_t size, std::uint32_t which) {
      for (std::uint32_t m = 0; rate > 0 && m < masks; ++m) {
        for (std::int64_t n = 0; n < N_; ++n) {
          const Values f = factors(size, rate, position * 16u + 2 * m + which, n, 0);
          into.insert(into.end(), f.begin(), f.end());
        }
      }
    };
    fill(l.input_dropout, o.dropout, in.D, 0);
    fill(l.recurrent_dropout, o.recurrent_dropout, l.R(), 1);
    return {.T = o.return_sequences ? in.T : 0,
            .D = l.R(),
            .v = recurrent(l).y,
            .mask = o.return_sequences ? in.mask : Mask{}};
  }

  double mean_loss(const Values3& p, const Tensor& y) const {
    const std::int64_t steps = std::max<std::int64_t>(p.T, 1);
    const bool is_sparse = data_.compiled->loss.spec().has_class_targets;
    double sum = 0, count = 0;
    for (std::int64_t t = 0; t < steps; ++t) {
      for (std::int64_t n = 0; n < N_; ++n) {
        if (!p.mask.empty() && p.mask[static_cast<std::size_t>(t * N_ + n)] == 0) {
          continue;
        }
        const std::int64_t at = (t * N_ + n) * p.D, target = n * steps + t;
        count += 1;
        if (is_sparse) {
          const auto id = static_cast<std::int64_t>(y.values()[static_cast<std::size_t>(target)]);
          sum -= std::log(detail::at(p.v, at + id));
          continue;
        }
        for (std::int64_t d = 0; d < p.D; ++d) {
          const double off =
              detail::at(p.v, at + d) - y.values()[static_cast<std::size_t>(target * p.D + d)];
          sum += off * off / static_cast<double>(p.D);
        }
      }
    }
    return sum / count;
  }

  const ModelData& data_;
  const std::vector<Values>* weights_ = nullptr;
  std::size_t next_ = 0;
  std::uint64_t seed_ = 0;  // of the layer's dropout
  std::int64_t N_ = 0;
};

}  // namespace engram::reference
