// Windows: rows of an input where they lie, from a row on that a scalar of the step names. A batch of a dataset is read
// through one without a copy.
#pragma once
#include <cmath>
#include <cstdint>

#include "plan/instruction.h"

namespace gradsmith::plan {

/// As decoded. The verifier has seen that `buffer_rows` rows of `columns` elements lie in the buffer, an input.
struct WindowSpec {
  int32_t buffer;
  int32_t scalar;  // the first row
  int64_t rows;
  int64_t buffer_rows;
  int64_t columns;
  int64_t elements() const { return rows * columns; }
};

/// A window of a plan that runs.
struct Window {
  size_t base;    // which of the bases it is
  size_t buffer;  // which of them it looks into
  size_t scalar;
  int64_t limit;  // of the first row
  int64_t row_bytes;
};

/// The row that `start` names if 0 <= start < limit; else -1, and a fault.
inline int64_t first_row(double start, int64_t limit, Fault& fault) {
  if (start >= 0 && start < static_cast<double>(limit)) return static_cast<int64_t>(start);
  // As an integer for the message: NaN and what does not fit become -1 and the largest integer.
  int64_t value = start >= 0 ? INT64_MAX : -1;
  if (start > -9e15 && start < 9e15) value = static_cast<int64_t>(std::floor(start));
  fault = {Fault::kIndexOutOfRange, value, limit};
  return -1;
}

}  // namespace gradsmith::plan
