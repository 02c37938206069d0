// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_avx2.h"
#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
// clang-format on

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Avx2>();
template RandomKernels make_random<simd::Avx2>();

const KernelTable& avx2_table() {
  static const KernelTable table = make_table<simd::Avx2>();
  return table;
}

}  // namespace gradsmith::kernels
