// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_avx512.h"
#include "kernels/elementwise_impl.h"
// clang-format on

namespace gradsmith::kernels {

template ElementwiseKernels make_elementwise<simd::Avx512>();

}  // namespace gradsmith::kernels
