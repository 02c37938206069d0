// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_avx512.h"
#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
// clang-format on

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Avx512>();
template RandomKernels make_random<simd::Avx512>();

const KernelTable& avx512_table() {
  static const KernelTable table = make_table<simd::Avx512>();
  return table;
}

}  // namespace gradsmith::kernels
