// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "parts/losses/class_targets.hpp"
#include "parts/losses/cross_entropy.hpp"
#include "parts/losses/loss_options.hpp"

namespace engram {

namespace {

constexpr double kLogOfZero = -std::numeric_limits<double>::infinity();

void visit_options(CTC& o, OptionVisitor& v) { visit_loss_options(v, "ctc", o.reduction); }

double log_add(double a, double b) {
  const double more = std::max(a, b);
  return more == kLogOfZero ? kLogOfZero : more + std::log1p(std::exp(std::min(a, b) - more));
}

/// A sample: its labels with blanks (class 0) around them, s = 0 .. S-1, and the logarithms of the
/// outputs' shares, (T, C).
class Paths {
 public:
  Paths(const LossRows& rows, std::int64_t sample) : steps_(rows.steps), classes_(rows.outputs) {
    const float* target = rows.target + sample * rows.targets;
    const auto count = rows.targets - std::count(target, target + rows.targets, 0.0f);
    labels_.assign(static_cast<std::size_t>(2 * count + 1), 0);
    for (std::int64_t i = 0; i < count;
         ++i) {  // Keras counts what is not 0, and takes the first so
      labels_[static_cast<std::size_t>(2 * i + 1)] = class_of(target[i], classes_, "ctc");
    }
    for (std::int64_t t = 0; t < steps_; ++t) {
      const float* z = rows.predicted + (t * rows.rows + sample) * classes_;
      const SoftmaxRow row = softmax_row(z, classes_, nullptr);
      for (std::int64_t c = 0; c < classes_; ++c) {
        shares_.push_back(z[c] - row.max - std::log(row.sum));
      }
    }
  }

  std::size_t places() const { return labels_.size(); }

  std::int64_t label(std::size_t s) const { return labels_[s]; }

  double share(std::int64_t t, std::int64_t c) const {
    return shares_[static_cast<std::size_t>(t * classes_ + c)];
  }

  /// A path may leave out the blank between different labels.
  bool skips_to(std::size_t s) const {
    return s >= 2 && labels_[s] != 0 && labels_[s] != labels_[s - 2];
  }

  /// log of the paths' probability from the first step to place s at step t, that step included.
  std::vector<double> forward() const {
    std::vector<double> a(static_cast<std::size_t>(steps_) * places(), kLogOfZero);
    for (std::size_t s = 0; s < std::min<std::size_t>(2, places()); ++s) {
      a[s] = share(0, labels_[s]);
    }
    for (std::int64_t t = 1; t < steps_; ++t) {
      const double* before = a.data() + static_cast<std::size_t>(t - 1) * places();
      for (std::size_t s = 0; s < places(); ++s) {
        double sum = before[s];
        sum = s >= 1 ? log_add(sum, before[s - 1]) : sum;
        sum = skips_to(s) ? log_add(sum, before[s - 2]) : sum;
        a[static_cast<std::size_t>(t) * places() + s] = sum + share(t, labels_[s]);
      }
    }
    return a;
  }

  /// The same from place s at step t, that step left out, to the last.
  std::vector<double> backward() const {
    std::vector<double> b(static_cast<std::size_t>(steps_) * places(), kLogOfZero);
    double* last = b.data() + static_cast<std::size_t>(steps_ - 1) * places();
    for (std::size_t s = places() - std::min<std::size_t>(2, places()); s < places(); ++s) {
      last[s] = 0;
    }
    for (std::int64_t t = steps_ - 1; t-- > 0;) {
      const double* after = b.data() + static_cast<std::size_t>(t + 1) * places();
      const auto next = [&](std::size_t s) { return after[s] + share(t + 1, labels_[s]); };
      for (std::size_t s = 0; s < places(); ++s) {
        double sum = next(s);
        sum = s + 1 < places() ? log_add(sum, next(s + 1)) : sum;
        sum = s + 2 < places() && skips_to(s + 2) ? log_add(sum, next(s + 2)) : sum;
        b[static_cast<std::size_t>(t) * places() + s] = sum;
      }
    }
    return b;
  }

 private:
  std::int64_t steps_, classes_;
  std::vector<std::int64_t> labels_;
  std::vector<double> shares_;
};

/// -log of the probability of all paths that read as the labels; by a logit its derivative is the
/// share of its class less that of the paths that go through the class at this step. Source: Graves
/// et al. 2006.
double evaluate_ctc(const void*, const LossRows& rows) {
  double total = 0;
  for (std::int64_t sample = 0; sample < rows.rows; ++sample) {
    const Paths paths(rows, sample);
    const double weight = rows.weight == nullptr ? 1.0 : rows.weight[sample];
    const std::vector<double> a = paths.forward();
    const double* last = a.data() + a.size() - paths.places();
    double log_all = last[paths.places() - 1];
    log_all = paths.places() > 1 ? log_add(log_all, last[paths.places() - 2]) : log_all;
    total += -weight * log_all;
    if (rows.gradient == nullptr) {
      continue;
    }
    const std::vector<double> b = paths.backward();
    std::vector<double> through(static_cast<std::size_t>(rows.outputs));
    for (std::int64_t t = 0; t < rows.steps; ++t) {
      std::ranges::fill(through, 0.0);
      for (std::size_t s = 0; s < paths.places(); ++s) {
        const std::size_t at = static_cast<std::size_t>(t) * paths.places() + s;
        through[static_cast<std::size_t>(paths.label(s))] += std::exp(a[at] + b[at] - log_all);
      }
      float* gradient = rows.gradient + (t * rows.rows + sample) * rows.outputs;
      for (std::int64_t c = 0; c < rows.outputs; ++c) {
        gradient[c] = static_cast<float>(
            rows.scale * weight *
            (std::exp(paths.share(t, c)) - through[static_cast<std::size_t>(c)]));
      }
    }
  }
  return total;
}

}  // namespace

const LossSpec& ctc_spec() {
  static const LossSpec spec = {.class_name = "CTC",
                                .name = "ctc",
                                .access = options_access<CTC, visit_options>(),
                                .reduction = reduction_option<CTC>,
                                .uses_logits = [](const void*, LogitsOf) { return false; },
                                .scope = [](const void*) { return LossScope::sequence; },
                                .evaluate = evaluate_ctc};
  return spec;
}

const LossSpec& spec_of(const CTC&) { return ctc_spec(); }

}  // namespace engram
