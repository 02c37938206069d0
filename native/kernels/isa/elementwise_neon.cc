#include "kernels/elementwise_impl.h"
#include "simd/vec_neon.h"

namespace gradsmith::kernels {

template ElementwiseKernels make_elementwise<simd::Neon>();

}  // namespace gradsmith::kernels
