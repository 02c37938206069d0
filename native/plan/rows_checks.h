// What the verifiers of reduce, rows, index and random share: checks that throw a PlanError `op: what is wrong`, and
// the way work along one axis is cut into parts.
#pragma once
#include <string>

#include "plan/instruction.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {

/// `[2, 3]`
std::string shape_text(const Operand& operand);

/// The checks of one instruction. `what` names an operand as the instruction table does.
class Checks {
 public:
  Checks(const char* op, const Instruction& instruction) : op_(op), instruction_(instruction) {}

  /// Throws unless the instruction has exactly so many operands and attributes.
  void counts(size_t operands, size_t attrs) const;
  /// Attribute `index` if it lies in [0, limit).
  int32_t choice(size_t index, const char* what, int32_t limit) const;
  void require(bool ok, const std::string& message) const;
  void rank(const Operand& operand, const char* what, int32_t rank) const;
  void dtype(const Operand& operand, const char* what, DType dtype) const;
  void same_dtype(const Operand& a, const char* what_a, const Operand& b, const char* what_b) const;
  void floating(const Operand& operand, const char* what) const;
  void contiguous(const Operand& operand, const char* what) const;
  void dim(const Operand& operand, const char* what, int32_t axis, int64_t expected) const;
  /// float64, and one element however it is indexed (all strides 0, or all dimensions 1).
  void scalar(const Operand& operand, const char* what) const;

 private:
  const char* op_;
  const Instruction& instruction_;
};

constexpr size_t one_output(const Instruction&) { return 1; }

/// `count` items cut into chunks of `chunk` (the last may be shorter). Decided by shape alone.
struct Chunks {
  size_t count = 0;
  size_t chunk = 1;

  /// Chunks of at least `least` items and a multiple of `grain`.
  static Chunks of(size_t count, size_t least, size_t grain);
  size_t parts() const { return count == 0 ? 1 : (count + chunk - 1) / chunk; }
  size_t first(size_t part) const { return part * chunk; }
  size_t last(size_t part) const { return part * chunk + chunk < count ? part * chunk + chunk : count; }
};

/// Rows a part gets so that it holds about `elements` elements.
size_t rows_for(size_t elements, size_t columns);

}  // namespace gradsmith::plan
