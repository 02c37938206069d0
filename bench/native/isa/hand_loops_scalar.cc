// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_scalar.h"
#include "hand_loops_impl.h"
// clang-format on

namespace gradsmith::bench {

template HandLoops hand_loops<simd::Scalar>();

}  // namespace gradsmith::bench
