// Steps of the elementwise machine, before and after they know their slots and labels.
#pragma once
#include "plan/group_lower.h"
#include "plan/group_match.h"

namespace gradsmith::plan {

/// A step while slots are being given out.
struct Emit {
  kernels::Code code;
  kernels::BlockFn* fn;
  uint16_t d, a, b, c;
  size_t recipe = GroupNode::kOp;
};

/// Constants' slots are numbered from here until the number of scratch slots is known.
inline constexpr uint16_t kConstantBase = 1024;

/// Fills in what is known last of `out`: the slots in its lists, the prologue, the steps by pace, and whether the loop
/// is one recipe.
void bind_steps(LoweredGroup& out, const std::vector<Emit>& prologue, const std::vector<Emit>& steps,
                const kernels::ElementwiseKernels& kernels);

}  // namespace gradsmith::plan
