// SPDX-License-Identifier: Apache-2.0
#include "report/axis.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace engram::report {

namespace {

constexpr double kMargin = 0.04;        // of the range, at both ends
constexpr double kLargest = 1e100;      // ratios of more extreme values may overflow
constexpr double kSmallestStep = 1e-5;  // smaller steps, and values from 1e7, get exponents
constexpr double kLargestPlain = 1e7;

/// The least of 1, 2, 5 times a power of ten that is `least` or more.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) {
      return factor * power;
    }
  }
  return 10 * power;
}

/// "1.5e7": as many digits as tell values apart that differ by `step`.
std::string exponent_text(double value, double step) {
  if (value == 0) {
    return "0";
  }
  const double digits = std::floor(std::log10(std::abs(value))) - std::floor(std::log10(step));
  const std::string text =
      fmt::format("{:.{}e}", value, static_cast<int>(std::clamp(digits, 0.0, 15.0)));
  const std::size_t e = text.find('e');
  return text.substr(0, e) + fmt::format("e{}", std::stoi(text.substr(e + 1)));
}

std::string tick_text(double value, double step, double largest) {
  if (largest >= kLargestPlain || step < kSmallestStep) {
    return exponent_text(value, step);
  }
  const double decimals = -std::floor(std::log10(step) + 1e-9);
  return number_text(value, static_cast<int>(std::max(decimals, 0.0)));
}

std::vector<Tick> linear_ticks(double low, double high, const AxisOptions& options) {
  double step = round_step((high - low) / options.most_ticks);
  step = options.is_integer ? std::max(step, 1.0) : step;
  const double largest = std::max(std::abs(low), std::abs(high));
  std::vector<Tick> ticks;
  for (double i = std::ceil(low / step); i * step <= high; ++i) {
    const double value = i == 0 ? 0 : i * step;  // no -0
    ticks.push_back({value, tick_text(value, step, largest)});
  }
  return ticks;
}

/// Powers of ten; with 2 and 5 times them where there are few.
std::vector<Tick> log_ticks(double low, double high, const AxisOptions& options) {
  const double first = std::floor(std::log10(low));
  const double decades = std::log10(high / low);
  const double stride = std::max(1.0, std::ceil(decades / options.most_ticks));
  std::vector<Tick> ticks;
  for (double power = first; power <= std::log10(high); power += stride) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double value = factor * std::pow(10.0, power);
      if (value >= low && value <= high && (factor == 1.0 || decades <= 2)) {
        ticks.push_back({value, tick_text(value, value, value)});
      }
    }
  }
  return ticks;
}

}  // namespace

bool is_drawable(double value, bool is_log) {
  return std::abs(value) <= kLargest && (!is_log || value >= 1 / kLargest);
}

double Axis::position(double value) const {
  return is_log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
}

Axis make_axis(double low, double high, const AxisOptions& options) {
  Axis axis{.is_log = options.is_log};
  if (options.is_log) {
    const double factor = std::max(std::pow(high / low, kMargin), 1.05);
    axis.low = low / factor;
    axis.high = high * factor;
    axis.ticks = log_ticks(axis.low, axis.high, options);
    if (axis.ticks.size() >= 2) {
      return axis;
    }
  } else {
    // A constant, or one to rounding, gets room around it.
    const double size = std::max(std::abs(low), std::abs(high));
    const bool is_flat = high - low <= size * 1e-9;
    const double margin = !is_flat ? (high - low) * kMargin : size == 0 ? 1 : size * 0.05;
    axis.low = low - margin;
    axis.high = high + margin;
  }
  axis.ticks = linear_ticks(axis.low, axis.high, options);
  return axis;
}

std::string number_text(double value, int decimals) {
  std::string text = fmt::format("{:.{}f}", value, decimals);
  const std::size_t end = std::min(text.find('.'), text.size());
  const std::size_t begin = text.starts_with('-') ? 1 : 0;
  for (std::size_t i = end; i > begin + 3; i -= 3) {
    text.insert(i - 3, ",");
  }
  return text;
}

}  // namespace engram::report
