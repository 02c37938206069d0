// The `matmul` instruction: operands C, A, B, [bias], [alpha]; see docs/architecture.md.
#include <string>

#include "kernels/gemm.h"
#include "plan/instruction.h"
#include "plan/plan_error.h"

namespace gradsmith::plan {
namespace {

constexpr int32_t kAccumulate = 1;
constexpr int32_t kBias = 2;
constexpr int32_t kAlpha = 4;

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
  if (in.attrs.size() != 2) fail("2 attributes expected, " + std::to_string(in.attrs.size()) + " given");
  const int32_t flags = in.attrs[0], activation = in.attrs[1];
  if (flags & ~(kAccumulate | kBias | kAlpha)) fail("unknown flags " + std::to_string(flags));
  if (activation < 0 || activation >= kernels::kActivationCount)
    fail("unknown activation " + std::to_string(activation));
  if ((flags & kAccumulate) && ((flags & kBias) || activation != 0))
    fail("accumulate takes neither bias nor activation");
  const size_t count = 3 + (flags & kBias ? 1u : 0u) + (flags & kAlpha ? 1u : 0u);
  if (in.operands.size() != count) {
    fail(std::to_string(count) + " operands expected, " + std::to_string(in.operands.size()) + " given");
  }
  const Operand &c = in.operands[0], &a = in.operands[1], &b = in.operands[2];
  if (!is_float(c.dtype)) fail("float32 or float64 expected");
  if (a.dtype != c.dtype || b.dtype != c.dtype) fail("A, B and C differ in dtype");
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
  if (flags & kBias) {
    const Operand& bias = in.operands[3];
    if (bias.dtype != c.dtype) fail("bias and C differ in dtype");
    if (bias.rank != 1 || bias.dims[0] != n)
      fail("bias of [" + std::to_string(n) + "] expected, " + shape_text(bias) + " given");
    if (n > 1 && bias.strides[0] != 1) fail("bias must have stride 1");
  }
  if (flags & kAlpha) {
    const Operand& alpha = in.operands.back();
    if (alpha.buffer != kScalars || alpha.dtype != DType::kFloat64) fail("alpha must be one of the plan's scalars");
    if (alpha.size() != 1) fail("alpha has one element, " + shape_text(alpha) + " given");
  }
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
  s.accumulate = (in.attrs[0] & kAccumulate) != 0;
  s.bias = (in.attrs[0] & kBias) != 0;
  s.activation = static_cast<kernels::Activation>(in.attrs[1]);
  return s;
}

class Matmul final : public Prepared {
 public:
  Matmul(const Instruction& in, const PrepareContext& context) {
    const bool single = in.operands[0].dtype == DType::kFloat32;
    const kernels::GemmFunctions& gemm = single ? context.kernels.gemm.f32 : context.kernels.gemm.f64;
    plan_ = gemm.plan(shape_of(in));
    c_ = context.ref(in.operands[0]);
    a_ = context.ref(in.operands[1]);
    b_ = context.ref(in.operands[2]);
    has_bias_ = (in.attrs[0] & kBias) != 0;
    has_alpha_ = (in.attrs[0] & kAlpha) != 0;
    if (has_bias_) bias_ = context.ref(in.operands[3]);
    if (has_alpha_) alpha_ = context.ref(in.operands.back());
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
    if (has_bias_) p.bias = bias_.at<void>(bases);
    if (has_alpha_) p.alpha = *alpha_.at<double>(bases);
    p.workspace = workspace_.at<void>(bases);
    return p;
  }

  kernels::GemmPlan plan_;
  Ref c_{}, a_{}, b_{}, bias_{}, alpha_{}, workspace_{};
  bool has_bias_, has_alpha_;
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
