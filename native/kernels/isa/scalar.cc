#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
#include "simd/vec_scalar.h"

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Scalar>();
template RandomKernels make_random<simd::Scalar>();

const KernelTable& scalar_table() {
  static const KernelTable table = make_table<simd::Scalar>();
  return table;
}

}  // namespace gradsmith::kernels
