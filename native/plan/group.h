// A decoded elementwise group: a program in static single assignment. Format: docs/architecture.md.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/elementwise.h"
#include "plan/instruction.h"

namespace gradsmith::plan {

struct GroupOp {
  kernels::Micro op;
  DType dtype;                // of the result; of the operands for comparisons
  std::vector<int32_t> args;  // registers
  double value = 0;           // of a constant
  DType result() const;
};

struct Group {
  size_t inputs;
  std::vector<int32_t> outputs;  // the register of each output
  std::vector<GroupOp> ops;      // op i defines register inputs + i
  std::vector<DType> registers;  // dtype of each register

  bool is_op(size_t reg) const { return reg >= inputs; }
  const GroupOp& op_of(size_t reg) const { return ops[reg - inputs]; }
  bool is_constant(size_t reg) const { return is_op(reg) && op_of(reg).op == kernels::Micro::kConstant; }
};

/// Number of outputs that the attributes name from `at` on; 0 where there are none (verify refuses those).
size_t group_outputs(const Instruction& instruction, size_t at);
inline size_t group_outputs(const Instruction& instruction) { return group_outputs(instruction, 0); }

/// The program that the words are: inputs, outputs, ops, the register of each output, 6 words an op. `inputs`: the
/// dtype of each. Throws PlanError unless it is well-typed and within the limits.
Group decode_program(std::span<const int32_t> words, const std::vector<DType>& inputs);
/// Words of the program that `words` begin with; 0 where its counts are missing or wrong.
size_t program_words(std::span<const int32_t> words);

/// Throws PlanError unless the attributes are a well-typed program that fits the operands.
Group decode_group(const Instruction& instruction);

}  // namespace gradsmith::plan
