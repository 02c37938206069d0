// The one function that each level shows to the rest, and what its files show to each other. Call them only where the
// CPU has the level.
#pragma once
#include "kernels/gemm_entries.h"
#include "kernels/kernel_table.h"

namespace gradsmith::kernels {

const KernelTable& scalar_table();
const KernelTable& avx2_table();
const KernelTable& avx512_table();
const KernelTable& neon_table();

// Defined in *_impl.h and instantiated by <family>_<level>.cc, a file each, since they take long to compile.
template <class Isa>
ElementwiseKernels make_elementwise();
template <class Isa>
GemmKernels make_gemm();
template <class T, class Isa, GemmMode kMode>
GemmFunctions make_gemm_functions();
/// By AMX, where that pays; else make_gemm_functions<float, simd::Avx512Bf16, GemmMode::kPaired>.
template <class Isa>
GemmFunctions make_amx();
template <class Isa>
RowKernels make_rows();
template <class Isa>
IndexKernels make_index();
template <class Isa>
RandomKernels make_random();

template <class Isa>
KernelTable make_table() {
  return {Isa::kName,       make_elementwise<Isa>(), make_gemm<Isa>(),
          make_rows<Isa>(), make_index<Isa>(),       make_random<Isa>()};
}

}  // namespace gradsmith::kernels
