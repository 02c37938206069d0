// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_scalar.h"
#include "row_loops_impl.h"
// clang-format on

namespace gradsmith::bench {

template RowLoops row_loops<simd::Scalar>();

}  // namespace gradsmith::bench
