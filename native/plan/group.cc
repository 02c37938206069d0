#include "plan/group.h"

#include <bit>
#include <string>

#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

using kernels::Micro;

constexpr size_t kHeader = 3;
constexpr size_t kWordsPerOp = 6;

void require(bool condition, const std::string& what) {
  if (!condition) throw PlanError("elementwise: " + what);
}

bool is_comparison(Micro op) { return op >= Micro::kEqual && op <= Micro::kGreaterEqual; }
bool is_logical(Micro op) { return op >= Micro::kLogicalAnd && op <= Micro::kLogicalNot; }

bool is_float_only(Micro op) {
  switch (op) {
    case Micro::kExp:
    case Micro::kLog:
    case Micro::kSqrt:
    case Micro::kReciprocal:
    case Micro::kSigmoid:
    case Micro::kTanh:
    case Micro::kErf:
    case Micro::kSin:
    case Micro::kCos:
    case Micro::kGelu:
    case Micro::kGeluSlope:
      return true;
    default:
      return false;
  }
}

/// Is the op defined for values of this dtype?
bool takes(Micro op, DType dtype) {
  if (is_float_only(op)) return is_float(dtype);
  if (is_logical(op)) return dtype == DType::kBool;
  const bool any = op == Micro::kConstant || op == Micro::kCast || op == Micro::kCopy || op == Micro::kSelect;
  return any || is_comparison(op) || dtype != DType::kBool;
}

GroupOp decode_op(const int32_t* words, const std::vector<DType>& registers) {
  require(words[0] >= 0 && words[0] < kernels::kMicroCount, "unknown op " + std::to_string(words[0]));
  require(is_dtype(words[1]), "unknown dtype " + std::to_string(words[1]));
  GroupOp op{static_cast<Micro>(words[0]), static_cast<DType>(words[1]), {}, 0};
  const std::string name = kernels::kMicroNames[words[0]];
  require(takes(op.op, op.dtype), name + " is not defined for dtype " + std::to_string(words[1]));
  if (op.op == Micro::kConstant) {
    op.value = std::bit_cast<double>(static_cast<uint64_t>(static_cast<uint32_t>(words[2])) |
                                     static_cast<uint64_t>(static_cast<uint32_t>(words[3])) << 32);
    return op;
  }
  for (int32_t i = 0; i < kernels::kMicroArity[words[0]]; ++i) {
    const int32_t arg = words[2 + i];
    require(arg >= 0 && static_cast<size_t>(arg) < registers.size(), name + " reads register " + std::to_string(arg));
    const DType have = registers[static_cast<size_t>(arg)];
    const bool condition = op.op == Micro::kSelect && i == 0;
    const DType want = condition ? DType::kBool : op.op == Micro::kCast ? have : op.dtype;
    require(have == want, name + ": operand " + std::to_string(i) + " has another dtype");
    op.args.push_back(arg);
  }
  return op;
}

void check_operands(const Instruction& instruction, const Group& group) {
  const std::vector<Operand>& operands = instruction.operands;
  const size_t outputs = group.outputs.size();
  for (size_t i = 0; i < operands.size(); ++i) {
    const Operand& operand = operands[i];
    require(operand.rank == operands[0].rank, "operands differ in rank");
    for (int32_t d = 0; d < operand.rank; ++d) {
      const size_t axis = static_cast<size_t>(d);
      require(operand.dims[axis] == operands[0].dims[axis], "operands differ in shape");
    }
    const size_t reg = i < outputs ? static_cast<size_t>(group.outputs[i]) : i - outputs;
    require(operand.dtype == group.registers[reg],
            "operand " + std::to_string(i) + " differs from its register in dtype");
  }
}

}  // namespace

DType GroupOp::result() const { return is_comparison(op) || is_logical(op) ? DType::kBool : dtype; }

size_t group_outputs(const Instruction& instruction, size_t at) {
  const std::vector<int32_t>& attrs = instruction.attrs;
  return attrs.size() < at + kHeader || attrs[at + 1] < 0 ? 0 : static_cast<size_t>(attrs[at + 1]);
}

size_t program_words(std::span<const int32_t> words) {
  if (words.size() < kHeader || words[1] < 0 || words[2] < 0) return 0;
  return kHeader + static_cast<size_t>(words[1]) + static_cast<size_t>(words[2]) * kWordsPerOp;
}

Group decode_program(std::span<const int32_t> words, const std::vector<DType>& inputs) {
  require(words.size() >= kHeader, "attributes are missing");
  for (size_t i = 0; i < kHeader; ++i) require(words[i] >= 0, "a count is negative");
  const size_t outputs = static_cast<size_t>(words[1]), ops = static_cast<size_t>(words[2]);
  require(inputs.size() <= kernels::kMaxGroupInputs, "too many inputs: " + std::to_string(inputs.size()));
  require(outputs >= 1 && outputs <= kernels::kMaxGroupOutputs, "number of outputs: " + std::to_string(outputs));
  require(ops <= kernels::kMaxGroupOps, "too many ops: " + std::to_string(ops));
  require(words.size() == program_words(words), "attributes have the wrong length");
  require(inputs.size() == static_cast<size_t>(words[0]), "operands are missing or too many");

  Group group{inputs.size(), {}, {}, inputs};
  for (size_t i = 0; i < ops; ++i) {
    group.ops.push_back(decode_op(words.data() + kHeader + outputs + i * kWordsPerOp, group.registers));
    group.registers.push_back(group.ops.back().result());
  }
  for (size_t i = 0; i < outputs; ++i) {
    const int32_t reg = words[kHeader + i];
    require(reg >= 0 && static_cast<size_t>(reg) < group.registers.size(), "output of register " + std::to_string(reg));
    group.outputs.push_back(reg);
  }
  return group;
}

Group decode_group(const Instruction& instruction) {
  const size_t outputs = group_outputs(instruction);
  require(instruction.operands.size() >= outputs, "operands are missing or too many");
  std::vector<DType> inputs;
  for (size_t i = outputs; i < instruction.operands.size(); ++i) inputs.push_back(instruction.operands[i].dtype);
  Group group = decode_program(instruction.attrs, inputs);
  check_operands(instruction, group);
  return group;
}

}  // namespace gradsmith::plan
