#include "kernels/elementwise_impl.h"
#include "simd/vec_avx512.h"

namespace gradsmith::kernels {

template ElementwiseKernels make_elementwise<simd::Avx512>();

}  // namespace gradsmith::kernels
