// The level's Vec comes first: it includes the intrinsics without their false warnings.
// clang-format off
#include "simd/vec_avx512.h"
#include "base/cpu.h"
#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
// clang-format on

namespace gradsmith::kernels {

template IndexKernels make_index<simd::Avx512>();
template RandomKernels make_random<simd::Avx512>();

const KernelTable& avx512_table() {
  static const KernelTable table = [] {
    KernelTable level = make_table<simd::Avx512>();
    if (cpu_features().avx512_bf16) {
      level.gemm.bf16 = level.gemm.pairs = make_gemm_functions<float, simd::Avx512Bf16, GemmMode::kPaired>();
      if (cpu_features().amx_bf16) level.gemm.bf16 = make_amx<simd::Avx512Amx>();
    }
    return level;
  }();
  return table;
}

}  // namespace gradsmith::kernels
