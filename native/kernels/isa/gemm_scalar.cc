#include "kernels/gemm_impl.h"
#include "simd/vec_scalar.h"

namespace gradsmith::kernels {

template GemmKernels make_gemm<simd::Scalar>();

}  // namespace gradsmith::kernels
