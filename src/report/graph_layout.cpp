// SPDX-License-Identifier: Apache-2.0
#include "report/graph_layout.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace engram::report {

namespace {

constexpr double kGraphMargin = 12;
constexpr double kColumnGap = 28;  // between boxes of a rank
constexpr double kRankGap = 44;    // for lines and their heads
constexpr double kPassing = 6;     // the width that a line takes where it passes a rank
constexpr int kSweeps = 12;        // orders and places settle in fewer

/// A box, or a point where a line passes a rank.
struct Item {
  Size size{kPassing, 0};
  int rank = 0;
  double center = 0;
  std::vector<int> above = {}, below = {};
};

class Layout {
 public:
  Layout(const std::vector<Size>& boxes, const std::vector<GraphEdge>& edges)
      : box_count_(boxes.size()) {
    for (const Size& size : boxes) {
      items_.push_back({.size = size});
    }
    set_ranks(edges);
    for (const GraphEdge& edge : edges) {
      passes_.push_back(edge.from < edge.to ? pass(edge) : std::vector<int>{});
    }
    fill_ranks();
    order();
    place();
  }

  GraphLayout result(const std::vector<GraphEdge>& edges) const {
    GraphLayout layout;
    layout.size = {right() + kGraphMargin, bottom(ranks_.size() - 1) + kGraphMargin};
    for (std::size_t i = 0; i < box_count_; ++i) {
      const Item& item = items_[i];
      layout.boxes.push_back({item.center - item.size.width / 2,
                              top(static_cast<std::size_t>(item.rank)),
                              item.size.width,
                              item.size.height});
    }
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const Box& from = layout.boxes[static_cast<std::size_t>(edges[i].from)];
      const Box& to = layout.boxes[static_cast<std::size_t>(edges[i].to)];
      layout.lines.push_back(edges[i].from < edges[i].to ? line(from, to, passes_[i])
                                                         : line_back(from, to));
      for (const Point& point : layout.lines.back()) {
        layout.size.width = std::max(layout.size.width, point.x + kGraphMargin);
      }
    }
    return layout;
  }

 private:
  Item& item(int i) { return items_[static_cast<std::size_t>(i)]; }

  const Item& item(int i) const { return items_[static_cast<std::size_t>(i)]; }

  /// The longest way from a box without forerunners; such a box itself stands right above those
  /// that need it.
  void set_ranks(const std::vector<GraphEdge>& edges) {
    std::vector<GraphEdge> sorted = edges;
    std::ranges::stable_sort(sorted, {}, &GraphEdge::from);
    for (const GraphEdge& edge : sorted) {
      if (edge.from < edge.to) {
        item(edge.to).rank = std::max(item(edge.to).rank, item(edge.from).rank + 1);
      }
    }
    for (std::size_t i = 0; i < box_count_; ++i) {
      int least = -1;
      for (const GraphEdge& edge : edges) {
        const bool is_start = edge.from == static_cast<int>(i) && edge.from < edge.to;
        if (edge.to == static_cast<int>(i) && edge.from < edge.to) {
          least = -2;  // it has a forerunner
        } else if (is_start && least != -2) {
          least = least < 0 ? item(edge.to).rank : std::min(least, item(edge.to).rank);
        }
      }
      items_[i].rank = least > 0 ? least - 1 : items_[i].rank;
    }
  }

  /// Joins two boxes through the ranks between them.
  std::vector<int> pass(const GraphEdge& edge) {
    std::vector<int> passed;
    int last = edge.from;
    for (int rank = item(edge.from).rank + 1; rank < item(edge.to).rank; ++rank) {
      passed.push_back(static_cast<int>(items_.size()));
      items_.push_back({.rank = rank});
      join(last, passed.back());
      last = passed.back();
    }
    join(last, edge.to);
    return passed;
  }

  void join(int upper, int lower) {
    item(upper).below.push_back(lower);
    item(lower).above.push_back(upper);
  }

  void fill_ranks() {
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const auto rank = static_cast<std::size_t>(items_[i].rank);
      ranks_.resize(std::max(ranks_.size(), rank + 1));
      heights_.resize(ranks_.size());
      heights_[rank] = std::max(heights_[rank], items_[i].size.height);
      ranks_[rank].push_back(static_cast<int>(i));
    }
  }

  double mean_center(const std::vector<int>& neighbours, double otherwise) const {
    double sum = 0;
    for (const int i : neighbours) {
      sum += item(i).center;
    }
    return neighbours.empty() ? otherwise : sum / static_cast<double>(neighbours.size());
  }

  /// Orders each rank by the mean places of its neighbours, downwards and upwards in turn.
  void order() {
    const auto spread = [&](const std::vector<int>& rank) {
      for (std::size_t i = 0; i < rank.size(); ++i) {
        item(rank[i]).center = (static_cast<double>(i) + 0.5) / static_cast<double>(rank.size());
      }
    };
    std::ranges::for_each(ranks_, spread);
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      const bool is_down = sweep % 2 == 0;
      for (std::size_t i = 0; i < ranks_.size(); ++i) {
        std::vector<int>& rank = ranks_[is_down ? i : ranks_.size() - 1 - i];
        std::ranges::stable_sort(rank, {}, [&](int at) {
          const Item& it = item(at);
          return mean_center(is_down ? it.above : it.below, it.center);
        });
        spread(rank);
      }
    }
  }

  double distance(int left, int right) const {
    return (item(left).size.width + item(right).size.width) / 2 + kColumnGap;
  }

  /// Moves the items of a rank towards `wanted`, in their order, with gaps between them: the mean
  /// of what pushing from the left and from the right gives.
  void settle(const std::vector<int>& rank, const std::vector<double>& wanted) {
    std::vector<double> from_left = wanted, from_right = wanted;
    for (std::size_t i = 1; i < rank.size(); ++i) {
      from_left[i] = std::max(wanted[i], from_left[i - 1] + distance(rank[i - 1], rank[i]));
    }
    for (std::size_t i = rank.size() - 1; i-- > 0;) {
      from_right[i] = std::min(wanted[i], from_right[i + 1] - distance(rank[i], rank[i + 1]));
    }
    for (std::size_t i = 0; i < rank.size(); ++i) {
      item(rank[i]).center = (from_left[i] + from_right[i]) / 2;
    }
  }

  void place() {
    for (const std::vector<int>& rank : ranks_) {
      settle(rank, std::vector<double>(rank.size(), 0));
    }
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      const bool is_down = sweep % 2 == 0;
      for (std::size_t i = 0; i < ranks_.size(); ++i) {
        const std::vector<int>& rank = ranks_[is_down ? i : ranks_.size() - 1 - i];
        std::vector<double> wanted;
        for (const int at : rank) {
          const Item& it = item(at);
          wanted.push_back(mean_center(is_down ? it.above : it.below, it.center));
        }
        settle(rank, wanted);
      }
    }
    double left = std::numeric_limits<double>::infinity();
    for (const Item& it : items_) {
      left = std::min(left, it.center - it.size.width / 2);
    }
    for (Item& it : items_) {
      it.center += kGraphMargin - left;
    }
  }

  double right() const {
    double right = 0;
    for (const Item& it : items_) {
      right = std::max(right, it.center + it.size.width / 2);
    }
    return right;
  }

  double top(std::size_t rank) const {
    const auto gaps = static_cast<double>(rank) * kRankGap;
    const auto end = heights_.begin() + static_cast<std::ptrdiff_t>(rank);
    return kGraphMargin + gaps + std::accumulate(heights_.begin(), end, 0.0);
  }

  double bottom(std::size_t rank) const { return top(rank) + heights_[rank]; }

  /// Around the right sides.
  static std::vector<Point> line_back(const Box& from, const Box& to) {
    const double side = std::max(from.right(), to.right()) + kColumnGap / 2;
    const double leave = from.top + 0.75 * from.height, enter = to.top + 0.25 * to.height;
    return {{from.right(), leave}, {side, leave}, {side, enter}, {to.right(), enter}};
  }

  std::vector<Point> line(const Box& from, const Box& to, const std::vector<int>& passed) const {
    std::vector<Point> points = {{from.left + from.width / 2, from.bottom()}};
    for (const int i : passed) {
      const auto rank = static_cast<std::size_t>(item(i).rank);
      points.push_back({item(i).center, top(rank)});
      points.push_back({item(i).center, bottom(rank)});
    }
    points.push_back({to.left + to.width / 2, to.top});
    return points;
  }

  std::size_t box_count_;
  std::vector<Item> items_;  // the boxes, then the points
  std::vector<std::vector<int>> passes_, ranks_;
  std::vector<double> heights_;  // of the ranks
};

}  // namespace

GraphLayout lay_out(const std::vector<Size>& boxes, const std::vector<GraphEdge>& edges) {
  return boxes.empty() ? GraphLayout{} : Layout(boxes, edges).result(edges);
}

}  // namespace engram::report
