// The instruction table. The order is the plan format's: only append.
#include <array>

#include "plan/instruction.h"

namespace gradsmith::plan {

std::span<const InstructionRow> instruction_table() {
  static const std::array<InstructionRow, 14> table = [] {
    std::array<InstructionRow, 14> rows = {kElementwiseRow, kMatmulRow,       kReduceRow,           kArgReduceRow,
                                           kSoftmaxRow,     kCrossEntropyRow, kCrossEntropyGradRow, kGatherRow,
                                           kScatterAddRow,  kDynamicSliceRow, kRandomRow,           kIotaRow,
                                           kMatmulGroupRow, kRowGroupRow};
    for (size_t i = 0; i < rows.size(); ++i) rows[i].opcode = static_cast<int32_t>(i) + 1;
    return rows;
  }();
  return table;
}

const InstructionRow* find_row(int32_t opcode) {
  const std::span<const InstructionRow> table = instruction_table();
  if (opcode < 1 || static_cast<size_t>(opcode) > table.size()) return nullptr;
  return &table[static_cast<size_t>(opcode) - 1];
}

}  // namespace gradsmith::plan
