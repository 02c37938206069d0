// How a product is computed: an attribute of `matmul` and `matmulGroup`.
#pragma once
#include <cstdint>

#include "base/dtype.h"
#include "kernels/gemm.h"
#include "plan/instruction.h"

namespace gradsmith::plan {

/// The codes are attributes of instructions: never renumber.
enum class Precision : int32_t {
  kExact = 0,     // in the operands' dtype
  kBfloat16 = 1,  // float32 operands rounded to bfloat16, sums in float32
};

/// What is wrong with this attribute, or null.
inline const char* wrong_precision(int32_t code, DType dtype) {
  if (code < 0 || code > 1) return "unknown precision";
  if (code == 1 && dtype != DType::kFloat32) return "bfloat16 precision takes float32";
  return nullptr;
}

/// B of a product as a rounded copy, where the product takes one: the Ref is given in the runs that have it.
inline Ref rounded_factor(const kernels::GemmPlan& plan, const Operand& b, const PrepareContext& context) {
  return plan.copied_row > 0 ? context.rounded(b) : Ref{UINT32_MAX, 0};
}

inline const kernels::GemmFunctions& product_functions(const kernels::GemmKernels& gemm, DType dtype, int32_t code) {
  if (dtype == DType::kFloat64) return gemm.f64;
  return static_cast<Precision>(code) == Precision::kBfloat16 ? gemm.bf16 : gemm.f32;
}

}  // namespace gradsmith::plan
