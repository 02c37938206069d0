// Every family's kernels for one ISA level. Include the level's vec_*.h first.
#pragma once
#include "kernels/elementwise_impl.h"
#include "kernels/gemm_impl.h"
#include "kernels/index_impl.h"
#include "kernels/isa/tables.h"
#include "kernels/random_impl.h"
#include "kernels/rows_impl.h"

namespace gradsmith::kernels {

template <class Isa>
KernelTable make_table() {
  return {Isa::kName,       make_elementwise<Isa>(), make_gemm<Isa>(),
          make_rows<Isa>(), make_index<Isa>(),       make_random<Isa>()};
}

}  // namespace gradsmith::kernels
