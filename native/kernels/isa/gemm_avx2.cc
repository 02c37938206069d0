#include "kernels/gemm_impl.h"
#include "simd/vec_avx2.h"

namespace gradsmith::kernels {

template GemmKernels make_gemm<simd::Avx2>();

}  // namespace gradsmith::kernels
