#include "kernels/rows_impl.h"
#include "simd/vec_scalar.h"

namespace gradsmith::kernels {

template RowKernels make_rows<simd::Scalar>();

}  // namespace gradsmith::kernels
