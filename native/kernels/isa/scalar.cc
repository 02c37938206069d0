// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_scalar.h"
#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
// clang-format on

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Scalar>();
template RandomKernels make_random<simd::Scalar>();

const KernelTable& scalar_table() {
  static const KernelTable table = make_table<simd::Scalar>();
  return table;
}

}  // namespace gradsmith::kernels
