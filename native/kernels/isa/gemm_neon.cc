#include "kernels/gemm_impl.h"
#include "simd/vec_neon.h"

namespace gradsmith::kernels {

template GemmKernels make_gemm<simd::Neon>();

}  // namespace gradsmith::kernels
