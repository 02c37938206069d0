// How the elementwise machine (kernels/elementwise.h) runs one op of a group.
#pragma once
#include "plan/group.h"

namespace gradsmith::plan {

/// The light form of an op whose operands stand in slots; kCount where the op has none.
kernels::Code light_code(kernels::Micro op);

/// Distance from one code of an op's family to another: A, AStore, M, MStore; AM, AMStore, MA, MAStore, MM, MMStore.
inline kernels::Code offset(kernels::Code code, int by) {
  return static_cast<kernels::Code>(static_cast<int>(code) + by);
}

/// What the op that defines the register comes to: a cast that changes no lane is a copy.
kernels::Micro effective_micro(const Group& group, size_t reg);

/// Does it work on whole vectors of lanes, without a function of its own? Then it can take an operand from the
/// accumulator.
bool is_light(const Group& group, size_t reg, int lane_bytes);

/// Bytes of a lane of this dtype.
inline size_t bytes_of_lane(DType dtype, int lane_bytes) {
  return dtype == DType::kFloat64 ? 8 : static_cast<size_t>(lane_bytes);
}

/// Nanoseconds an element, about.
double op_cost(kernels::Micro op, DType dtype);

}  // namespace gradsmith::plan
