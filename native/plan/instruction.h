// One row of the instruction table, and what a decoded instruction looks like to the family that implements it.
// A family (elementwise, matmul, rows, index, random) is one .cc file in this folder that defines its rows:
// verify (once, at plan creation), prepare (once, picks kernels), run (each step, trusts everything).
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/dtype.h"
#include "kernels/kernel_table.h"

namespace gradsmith::plan {

inline constexpr int kMaxRank = 8;
/// Operand::buffer of the plan's arena, and of the row of per-step scalars (float64, read-only).
inline constexpr int32_t kArena = -1;
inline constexpr int32_t kScalars = -2;

/// A strided view of one buffer. Once the verifier has seen it, every element lies inside the buffer.
struct Operand {
  int32_t buffer;
  DType dtype;
  int64_t offset;  // elements
  int32_t rank;
  std::array<int64_t, kMaxRank> dims;
  std::array<int64_t, kMaxRank> strides;  // elements, may be 0 (broadcast) or negative

  int64_t size() const;
  /// Row-major without gaps (dims of 1 may have any stride).
  bool contiguous() const;
};

/// Outputs come first among the operands.
struct Instruction {
  int32_t opcode;
  std::vector<int32_t> attrs;
  std::vector<Operand> operands;
};

/// What went wrong in data that only a run can see, such as an index out of range.
struct Fault {
  enum Code : int32_t { kNone = 0, kIndexOutOfRange = 1, kAborted = 2 };
  Code code = kNone;
  int64_t value = 0;  // the offending index
  int64_t limit = 0;  // valid: 0 <= value < limit
};

/// Address of an operand during a run: bases[base] + byte_offset.
struct Ref {
  uint32_t base;
  int64_t byte_offset;
  template <class T>
  T* at(void* const* bases) const {
    return reinterpret_cast<T*>(static_cast<char*>(bases[base]) + byte_offset);
  }
  /// Is there anything, for what is not there in each run?
  bool given(void* const* bases) const { return base != UINT32_MAX && bases[base] != nullptr; }
};

/// What `prepare` needs to know of its plan.
struct PrepareContext {
  const kernels::KernelTable& kernels;
  /// Turns an operand into its run-time address (a buffer, the arena or the scalar row).
  virtual Ref ref(const Operand& operand) const = 0;
  /// The plan's workspace, for those who ask for one: see Prepared::workspace_bytes.
  virtual Ref workspace() const { return {UINT32_MAX, 0}; }
  /// A copy of the operand's buffer in bfloat16, for as long as the buffer stays as it is: during a run the address of
  /// the operand's first element in it, or of nothing (Ref::given) where there is none. For buffers that the plan does
  /// not write alone; else the Ref is never given.
  virtual Ref rounded(const Operand&) const { return {UINT32_MAX, 0}; }
  explicit PrepareContext(const kernels::KernelTable& table) : kernels(table) {}
  virtual ~PrepareContext() = default;
};

/// An instruction ready to run. Immutable after construction; any thread may run any part.
class Prepared {
 public:
  virtual ~Prepared() = default;
  /// Runs part `part` of `parts`. `scratch` is 64-byte aligned, private to the calling thread, scratch_bytes long.
  /// No allocation, no exception. Reports at most one fault, in `fault`.
  virtual void run(void* const* bases, size_t part, void* scratch, Fault& fault) const noexcept = 0;
  /// Runs part `part` of `finish_parts` of a second phase, which begins when all parts of the first are done; as `run`.
  virtual void finish(void* const*, size_t, void*) const noexcept {}

  /// How many parts the work splits into: decided by shapes alone, never by the number of threads. 1 = not threaded.
  size_t parts = 1;
  /// The same for the second phase. 0 = there is none.
  size_t finish_parts = 0;
  size_t scratch_bytes = 0;
  /// What the parts of one phase leave to those of the next: memory that all threads share for the length of this
  /// instruction, 64-byte aligned, contents undefined at first.
  size_t workspace_bytes = 0;
  /// Estimated time on one core; decides whether a plan runs inline, so an order of magnitude is enough.
  double cost_ns = 20;
};

struct InstructionRow {
  int32_t opcode;
  const char* name;
  /// Number of leading operands that are written.
  size_t (*outputs)(const Instruction&);
  /// May an output be exactly the same view as an input? (Partial overlap is always refused.)
  bool in_place;
  /// Throws PlanError unless shapes, dtypes and attributes fit. Operand bounds, dtype codes and overlap are
  /// already checked; the number of operands and attributes is not.
  void (*verify)(const Instruction&);
  std::unique_ptr<Prepared> (*prepare)(const Instruction&, const PrepareContext&);
};

/// The one instruction table: opcode = index + 1. Exported to TypeScript by name.
std::span<const InstructionRow> instruction_table();
const InstructionRow* find_row(int32_t opcode);

// The rows of each family, in the order of the table.
extern const InstructionRow kElementwiseRow;       // elementwise.cc
extern const InstructionRow kMatmulRow;            // matmul.cc
extern const InstructionRow kReduceRow;            // reduce.cc
extern const InstructionRow kArgReduceRow;         // reduce.cc
extern const InstructionRow kSoftmaxRow;           // rows.cc
extern const InstructionRow kCrossEntropyRow;      // rows.cc
extern const InstructionRow kCrossEntropyGradRow;  // rows.cc
extern const InstructionRow kGatherRow;            // index.cc
extern const InstructionRow kScatterAddRow;        // index.cc
extern const InstructionRow kDynamicSliceRow;      // index.cc
extern const InstructionRow kRandomRow;            // random.cc
extern const InstructionRow kIotaRow;              // random.cc
extern const InstructionRow kMatmulGroupRow;       // matmul_group.cc
extern const InstructionRow kRowGroupRow;          // row_group.cc

}  // namespace gradsmith::plan
