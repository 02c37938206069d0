#include "kernels/elementwise_impl.h"
#include "simd/vec_scalar.h"

namespace gradsmith::kernels {

template ElementwiseKernels make_elementwise<simd::Scalar>();

}  // namespace gradsmith::kernels
