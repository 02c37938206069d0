// clang-format off: the level's Vec comes first
#include "kernels/isa/all_impl.h"
#include "simd/vec_avx512.h"
// clang-format on

namespace gradsmith::kernels {

const KernelTable& avx512_table() {
  static const KernelTable table = make_table<simd::Avx512>();
  return table;
}

}  // namespace gradsmith::kernels
