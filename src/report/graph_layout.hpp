// SPDX-License-Identifier: Apache-2.0
/// Places for the boxes and lines of a graph: ranks from top to bottom, few crossings, short lines.
///
/// Source: the steps of Sugiyama, Tagawa & Toda 1981: ranks, points where long lines pass a rank,
/// order by the mean place of neighbours, then places.
///
/// Example: const GraphLayout layout = lay_out({{80, 30}, {80, 30}}, {{0, 1}});
#pragma once

#include <vector>

#include "report/canvas.hpp"

namespace engram::report {

struct GraphEdge {
  int from = 0, to = 0;
};

struct GraphLayout {
  std::vector<Box> boxes;
  /// Of the edges: from the foot of a box, through the gaps of the ranks between, to the head of
  /// another; of those that lead back from the right side of a box, straight, to that of another.
  std::vector<std::vector<Point>> lines;
  Size size{0, 0};
};

/// Edges to a box of the same or a smaller number lead back: they do not make ranks.
GraphLayout lay_out(const std::vector<Size>& boxes, const std::vector<GraphEdge>& edges);

}  // namespace engram::report
