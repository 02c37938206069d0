#include "kernels/rows_impl.h"
#include "simd/vec_neon.h"

namespace gradsmith::kernels {

template RowKernels make_rows<simd::Neon>();

}  // namespace gradsmith::kernels
