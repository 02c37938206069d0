// Sums of columns in a row group. What is added up is what `reduce` adds up of the same columns, in its order: blocks
// of kColumnBlock rows in the element's precision, then the blocks. Parts leave the sums of their blocks in the plan's
// workspace; a last phase adds these, so that no cut changes a bit.
#pragma once
#include <vector>

#include "plan/instruction.h"
#include "plan/row_program.h"

namespace gradsmith::plan {

/// One sum of columns on its way through the blocks.
struct RowColumn {
  size_t value;
  size_t item;     // bytes of an element
  size_t pitch;    // elements from one block's sums to the next
  size_t sums_at;  // bytes from the workspace's start
  bool mean;

  size_t block_bytes() const { return pitch * item; }
};

class RowColumns {
 public:
  RowColumns(const RowProgram& program, const kernels::RowKernels& kernels);

  bool empty() const { return list_.empty(); }
  /// In the order of their steps.
  const std::vector<RowColumn>& list() const { return list_; }
  const RowColumn& of(size_t value) const;

  size_t workspace_bytes() const { return workspace_bytes_; }
  /// Parts of the last phase.
  size_t parts() const { return (width_ + chunk_ - 1) / chunk_; }
  /// Adds up the blocks' sums in `workspace`; `y`: where each of the list goes.
  void finish(const char* workspace, void* const* y, size_t part) const noexcept;

  /// Rows of a row group's block, where it would have `rows` without sums of columns: each piece of a kColumnBlock is
  /// one that the kernels take.
  static size_t block_rows(size_t rows);

 private:
  const kernels::RowKernels& kernels_;
  std::vector<RowColumn> list_;
  size_t blocks_, width_;
  double rows_;  // divides a mean
  size_t chunk_ = 1;
  size_t workspace_bytes_ = 0;
};

}  // namespace gradsmith::plan
