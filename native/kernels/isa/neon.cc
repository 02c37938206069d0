// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_neon.h"
#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
// clang-format on

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Neon>();
template RandomKernels make_random<simd::Neon>();

const KernelTable& neon_table() {
  static const KernelTable table = make_table<simd::Neon>();
  return table;
}

}  // namespace gradsmith::kernels
