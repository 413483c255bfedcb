// SPDX-License-Identifier: Apache-2.0
/// Axes with round ticks.
///
/// Example: const Axis axis = make_axis(0.3, 97, {.most_ticks = 6});
///          axis.ticks[1].label;  // "20"
#pragma once

#include <string>
#include <vector>

namespace engram::report {

struct Tick {
  double value;
  std::string label;
};

struct Axis {
  double low = 0;
  double high = 1;
  bool is_log = false;
  std::vector<Tick> ticks = {};

  /// 0 at the low end, 1 at the high end. `value` is drawable.
  double position(double value) const;
};

struct AxisOptions {
  int most_ticks = 6;
  bool is_log = false;
  bool is_integer = false;  ///< no ticks between integers
};

/// True for what an axis can show: not NaN, not beyond 1e150, and above 1e-150 on a logarithmic
/// one.
bool is_drawable(double value, bool is_log);

/// An axis over [low, high] with a small margin; ticks at 1, 2 or 5 times a power of ten.
/// Both ends are drawable, low <= high.
Axis make_axis(double low, double high, const AxisOptions& options);

/// 1234.5 as "1,234.5".
std::string number_text(double value, int decimals);

}  // namespace engram::report
