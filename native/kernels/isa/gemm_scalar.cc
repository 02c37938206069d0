// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_scalar.h"
#include "kernels/gemm_impl.h"
// clang-format on

namespace gradsmith::kernels {

template GemmKernels make_gemm<simd::Scalar>();

}  // namespace gradsmith::kernels
