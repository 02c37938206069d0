#include "kernels/gemm_impl.h"
#include "simd/vec_avx512.h"

namespace gradsmith::kernels {

template GemmKernels make_gemm<simd::Avx512>();

}  // namespace gradsmith::kernels
