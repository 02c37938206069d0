// How the rows of a row group's blocks become pieces of the blocks whose columns are added up.
#pragma once
#include <algorithm>

#include "plan/row_steps.h"

namespace gradsmith::plan {

class ColumnPieces {
 public:
  /// Of the sum of columns that makes `value`.
  ColumnPieces(size_t value, const RowLayout& layout)
      : rows_(static_cast<size_t>(layout.program.rows)), column_(layout.columns.of(value)) {}

  /// The chains of a block.
  size_t kept_bytes() const { return 4 * column_.block_bytes(); }

  /// Calls add(rows, piece) for one stretch of the block's rows after the other, each of one kColumnBlock.
  template <class Add>
  void each(const RowBlock& block, size_t kept_at, Add add) const noexcept {
    constexpr size_t kBlock = kernels::kColumnBlock;
    for (size_t row = block.first, end = block.first + block.rows; row < end;) {
      const size_t last = std::min((row / kBlock + 1) * kBlock, rows_), until = std::min(end, last);
      char* const sums = block.sums + column_.sums_at + row / kBlock * column_.block_bytes();
      add(until - row, {block.kept + kept_at, column_.pitch, until == last ? sums : nullptr, row % kBlock == 0});
      row = until;
    }
  }

 private:
  size_t rows_;
  RowColumn column_;
};

}  // namespace gradsmith::plan
