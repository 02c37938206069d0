// What all ways share in which a row group runs an elementwise group.
#pragma once
#include <memory>
#include <vector>

#include "plan/group_program.h"
#include "plan/row_steps.h"

namespace gradsmith::plan {

/// Shorter rows are worked on together, as one stretch.
inline constexpr int64_t kShortRow = 64;

class GroupStep : public PreparedRowStep {
 public:
  /// Is the group one recipe (kernels/elementwise_recipes.h) with nothing to compute before it?
  bool is_recipe() const { return program_->lowered().whole != nullptr && program_->lowered().prologue.empty(); }

 protected:
  /// `uniform`: by input. `run`: elements of the longest stretch.
  GroupStep(const RowStep& step, const RowLayout& layout, const std::vector<uint8_t>& uniform, int64_t run);

  /// The addresses as the program's uniforms look them up.
  static void* const* bases(const RowBlock& block) { return reinterpret_cast<void* const*>(block.at); }
  size_t value_of(size_t operand) const { return values_[operand]; }

  size_t columns_;
  size_t outputs_;
  const kernels::ElementwiseKernels& kernels_;
  std::unique_ptr<GroupProgram> program_;
  // By operand of the group, outputs first.
  std::vector<size_t> values_;
  std::vector<ptrdiff_t> pitch_;
  std::vector<size_t> bytes_;
};

/// All rows of a block as one stretch.
std::unique_ptr<PreparedRowStep> prepare_flat(const RowStep& step, const RowLayout& layout);
/// Row by row.
std::unique_ptr<PreparedRowStep> prepare_rowwise(const RowStep& step, const RowLayout& layout);
/// As one call of a recipe for a whole block; null where the group is not one.
std::unique_ptr<PreparedRowStep> prepare_row_recipe(const RowStep& step, const RowLayout& layout);

/// By input: is it one number for the length of a stretch, which is a row if `by_row`, else a block?
std::vector<uint8_t> uniform_inputs(const RowStep& step, const RowLayout& layout, bool by_row);

}  // namespace gradsmith::plan
