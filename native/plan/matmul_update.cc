#include "plan/matmul_update.h"

#include "plan/operand.h"

namespace gradsmith::plan {

using kernels::Micro;

std::optional<MatmulUpdate> find_update(const Instruction& elementwise, const Group& group) {
  // Inputs: the product, w and the rate in either order. Ops: the rate as a float32, P·rate, w - that.
  if (group.outputs.size() != 1 || group.inputs != 3) return std::nullopt;
  const bool cast = group.registers[0] == DType::kFloat32;
  const size_t ops = cast ? 3 : 2;
  if (group.ops.size() != ops || group.outputs[0] != static_cast<int32_t>(group.registers.size()) - 1)
    return std::nullopt;
  const GroupOp &mul = group.ops[ops - 2], &sub = group.ops[ops - 1];
  if (mul.op != Micro::kMul || sub.op != Micro::kSub) return std::nullopt;
  const auto product_register = static_cast<int32_t>(group.registers.size()) - 2;
  const int32_t w = sub.args[0];
  if (sub.args[1] != product_register || (w != 1 && w != 2)) return std::nullopt;
  const int32_t rate = 3 - w, factor = cast ? 3 : rate;
  if (cast && (group.ops[0].op != Micro::kCast || group.ops[0].args[0] != rate)) return std::nullopt;
  const bool scaled = (mul.args[0] == 0 && mul.args[1] == factor) || (mul.args[0] == factor && mul.args[1] == 0);
  if (!scaled) return std::nullopt;
  const Operand &out = elementwise.operands[0], &weight = elementwise.operands[1 + static_cast<size_t>(w)];
  const size_t at = 1 + static_cast<size_t>(rate);
  const bool is_scalar = elementwise.operands[at].buffer == kScalars;
  const bool in_place = weight.buffer == out.buffer && weight.offset == out.offset && same_view(weight, out);
  // From memory a uniform rate could be overwritten meanwhile; a scalar of the row cannot.
  if (!is_scalar || !in_place) return std::nullopt;
  return MatmulUpdate{at};
}

}  // namespace gradsmith::plan
