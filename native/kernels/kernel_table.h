// The kernels of one ISA level. Each family declares its functions in its own header and fills its part of the table from a
// template over the ISA tag (`*_impl.h`, included by isa/*.cc only, compiled once per level).
#pragma once
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "kernels/index.h"
#include "kernels/random.h"
#include "kernels/rows.h"

namespace gradsmith::kernels {

struct KernelTable {
  const char* isa;  // "scalar", "avx2", "avx512", "neon"
  ElementwiseKernels elementwise;
  GemmKernels gemm;
  RowKernels rows;
  IndexKernels index;
  RandomKernels random;
};

}  // namespace gradsmith::kernels
