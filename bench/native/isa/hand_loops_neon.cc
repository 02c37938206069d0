// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_neon.h"
#include "hand_loops_impl.h"
// clang-format on

namespace gradsmith::bench {

template HandLoops hand_loops<simd::Neon>();

}  // namespace gradsmith::bench
