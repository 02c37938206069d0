// clang-format off: the level's Vec comes first
#include "kernels/isa/all_impl.h"
#include "simd/vec_neon.h"
// clang-format on

namespace gradsmith::kernels {

const KernelTable& neon_table() {
  static const KernelTable table = make_table<simd::Neon>();
  return table;
}

}  // namespace gradsmith::kernels
