// SPDX-License-Identifier: Apache-2.0
/// Draws one plot: frame, grid, ticks, lines, legend.
#pragma once

#include "engram/report.hpp"
#include "report/canvas.hpp"

namespace engram::report {

/// Fills `outside` with the plot. The plot was checked (see write_png).
void draw_plot(Canvas& canvas, const Plot& plot, const Box& outside);

}  // namespace engram::report
