// reduce and argReduce: verify, cut into parts by results, run.
#include "plan/reduce_axes.h"
#include "plan/rows_checks.h"

namespace gradsmith::plan {
namespace {

using kernels::ReduceAxes;
using kernels::ReduceKind;

/// Elements of x a part should read: 5 µs of work in cache, 20 from memory.
constexpr size_t kPartElements = 131072;

/// A run over results: outer positions, each with `inner` cut into chunks; a unit is one chunk of one outer position.
struct ResultParts {
  Chunks inner;
  Chunks units;

  static ResultParts of(size_t outer, size_t inner, size_t per_result, size_t grain) {
    ResultParts parts;
    parts.inner = Chunks::of(inner, rows_for(kPartElements, per_result), grain);
    const size_t unit_elements = (inner < parts.inner.chunk ? inner : parts.inner.chunk) * per_result;
    parts.units = Chunks::of(inner == 0 ? 0 : outer * parts.inner.parts(), rows_for(kPartElements, unit_elements), 1);
    return parts;
  }
  /// Calls f(x offset, y offset, first, last) for each unit of `part`.
  template <class F>
  void each(size_t part, const OuterAxes& outer, F f) const {
    for (size_t unit = units.first(part); unit < units.last(part); unit++) {
      const size_t chunk = unit % inner.parts();
      int64_t x = 0, y = 0;
      if (outer.rank > 0) outer.offsets(unit / inner.parts(), x, y);
      f(x, y, inner.first(chunk), inner.last(chunk));
    }
  }
};

size_t kernel_dtype(DType dtype) { return static_cast<size_t>(dtype); }

class Reduce final : public Prepared {
 public:
  Reduce(const Instruction& instruction, const PrepareContext& context)
      : y_(context.ref(instruction.operands[0])), x_(context.ref(instruction.operands[1])) {
    const Operand& y = instruction.operands[0];
    const Operand& x = instruction.operands[1];
    const ReduceLoops loops = reduce_loops(y, x);
    axes_ = loops.axes;
    outer_ = loops.outer;
    item_ = static_cast<int64_t>(size_of(x.dtype));
    fn_ = context.kernels.rows.reduce[static_cast<size_t>(loops.layout)][static_cast<size_t>(instruction.attrs[0])]
                                     [kernel_dtype(x.dtype)];
    // 64 results: a whole number of every level's vectors and row batches, so that a cut changes no result.
    // Long rows are summed one by one, and may be cut anywhere.
    const bool alone = loops.layout != kernels::ReduceLayout::kColumns && axes_.length >= 256;
    const auto per_result = static_cast<size_t>(axes_.count);
    results_ = ResultParts::of(outer_.count(), axes_.kept, per_result, alone ? 1 : 64);
    parts = results_.units.parts();
    whole_ = outer_.rank == 0 && parts == 1 && axes_.kept > 0;
    const double per_element = loops.layout == kernels::ReduceLayout::kStrided ? 0.8 : 0.1;
    cost_ns = 15 + per_element * static_cast<double>(x.size()) + 0.5 * static_cast<double>(y.size());
  }

  void run(void* const* bases, size_t part, void*, Fault&) const noexcept override {
    const char* x = x_.at<const char>(bases);
    char* y = y_.at<char>(bases);
    if (whole_) return fn_(x, y, axes_, 0, axes_.kept);
    results_.each(part, outer_, [&](int64_t x_offset, int64_t y_offset, size_t first, size_t last) {
      fn_(x + x_offset * item_, y + y_offset * item_, axes_, first, last);
    });
  }

 private:
  Ref y_, x_;
  kernels::ReduceFn fn_;
  bool whole_;
  int64_t item_;
  ReduceAxes axes_;
  OuterAxes outer_;
  ResultParts results_;
};

void verify_reduce(const Instruction& instruction) {
  const Checks checks("reduce", instruction);
  checks.counts(2, 1);
  const auto kind = static_cast<ReduceKind>(checks.choice(0, "kind", kernels::kReduceKindCount));
  const Operand& y = instruction.operands[0];
  const Operand& x = instruction.operands[1];
  checks.same_dtype(y, "y", x, "x");
  checks.require(x.dtype != DType::kBool, "x is bool; cast it first");
  if (kind == ReduceKind::kMean) checks.floating(x, "x of a mean");
  checks.rank(y, "y", x.rank);
  for (size_t i = 0; i < static_cast<size_t>(x.rank); i++)
    checks.require(y.dims[i] == x.dims[i] || y.dims[i] == 1,
                   "y " + shape_text(y) + " is not x " + shape_text(x) + " with 1 in some dimensions");
  checks.contiguous(y, "y");
}

std::unique_ptr<Prepared> prepare_reduce(const Instruction& instruction, const PrepareContext& context) {
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

const InstructionRow kReduceRow = {3, "reduce", one_output, false, verify_reduce, prepare_reduce};
const InstructionRow kArgReduceRow = {4, "argReduce", one_output, false, verify_arg_reduce, prepare_arg_reduce};

}  // namespace gradsmith::plan
