#include "plan/reduce_work.h"

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
  fn = kernels.rows.reduce[static_cast<size_t>(loops.layout)][static_cast<size_t>(kind)][static_cast<size_t>(x.dtype)];
  // Long rows are summed one by one, and may be cut anywhere.
  const bool alone = loops.layout != kernels::ReduceLayout::kColumns && axes.length >= 256;
  const auto per_result = static_cast<size_t>(axes.count);
  results = ResultParts::of(outer.count(), axes.kept, per_result, alone ? 1 : kGrain);
  const double per_element = loops.layout == kernels::ReduceLayout::kStrided ? 0.8 : 0.1;
  cost_ns = 15 + per_element * static_cast<double>(x.size()) + 0.5 * static_cast<double>(y.size());
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
