// Turns a reduction over any axes of any strided view into the fewest loops.
#pragma once
#include "kernels/rows.h"
#include "plan/instruction.h"

namespace gradsmith::plan {

/// Kept axes outside the one that the kernel walks; strides in elements. Index 0 is the outermost.
struct OuterAxes {
  int32_t rank = 0;
  std::array<int64_t, kMaxRank> dims{};
  std::array<int64_t, kMaxRank> x_strides{};
  std::array<int64_t, kMaxRank> y_strides{};

  size_t count() const;
  void push(int64_t dim, int64_t x_stride, int64_t y_stride);
  /// Offsets of position `index` in row-major order, in elements.
  void offsets(size_t index, int64_t& x, int64_t& y) const;
};

struct ReduceLoops {
  kernels::ReduceLayout layout;
  kernels::ReduceAxes axes;
  OuterAxes outer;
};

/// y has 1 in every reduced axis of x. Axes of 1 vanish; axes that follow each other in memory merge. Reduced axes, and
/// kept axes, may change their order among themselves, which decides the order of a sum: by x's strides, largest
/// outermost.
ReduceLoops reduce_loops(const Operand& y, const Operand& x);

}  // namespace gradsmith::plan
