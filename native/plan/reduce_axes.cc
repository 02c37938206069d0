#include "plan/reduce_axes.h"

#include <algorithm>
#include <cstdlib>

namespace gradsmith::plan {
namespace {

struct Axis {
  int64_t dim;
  int64_t x_stride;
  int64_t y_stride;
};
using Axes = std::vector<Axis>;

/// Orders by x's strides and merges neighbours. An axis with x stride 1 comes last, so that the kernel gets it.
void collapse(Axes& axes) {
  auto rank_of = [](const Axis& a) { return a.x_stride == 0 ? INT64_MAX : std::abs(a.x_stride); };
  std::stable_sort(axes.begin(), axes.end(), [&](const Axis& a, const Axis& b) { return rank_of(a) > rank_of(b); });
  Axes merged;
  for (const Axis& axis : axes) {
    const bool follows = !merged.empty() && merged.back().x_stride == axis.x_stride * axis.dim &&
                         merged.back().y_stride == axis.y_stride * axis.dim;
    if (follows)
      merged.back() = {merged.back().dim * axis.dim, axis.x_stride, axis.y_stride};
    else
      merged.push_back(axis);
  }
  axes = std::move(merged);
}

kernels::ReduceLayout layout_of(const kernels::ReduceAxes& axes) {
  if (axes.stride == 1 && axes.length > 1) return kernels::ReduceLayout::kRows;
  if (axes.kept_stride == 1) return kernels::ReduceLayout::kColumns;
  return axes.stride == 1 ? kernels::ReduceLayout::kRows : kernels::ReduceLayout::kStrided;
}

}  // namespace

size_t OuterAxes::count() const {
  int64_t product = 1;
  for (int32_t i = 0; i < rank; i++) product *= dims[static_cast<size_t>(i)];
  return static_cast<size_t>(product);
}

void OuterAxes::push(int64_t dim, int64_t x_stride, int64_t y_stride) {
  const auto i = static_cast<size_t>(rank++);
  dims[i] = dim;
  x_strides[i] = x_stride;
  y_strides[i] = y_stride;
}

void OuterAxes::offsets(size_t index, int64_t& x, int64_t& y) const {
  x = 0;
  y = 0;
  auto left = static_cast<int64_t>(index);
  for (auto i = static_cast<size_t>(rank); i-- > 0;) {
    x += left % dims[i] * x_strides[i];
    y += left % dims[i] * y_strides[i];
    left /= dims[i];
  }
}

ReduceLoops reduce_loops(const Operand& y, const Operand& x) {
  Axes kept, reduced;
  double count = 1;
  for (size_t i = 0; i < static_cast<size_t>(x.rank); i++) {
    const bool is_reduced = y.dims[i] == 1 && x.dims[i] != 1;
    if (is_reduced) count *= static_cast<double>(x.dims[i]);
    if (x.dims[i] != 1)
      (is_reduced ? reduced : kept).push_back({x.dims[i], x.strides[i], is_reduced ? 0 : y.strides[i]});
  }
  collapse(kept);
  // Nothing to add up: one empty axis, since kernels expect no empty outer ones.
  if (count == 0) reduced = {{0, 1, 0}};
  collapse(reduced);

  ReduceLoops loops{};
  kernels::ReduceAxes& axes = loops.axes;
  axes.count = count;
  const Axis inner_kept = kept.empty() ? Axis{1, 0, 1} : kept.back();
  const Axis inner_reduced = reduced.empty() ? Axis{1, 1, 0} : reduced.back();
  axes.kept = static_cast<size_t>(inner_kept.dim);
  axes.kept_stride = inner_kept.x_stride;
  axes.result_stride = inner_kept.y_stride;
  axes.length = static_cast<size_t>(inner_reduced.dim);
  axes.stride = inner_reduced.x_stride;
  for (size_t i = 0; i + 1 < reduced.size(); i++) {
    axes.outer_dims[axes.outer_rank] = static_cast<size_t>(reduced[i].dim);
    axes.outer_strides[axes.outer_rank++] = reduced[i].x_stride;
  }
  for (size_t i = 0; i + 1 < kept.size(); i++) loops.outer.push(kept[i].dim, kept[i].x_stride, kept[i].y_stride);
  loops.layout = layout_of(axes);
  return loops;
}

}  // namespace gradsmith::plan
