// `w - rate·P` written over w, as a group over a product P: the product can add to w by itself, in the store of its
// tiles.
#pragma once
#include <cstddef>
#include <optional>

#include "plan/group.h"

namespace gradsmith::plan {

struct MatmulUpdate {
  size_t rate;  // the operand with the rate: one of the plan's scalars
};

/// `elementwise` is the group as an instruction, whose first input is the product. Nothing where the group does
/// something else; the bits are the same either way.
std::optional<MatmulUpdate> find_update(const Instruction& elementwise, const Group& group);

}  // namespace gradsmith::plan
