// The `matmul` instruction: operands C, A, B; see docs/architecture.md.
#include <string>

#include "kernels/gemm.h"
#include "plan/instruction.h"
#include "plan/matmul_precision.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

std::string shape_text(const Operand& x) {
  std::string text = "[";
  for (int32_t d = 0; d < x.rank; d++) {
    if (d > 0) text += ", ";
    text += std::to_string(x.dims[static_cast<size_t>(d)]);
  }
  return text + "]";
}

[[noreturn]] void fail(const std::string& what) { throw PlanError("matmul: " + what); }

int64_t dim_from_end(const Operand& x, int32_t d) { return x.dims[static_cast<size_t>(x.rank - d)]; }
int64_t stride_from_end(const Operand& x, int32_t d) { return x.strides[static_cast<size_t>(x.rank - d)]; }

void verify(const Instruction& in) {
  if (in.attrs.size() != 1) fail("1 attribute expected, " + std::to_string(in.attrs.size()) + " given");
  if (in.operands.size() != 3) fail("3 operands expected, " + std::to_string(in.operands.size()) + " given");
  const Operand &c = in.operands[0], &a = in.operands[1], &b = in.operands[2];
  if (!is_float(c.dtype)) fail("float32 or float64 expected");
  if (a.dtype != c.dtype || b.dtype != c.dtype) fail("A, B and C differ in dtype");
  if (const char* wrong = wrong_precision(in.attrs[0], c.dtype)) fail(wrong);
  const std::string shapes = shape_text(a) + " x " + shape_text(b) + " -> " + shape_text(c);
  if (c.rank < 2 || a.rank != c.rank || b.rank != c.rank) fail("equal ranks of at least 2 expected: " + shapes);
  const int64_t m = dim_from_end(c, 2), n = dim_from_end(c, 1), k = dim_from_end(a, 1);
  if (dim_from_end(b, 2) != k) fail("inner dimensions differ: " + shapes);
  if (dim_from_end(a, 2) != m || dim_from_end(b, 1) != n) fail("the result's shape does not fit: " + shapes);
  for (int32_t d = 3; d <= c.rank; d++) {
    if (dim_from_end(a, d) != dim_from_end(c, d) || dim_from_end(b, d) != dim_from_end(c, d)) {
      fail("batch dimensions differ: " + shapes);
    }
  }
  if (n > 1 && stride_from_end(c, 1) != 1) fail("the result's columns must have stride 1");
}

kernels::GemmShape shape_of(const Instruction& in) {
  const Operand &c = in.operands[0], &a = in.operands[1], &b = in.operands[2];
  kernels::GemmShape s{};
  s.m = dim_from_end(c, 2);
  s.n = dim_from_end(c, 1);
  s.k = dim_from_end(a, 1);
  s.a_row = stride_from_end(a, 2);
  s.a_col = stride_from_end(a, 1);
  s.b_row = stride_from_end(b, 2);
  s.b_col = stride_from_end(b, 1);
  s.c_row = stride_from_end(c, 2);
  static_assert(kMaxRank - 2 <= kernels::GemmShape::kMaxBatchRank);
  s.batch_rank = c.rank - 2;
  for (size_t d = 0; d < static_cast<size_t>(s.batch_rank); d++) {
    s.batch_dims[d] = c.dims[d];
    s.a_batch[d] = a.strides[d];
    s.b_batch[d] = b.strides[d];
    s.c_batch[d] = c.strides[d];
  }
  return s;
}

class Matmul final : public Prepared {
 public:
  Matmul(const Instruction& in, const PrepareContext& context) {
    plan_ = product_functions(context.kernels.gemm, in.operands[0].dtype, in.attrs[0]).plan(shape_of(in));
    c_ = context.ref(in.operands[0]);
    a_ = context.ref(in.operands[1]);
    b_ = context.ref(in.operands[2]);
    b_copy_ = rounded_factor(plan_, in.operands[2], context);
    parts = plan_.parts == 0 ? 1 : plan_.parts;
    finish_parts = plan_.finish_parts;
    scratch_bytes = plan_.scratch_bytes;
    workspace_bytes = plan_.workspace_bytes;
    workspace_ = context.workspace();
    cost_ns = plan_.cost_ns;
  }

  void run(void* const* bases, size_t part, void* scratch, Fault&) const noexcept override {
    if (plan_.parts == 0) return;  // C is empty
    plan_.run(plan_, pointers(bases), part, scratch);
  }

  void finish(void* const* bases, size_t part, void* scratch) const noexcept override {
    plan_.finish(plan_, pointers(bases), part, scratch);
  }

 private:
  kernels::GemmPointers pointers(void* const* bases) const {
    kernels::GemmPointers p{c_.at<void>(bases), a_.at<void>(bases), b_.at<void>(bases)};
    p.workspace = workspace_.at<void>(bases);
    if (b_copy_.given(bases)) p.b_copy = b_copy_.at<const uint16_t>(bases);
    return p;
  }

  kernels::GemmPlan plan_;
  Ref c_{}, a_{}, b_{}, b_copy_{}, workspace_{};
};

}  // namespace

const InstructionRow kMatmulRow = {
    2,
    "matmul",
    [](const Instruction&) -> size_t { return 1; },
    false,
    verify,
    [](const Instruction& in, const PrepareContext& context) -> std::unique_ptr<Prepared> {
      return std::make_unique<Matmul>(in, context);
    },
};

}  // namespace gradsmith::plan
