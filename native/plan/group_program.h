// A group ready for the elementwise machine, whatever walks over its elements: the steps, and what stands still while
// they run.
#pragma once
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <vector>

#include "plan/group_lower.h"

namespace gradsmith::plan {

/// Immutable after construction; any thread.
class GroupProgram {
 public:
  /// `uniform[i]`: input i is one element. `refs`: where the instruction's operands are, outputs first. `size`:
  /// elements of the longest run, for which wide blocks are prepared.
  GroupProgram(const Group& group, const std::vector<uint8_t>& uniform, std::span<const Ref> refs, int64_t size,
               const kernels::ElementwiseKernels& kernels);
  GroupProgram(const GroupProgram&) = delete;
  GroupProgram& operator=(const GroupProgram&) = delete;

  const LoweredGroup& lowered() const { return lowered_; }
  /// A block of the constant's lanes.
  char* constant(size_t index) const { return constants_.get() + index * lowered_.slot_bytes; }
  /// Of scratch memory that `enter` is given; a multiple of 64.
  size_t scratch_bytes() const { return lowered_.scratch_slots * lowered_.slot_bytes; }

  /// Fills the slots that do not move and computes what is uniform, once per part; `slots` has kMaxGroupSlots, of which
  /// the streams' are left alone.
  void enter(void* const* bases, char* scratch, char** slots) const noexcept;
  /// Runs over n elements, from where the streams' slots point to; they are moved.
  void run(char** slots, size_t n) const noexcept { kernels_.run(program_, slots, n); }

 private:
  struct FreeAligned {
    void operator()(char* p) const { ::operator delete[](p, std::align_val_t{64}); }
  };
  void spread_constants(size_t elements);

  const kernels::ElementwiseKernels& kernels_;
  LoweredGroup lowered_;
  std::vector<Ref> uniforms_;  // in the order of lowered_.uniforms
  std::unique_ptr<char[], FreeAligned> constants_;
  bool written_[kernels::kMaxGroupInputs + kernels::kMaxGroupOutputs] = {};
  size_t narrow_ = 1, spread_ = 1;  // elements of a uniform slot that are filled before and after the prologue
  kernels::Program program_{}, prologue_{};
};

}  // namespace gradsmith::plan
