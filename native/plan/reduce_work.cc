#include "plan/reduce_work.h"

#include <algorithm>

namespace gradsmith::plan {
namespace {

/// Elements of x a part should read: 5 µs of work in cache, 20 from memory.
constexpr size_t kPartElements = 131072;

}  // namespace

ResultParts ResultParts::of(size_t outer, size_t inner, size_t per_result, size_t grain) {
  ResultParts parts;
  parts.inner = Chunks::of(inner, rows_for(kPartElements, per_result), grain);
  const size_t unit_elements = (inner < parts.inner.chunk ? inner : parts.inner.chunk) * per_result;
  parts.units = Chunks::of(inner == 0 ? 0 : outer * parts.inner.parts(), rows_for(kPartElements, unit_elements), 1);
  return parts;
}

ReduceWork::ReduceWork(const Operand& y, const Operand& x, int32_t kind, const kernels::KernelTable& kernels)
    : item(static_cast<int64_t>(size_of(x.dtype))) {
  const ReduceLoops loops = reduce_loops(y, x);
  axes = loops.axes;
  outer = loops.outer;
  const auto kernel = [&](kernels::ReduceLayout layout, int32_t of) {
    return kernels.rows.reduce[static_cast<size_t>(layout)][static_cast<size_t>(of)][static_cast<size_t>(x.dtype)];
  };
  fn = kernel(loops.layout, kind);
  // Long rows are summed one by one, and may be cut anywhere.
  const bool alone = loops.layout != kernels::ReduceLayout::kColumns && axes.length >= 256;
  const auto per_result = static_cast<size_t>(axes.count);
  results = ResultParts::of(outer.count(), axes.kept, per_result, alone ? 1 : kGrain);
  const bool by_blocks = loops.layout == kernels::ReduceLayout::kColumns ||
                         (loops.layout == kernels::ReduceLayout::kRows && axes.kept == 1);
  if (by_blocks && results.units.parts() == 1 && outer.rank == 0 && axes.outer_rank == 0) {
    const bool columns = loops.layout == kernels::ReduceLayout::kColumns;
    block_ = columns ? kernels::kColumnBlock : kernels.rows.row_block[static_cast<size_t>(x.dtype)];
    const Chunks cut = Chunks::of((axes.length + block_ - 1) / block_, rows_for(kPartElements, block_ * axes.kept), 1);
    if (cut.parts() > 1) blocks = cut;  // else all in one call
    // A mean is divided when its blocks' sums are joined.
    const bool mean = kind == static_cast<int32_t>(kernels::ReduceKind::kMean);
    block_fn_ = kernel(loops.layout, mean ? static_cast<int32_t>(kernels::ReduceKind::kSum) : kind);
    join_fn_ = kernel(kernels::ReduceLayout::kStrided, kind);
  }
  const double per_element = loops.layout == kernels::ReduceLayout::kStrided ? 0.8 : 0.1;
  cost_ns = 15 + per_element * static_cast<double>(x.size()) + 0.5 * static_cast<double>(y.size());
}

void ReduceWork::divide(Prepared& instruction) const {
  instruction.parts = in_blocks() ? blocks.parts() : results.units.parts();
  instruction.finish_parts = in_blocks() ? 1 : 0;
  instruction.workspace_bytes = blocks.count * axes.kept * static_cast<size_t>(item);
}

void ReduceWork::reduce_blocks(const char* x, char* workspace, size_t part) const {
  kernels::ReduceAxes block = axes;
  block.result_stride = 1;
  for (size_t b = blocks.first(part); b < blocks.last(part); b++) {
    block.length = std::min(block_, axes.length - b * block_);
    const char* const from = x + static_cast<ptrdiff_t>(b * block_) * axes.stride * item;
    block_fn_(from, workspace + b * axes.kept * static_cast<size_t>(item), block, 0, axes.kept);
  }
}

void ReduceWork::join_blocks(const char* workspace, char* y) const {
  kernels::ReduceAxes join = axes;  // of a mean, `count` stays what its sum is divided by
  join.kept_stride = 1;
  join.length = blocks.count;
  join.stride = static_cast<ptrdiff_t>(axes.kept);
  join_fn_(workspace, y, join, 0, axes.kept);
}

void check_reduction(const Checks& checks, const Operand& y, const Operand& x) {
  const int32_t kind = checks.choice(0, "kind", kernels::kReduceKindCount);
  checks.require(x.dtype != DType::kBool, "x is bool; cast it first");
  if (kind == static_cast<int32_t>(kernels::ReduceKind::kMean)) checks.floating(x, "x of a mean");
  checks.rank(y, "y", x.rank);
  for (size_t i = 0; i < static_cast<size_t>(x.rank); i++)
    checks.require(y.dims[i] == x.dims[i] || y.dims[i] == 1,
                   "y " + shape_text(y) + " is not x " + shape_text(x) + " with 1 in some dimensions");
}

}  // namespace gradsmith::plan
