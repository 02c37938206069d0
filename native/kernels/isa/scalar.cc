// clang-format off: the level's Vec comes first
#include "kernels/isa/all_impl.h"
#include "simd/vec_scalar.h"
// clang-format on

namespace gradsmith::kernels {

const KernelTable& scalar_table() {
  static const KernelTable table = make_table<simd::Scalar>();
  return table;
}

}  // namespace gradsmith::kernels
