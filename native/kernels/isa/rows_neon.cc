// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_neon.h"
#include "kernels/rows_impl.h"
// clang-format on

namespace gradsmith::kernels {

template RowKernels make_rows<simd::Neon>();

}  // namespace gradsmith::kernels
