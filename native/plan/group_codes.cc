#include "plan/group_codes.h"

namespace gradsmith::plan {

using kernels::Code;
using kernels::Micro;

Code light_code(Micro op) {
  switch (op) {
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return Code::k##name##M;
    GRADSMITH_LIGHT_UNARY(GRADSMITH_CASE)
#undef GRADSMITH_CASE
#define GRADSMITH_CASE(name) \
  case Micro::k##name:       \
    return Code::k##name##MM;
    GRADSMITH_LIGHT_BINARY(GRADSMITH_CASE)
#undef GRADSMITH_CASE
    case Micro::kSelect:
      return Code::kSelectM;
    default:
      return Code::kCount;
  }
}

Micro effective_micro(const Group& group, size_t reg) {
  const GroupOp& op = group.op_of(reg);
  if (op.op != Micro::kCast) return op.op;
  const DType from = group.registers[static_cast<size_t>(op.args[0])];
  const bool same = from == op.dtype || (from == DType::kUint8 && op.dtype == DType::kInt32);
  return same ? Micro::kCopy : Micro::kCast;
}

bool is_light(const Group& group, size_t reg, int lane_bytes) {
  const Micro micro = effective_micro(group, reg);
  if (light_code(micro) == Code::kCount) return false;
  const DType dtype = group.op_of(reg).dtype;
  const bool moves = micro == Micro::kCopy || micro == Micro::kSelect || dtype == DType::kBool;
  if (moves && !(micro >= Micro::kEqual && micro <= Micro::kGreaterEqual))
    return bytes_of_lane(dtype, lane_bytes) == static_cast<size_t>(lane_bytes);
  return dtype == (lane_bytes == 8 ? DType::kFloat64 : DType::kFloat32);
}

double op_cost(Micro op, DType dtype) {
  const double width = dtype == DType::kFloat64 ? 2 : 1;
  switch (op) {
    case Micro::kExp:
    case Micro::kLog:
    case Micro::kSigmoid:
    case Micro::kTanh:
    case Micro::kErf:
    case Micro::kSin:
    case Micro::kCos:
    case Micro::kGelu:
    case Micro::kGeluSlope:
      return 0.3 * width;
    case Micro::kDiv:
    case Micro::kSqrt:
    case Micro::kReciprocal:
      return (is_float(dtype) ? 0.1 : 1.0) * width;
    default:
      return 0.03 * width;
  }
}

}  // namespace gradsmith::plan
