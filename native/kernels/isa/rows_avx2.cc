#include "kernels/rows_impl.h"
#include "simd/vec_avx2.h"

namespace gradsmith::kernels {

template RowKernels make_rows<simd::Avx2>();

}  // namespace gradsmith::kernels
