// Sums of columns of rows that lie in memory.
#include "plan/row_column_pieces.h"

namespace gradsmith::plan {
namespace {

class MemoryColumns final : public PreparedRowStep {
 public:
  MemoryColumns(const RowStep& step, const RowLayout& layout)
      : x_(step.reads[0]),
        columns_(static_cast<size_t>(layout.program.columns)),
        step_(layout.places[x_].pitch),
        pieces_(step.writes[0], layout) {
    fn_ = layout.kernels.rows.column_sum[layout.program.values[x_].dtype == DType::kFloat64 ? 1 : 0];
    kept_bytes = pieces_.kept_bytes();
    ns_per_row = 0.1 * static_cast<double>(columns_);
  }

  void run(const RowBlock& block) const noexcept override {
    const char* x = block.at[x_];
    pieces_.each(block, kept_at, [&](size_t rows, const kernels::ColumnPiece& piece) {
      fn_(x, step_, columns_, rows, piece);
      x += static_cast<ptrdiff_t>(rows) * step_;
    });
  }

 private:
  size_t x_, columns_;
  ptrdiff_t step_;
  ColumnPieces pieces_;
  kernels::ColumnSumFn fn_;
};

}  // namespace

std::unique_ptr<PreparedRowStep> prepare_columns(const RowStep& step, const RowLayout& layout) {
  return std::make_unique<MemoryColumns>(step, layout);
}

}  // namespace gradsmith::plan
