// What the instructions that reduce share: the loops of a reduction, and how its results are cut into parts.
#pragma once
#include "plan/reduce_axes.h"
#include "plan/rows_checks.h"

namespace gradsmith::plan {

/// A run over results: outer positions, each with `inner` cut into chunks; a unit is one chunk of one outer position.
struct ResultParts {
  Chunks inner;
  Chunks units;

  static ResultParts of(size_t outer, size_t inner, size_t per_result, size_t grain);
  /// Calls f(x offset, y offset, first, last) for each unit of `part`.
  template <class F>
  void each(size_t part, const OuterAxes& outer, F f) const {
    for (size_t unit = units.first(part); unit < units.last(part); unit++) {
      const size_t chunk = unit % inner.parts();
      int64_t x = 0, y = 0;
      if (outer.rank > 0) outer.offsets(unit / inner.parts(), x, y);
      f(x, y, inner.first(chunk), inner.last(chunk));
    }
  }
};

struct ReduceWork {
  /// Results that are cut here are those of one call: a whole number of every level's vectors and row batches.
  static constexpr size_t kGrain = 64;

  ReduceWork(const Operand& y, const Operand& x, int32_t kind, const kernels::KernelTable& kernels);

  /// Where few results are made of very many elements, what is reduced is cut, too (if it is one axis, after merging):
  /// parts reduce the blocks that make up a result in any case, and leave each block's results in the workspace, where
  /// a second phase joins them in order. So the bits are those of one part that does it all.
  bool in_blocks() const { return blocks.parts() > 1; }
  /// The parts and the workspace of the instruction whose work this is.
  void divide(Prepared& instruction) const;
  /// A part of the first phase.
  void reduce_blocks(const char* x, char* workspace, size_t part) const;
  /// y: where the first result goes.
  void join_blocks(const char* workspace, char* y) const;

  kernels::ReduceFn fn;
  int64_t item;  // bytes of an element
  kernels::ReduceAxes axes;
  OuterAxes outer;
  ResultParts results;
  Chunks blocks;  // none where parts are results
  double cost_ns;

 private:
  size_t block_ = 1;  // of the reduced axis
  kernels::ReduceFn block_fn_ = nullptr, join_fn_ = nullptr;
};

/// Throws PlanError unless the first attribute is a kind that fits x, and y has the shape of its results.
void check_reduction(const Checks& checks, const Operand& y, const Operand& x);

// The `reduce` instruction with a group over its results (reduce_group.cc).
void verify_reduce_group(const Instruction& instruction);
std::unique_ptr<Prepared> prepare_reduce_group(const Instruction& instruction, const PrepareContext& context);

}  // namespace gradsmith::plan
