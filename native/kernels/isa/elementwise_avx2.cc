#include "kernels/elementwise_impl.h"
#include "simd/vec_avx2.h"

namespace gradsmith::kernels {

template ElementwiseKernels make_elementwise<simd::Avx2>();

}  // namespace gradsmith::kernels
