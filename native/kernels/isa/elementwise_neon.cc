// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_neon.h"
#include "kernels/elementwise_impl.h"
// clang-format on

namespace gradsmith::kernels {

template ElementwiseKernels make_elementwise<simd::Neon>();

}  // namespace gradsmith::kernels
