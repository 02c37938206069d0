// The kernels of one ISA level. Each family declares its functions in its own header and fills its part of the table
// from a template over the ISA tag (`*_impl.h`, included by isa/*.cc only, compiled once per level).
#pragma once
#include <span>

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

/// The best table for this CPU, or the one that the environment variable GRADSMITH_ISA names; chosen at the first call,
/// which throws std::runtime_error for a name that is unknown or a level that the CPU lacks. Any thread.
const KernelTable& kernel_table();

/// Every table that this CPU can run, the best last. Any thread.
std::span<const KernelTable* const> available_tables();

}  // namespace gradsmith::kernels
