// A decoded `rowGroup`: steps over the rows of one space [rows, columns]. Format: docs/architecture.md.
#pragma once
#include <cstdint>
#include <vector>

#include "plan/group.h"
#include "plan/instruction.h"

namespace gradsmith::plan {

inline constexpr size_t kMaxRowSteps = 32;
inline constexpr size_t kMaxRowValues = 96;
/// Of a row: a few of them have to fit the second level of the caches.
inline constexpr int64_t kMaxRowColumns = 16384;

/// What a step reads or makes: an element for each place of the space (wide), a number a row, or a number a column.
struct RowValue {
  DType dtype;
  bool wide;
  bool of_columns = false;
};

struct RowStep {
  /// The codes are part of the plan format.
  enum Kind : int32_t {
    kGroup = 0,    // an elementwise group over the space
    kNumbers = 1,  // an elementwise group over one number a row
    kReduce = 2,   // a reduction of each row
    kSoftmax = 3,
    kColumns = 4,  // a sum or mean of each column; an output, which no step reads
  };
  Kind kind;
  int32_t choice = 0;          // kReduce, kColumns: the kind of reduction; kSoftmax: 1 is logSoftmax
  std::vector<size_t> reads;   // values; a group's inputs in order
  std::vector<size_t> writes;  // values; a group's outputs in order
  Group group{};
};

struct RowProgram {
  int64_t rows, columns;
  size_t inputs;
  std::vector<RowValue> values;  // inputs first, then what the steps make, in order
  std::vector<size_t> outputs;   // the value that each output holds
  std::vector<RowStep> steps;

  /// The last step that reads a value; -1 if none does.
  int last_read(size_t value) const;
  /// The step that makes a value; -1 for an input.
  int made_by(size_t value) const;
};

/// Number of outputs the attributes name; 0 where there are none (verify refuses those).
size_t row_outputs(const Instruction& instruction);

/// Throws PlanError unless the attributes are a well-typed program that fits the operands, and no step overwrites what
/// a later one reads.
RowProgram decode_rows(const Instruction& instruction);

}  // namespace gradsmith::plan
