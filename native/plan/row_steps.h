// The steps of a row group, ready to run on a block of rows.
#pragma once
#include <memory>
#include <span>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/row_columns.h"
#include "plan/row_program.h"

namespace gradsmith::plan {

/// Where a value lies: its pitch is the same in every block.
struct RowPlace {
  ptrdiff_t pitch;  // bytes from row to row; 0: one row, or one number, for all
  size_t same_as;   // the value whose memory it is: itself, or the input that an output overwrites
};

/// A block of rows on its way through the steps.
struct RowBlock {
  size_t rows;
  size_t first;   // row of the space
  char** at;      // by value: where the block's first row starts
  char* scratch;  // of the running step
  char* kept;     // what steps keep from block to block
  char* sums;     // of columns: the plan's workspace
};

class PreparedRowStep {
 public:
  virtual ~PreparedRowStep() = default;
  /// Once per part, before the first block; `block.rows` are the most that will come.
  virtual void begin(const RowBlock&) const noexcept {}
  virtual void run(const RowBlock& block) const noexcept = 0;

  size_t scratch_bytes = 0;
  size_t kept_bytes = 0;  // from kept_at on
  size_t kept_at = 0;
  double ns_per_row = 0;  // estimate
};

struct RowLayout {
  const RowProgram& program;
  const std::vector<RowPlace>& places;  // by value
  size_t most_rows;                     // of a block
  const RowColumns& columns;
  const kernels::KernelTable& kernels;
};

std::unique_ptr<PreparedRowStep> prepare_row_step(const RowStep& step, const RowLayout& layout);
/// The sums or means of columns of rows that lie in memory.
std::unique_ptr<PreparedRowStep> prepare_columns(const RowStep& step, const RowLayout& layout);
/// The step and the sums of rows after it, one for each value that it makes and that nobody else reads, as one; or the
/// step and the sum of columns of the one value that it makes. Null where there is no kernel for that. Of the layout,
/// the rows of a block do not matter.
std::unique_ptr<PreparedRowStep> prepare_row_sums(const RowStep& step, std::span<const RowStep> reductions,
                                                  const RowLayout& layout);

}  // namespace gradsmith::plan
