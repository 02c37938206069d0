// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "kernels/gemm_pairs_avx512.h"
#include "kernels/gemm_amx.h"
// clang-format on

namespace gradsmith::kernels {

template GemmFunctions make_amx<simd::Avx512Amx>();

}  // namespace gradsmith::kernels
