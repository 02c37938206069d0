// Finds the recipes (kernels/elementwise_recipes.h) in a group.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "kernels/elementwise_recipes.h"
#include "plan/group.h"

namespace gradsmith::plan {

/// One step of a group's loop: an op, or the ops of a recipe together.
struct GroupNode {
  static constexpr size_t kOp = SIZE_MAX;
  size_t recipe = kOp;
  std::vector<size_t> reads;   // registers, each once; a recipe's streams, then its numbers, as the recipe orders them
  std::vector<size_t> writes;  // an op's register; a recipe's outputs
  std::vector<size_t> ops;     // registers computed here, in order
};

/// The steps for `order`, the ops of the loop by their registers. `uniform`: by register. `single`: the loop's operands
/// need no steps of their own, so one recipe may be all that it does.
std::vector<GroupNode> group_nodes(const Group& group, const std::vector<uint8_t>& uniform,
                                   const std::vector<size_t>& order, int lane_bytes, bool single);

}  // namespace gradsmith::plan
