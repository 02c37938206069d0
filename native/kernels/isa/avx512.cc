#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
#include "simd/vec_avx512.h"

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Avx512>();
template RandomKernels make_random<simd::Avx512>();

const KernelTable& avx512_table() {
  static const KernelTable table = make_table<simd::Avx512>();
  return table;
}

}  // namespace gradsmith::kernels
