// reduce and argReduce: verify, run.
#include "plan/group.h"
#include "plan/operand.h"
#include "plan/reduce_work.h"

namespace gradsmith::plan {
namespace {

size_t kernel_dtype(DType dtype) { return static_cast<size_t>(dtype); }

class Reduce final : public Prepared {
 public:
  Reduce(const Instruction& in, const PrepareContext& context)
      : y_(context.ref(in.operands[0])),
        x_(context.ref(in.operands[1])),
        workspace_(context.workspace()),
        work_(in.operands[0], in.operands[1], in.attrs[0], context.kernels) {
    work_.divide(*this);
    whole_ = work_.outer.rank == 0 && parts == 1 && work_.axes.kept > 0;
    cost_ns = work_.cost_ns;
  }

  void run(void* const* bases, size_t part, void*, Fault&) const noexcept override {
    const char* x = x_.at<const char>(bases);
    char* y = y_.at<char>(bases);
    if (whole_) return work_.fn(x, y, work_.axes, 0, work_.axes.kept);
    if (work_.in_blocks()) return work_.reduce_blocks(x, workspace_.at<char>(bases), part);
    work_.results.each(part, work_.outer, [&](int64_t x_offset, int64_t y_offset, size_t first, size_t last) {
      work_.fn(x + x_offset * work_.item, y + y_offset * work_.item, work_.axes, first, last);
    });
  }

  void finish(void* const* bases, size_t, void*) const noexcept override {
    work_.join_blocks(workspace_.at<const char>(bases), y_.at<char>(bases));
  }

 private:
  Ref y_, x_, workspace_;
  ReduceWork work_;
  bool whole_;
};

/// The kind alone, or the kind and a group.
bool has_group(const Instruction& instruction) { return instruction.attrs.size() > 1; }

size_t reduce_outputs(const Instruction& instruction) {
  // The group's counts follow the kind; verify refuses what is missing.
  return has_group(instruction) ? group_outputs(instruction, 1) : 1;
}

void verify_reduce(const Instruction& instruction) {
  if (has_group(instruction)) return verify_reduce_group(instruction);
  const Checks checks("reduce", instruction);
  checks.counts(2, 1);
  const Operand &y = instruction.operands[0], &x = instruction.operands[1];
  checks.same_dtype(y, "y", x, "x");
  check_reduction(checks, y, x);
  checks.contiguous(y, "y");
  checks.require(!may_overlap(y, x), "operand 0 is written, but shares elements with operand 1");
}

std::unique_ptr<Prepared> prepare_reduce(const Instruction& instruction, const PrepareContext& context) {
  if (has_group(instruction)) return prepare_reduce_group(instruction, context);
  return std::make_unique<Reduce>(instruction, context);
}

class ArgReduce final : public Prepared {
 public:
  ArgReduce(const Instruction& instruction, const PrepareContext& context)
      : y_(context.ref(instruction.operands[0])), x_(context.ref(instruction.operands[1])) {
    const Operand& y = instruction.operands[0];
    const Operand& x = instruction.operands[1];
    const auto axis = static_cast<size_t>(instruction.attrs[1]);
    axes_ = {0, static_cast<size_t>(x.dims[axis]), x.strides[axis]};
    size_t inner = 1;
    for (size_t i = 0; i < static_cast<size_t>(x.rank); i++)
      if (i != axis && x.dims[i] != 1) outer_.push(x.dims[i], x.strides[i], y.strides[i]);
    if (outer_.rank > 0) {  // the innermost kept axis goes to the kernel; y is contiguous, so its stride there is 1
      const auto last = static_cast<size_t>(--outer_.rank);
      inner = static_cast<size_t>(outer_.dims[last]);
      axes_.kept_stride = outer_.x_strides[last];
    }
    item_ = static_cast<int64_t>(size_of(x.dtype));
    fn_ = context.kernels.rows.arg_reduce[static_cast<size_t>(instruction.attrs[0])][kernel_dtype(x.dtype)];
    results_ = ResultParts::of(outer_.count(), inner, axes_.length, 1);
    parts = results_.units.parts();
    cost_ns = 15 + 0.3 * static_cast<double>(x.size()) + 2 * static_cast<double>(y.size());
  }

  void run(void* const* bases, size_t part, void*, Fault&) const noexcept override {
    const char* x = x_.at<const char>(bases);
    auto* y = y_.at<int32_t>(bases);
    results_.each(part, outer_, [&](int64_t x_offset, int64_t y_offset, size_t first, size_t last) {
      fn_(x + x_offset * item_, y + y_offset, axes_, first, last);
    });
  }

 private:
  Ref y_, x_;
  kernels::ArgReduceFn fn_;
  int64_t item_;
  kernels::ArgReduceAxes axes_;
  OuterAxes outer_;
  ResultParts results_;
};

void verify_arg_reduce(const Instruction& instruction) {
  const Checks checks("argReduce", instruction);
  checks.counts(2, 2);
  checks.choice(0, "kind", 2);
  const Operand& y = instruction.operands[0];
  const Operand& x = instruction.operands[1];
  checks.require(x.rank > 0, "x must have an axis to search");
  const auto axis = static_cast<size_t>(checks.choice(1, "axis", x.rank));
  checks.dtype(y, "y", DType::kInt32);
  checks.require(x.dtype != DType::kBool, "x is bool; cast it first");
  checks.require(x.dims[axis] > 0, "axis " + std::to_string(axis) + " of x " + shape_text(x) + " is empty");
  checks.rank(y, "y", x.rank);
  for (size_t i = 0; i < static_cast<size_t>(x.rank); i++)
    checks.dim(y, "y", static_cast<int32_t>(i), i == axis ? 1 : x.dims[i]);
  checks.contiguous(y, "y");
}

std::unique_ptr<Prepared> prepare_arg_reduce(const Instruction& instruction, const PrepareContext& context) {
  return std::make_unique<ArgReduce>(instruction, context);
}

}  // namespace

const InstructionRow kReduceRow = {3, "reduce", reduce_outputs, true, verify_reduce, prepare_reduce};
const InstructionRow kArgReduceRow = {4, "argReduce", one_output, false, verify_arg_reduce, prepare_arg_reduce};

}  // namespace gradsmith::plan
