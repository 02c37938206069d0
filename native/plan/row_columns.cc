#include "plan/row_columns.h"

#include <algorithm>
#include <bit>

#include "base/memory_pool.h"
#include "base/round_up.h"
#include "plan/rows_checks.h"

namespace gradsmith::plan {
namespace {

/// Of the elements of chains and sums, so that the last vector of a row may reach over the last column.
constexpr size_t kGrain = 16;
/// Sums of blocks that a part of the last phase adds.
constexpr size_t kPartSums = 16384;

}  // namespace

RowColumns::RowColumns(const RowProgram& program, const kernels::RowKernels& kernels)
    : kernels_(kernels),
      blocks_(round_up(static_cast<size_t>(program.rows), kernels::kColumnBlock) / kernels::kColumnBlock),
      width_(static_cast<size_t>(program.columns)),
      rows_(static_cast<double>(program.rows)) {
  for (const RowStep& step : program.steps) {
    if (step.kind != RowStep::kColumns) continue;
    const size_t value = step.writes[0];
    list_.push_back({value, size_of(program.values[value].dtype), round_up(width_, kGrain), workspace_bytes_,
                     step.choice == static_cast<int32_t>(kernels::ReduceKind::kMean)});
    workspace_bytes_ += round_up(blocks_ * list_.back().block_bytes(), kAlignment);
  }
  chunk_ = round_up(rows_for(kPartSums, blocks_ * list_.size()), kernels::kColumnBlock);
}

const RowColumn& RowColumns::of(size_t value) const {
  return *std::find_if(list_.begin(), list_.end(), [&](const RowColumn& c) { return c.value == value; });
}

void RowColumns::finish(const char* workspace, void* const* y, size_t part) const noexcept {
  const size_t first = part * chunk_, last = std::min(first + chunk_, width_);
  for (const RowColumn& c : list_) {
    kernels_.column_total[c.item == sizeof(double) ? 1 : 0](workspace + c.sums_at, c.pitch, blocks_, *y++, first, last,
                                                            c.mean ? &rows_ : nullptr);
  }
}

size_t RowColumns::block_rows(size_t rows) {
  constexpr size_t kLeast = 4;
  if (rows >= kernels::kColumnBlock) return rows / kernels::kColumnBlock * kernels::kColumnBlock;
  return std::max(kLeast, std::bit_floor(rows));
}

}  // namespace gradsmith::plan
