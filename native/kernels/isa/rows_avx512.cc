#include "kernels/rows_impl.h"
#include "simd/vec_avx512.h"

namespace gradsmith::kernels {

template RowKernels make_rows<simd::Avx512>();

}  // namespace gradsmith::kernels
