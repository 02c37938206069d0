// clang-format off: the level's Vec comes first
#include "kernels/isa/all_impl.h"
#include "simd/vec_avx2.h"
// clang-format on

namespace gradsmith::kernels {

const KernelTable& avx2_table() {
  static const KernelTable table = make_table<simd::Avx2>();
  return table;
}

}  // namespace gradsmith::kernels
