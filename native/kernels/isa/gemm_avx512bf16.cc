// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "kernels/gemm_pairs_avx512.h"
#include "kernels/gemm_impl.h"
// clang-format on

namespace gradsmith::kernels {

template GemmFunctions make_gemm_functions<float, simd::Avx512Bf16, GemmMode::kPaired>();

}  // namespace gradsmith::kernels
