// Turns a group into the steps of the elementwise machine (kernels/elementwise.h): what lives (group_life.h) gets
// slots, ops become steps (group_codes.h), steps get their final slots and labels (group_bind.h).
#pragma once
#include <cstdint>
#include <vector>

#include "plan/group.h"

namespace gradsmith::plan {

/// Slots: the streams first, then those in scratch memory, then the constants.
struct LoweredGroup {
  struct Uniform {
    uint16_t slot;
    size_t operand;  // index in the instruction
    DType from, to;  // `to` is another dtype only where `from` is float64
  };
  struct Constant {
    uint64_t bits;  // of one lane, low bytes first
    size_t bytes;
  };
  struct Spread {
    uint16_t slot;
    size_t bytes;
  };

  int lane_bytes = 4;
  size_t slot_bytes = 0;               // of a slot in scratch memory or of a constant
  std::vector<size_t> stream_operand;  // by stream: index in the instruction
  std::vector<uint8_t> stream_bytes;
  std::vector<uint8_t> stream_written;  // 0 or 1
  size_t scratch_slots = 0;
  std::vector<Constant> constants;
  std::vector<Uniform> uniforms;        // inputs of one element
  std::vector<kernels::Step> prologue;  // on one narrow block, once per run; ends with kEnd; empty if there is nothing
  std::vector<Spread> spread;           // uniform slots that the steps read: lane 0 goes to all lanes of a block
  std::vector<kernels::Step> steps[kernels::kPaces];  // of the loop, by pace
  std::vector<uint16_t> lists;                        // slots of the recipes among the steps
  kernels::RecipeFn* whole = nullptr;                 // the one recipe that is all there is to do
  size_t whole_recipe = 0;                            // which one that is
  double ns_per_element = 0;                          // estimate
};

/// `uniform[i]`: input i is one element for the whole group. `aliases[i]` has bit k set if input i is output k's
/// memory.
LoweredGroup lower_group(const Group& group, const std::vector<uint8_t>& uniform, const std::vector<uint32_t>& aliases,
                         const kernels::ElementwiseKernels& kernels);

}  // namespace gradsmith::plan
