// The one function that each isa/*.cc shows to the rest. Call it only where the CPU has the level.
#pragma once
#include "kernels/kernel_table.h"

namespace gradsmith::kernels {

const KernelTable& scalar_table();
const KernelTable& avx2_table();
const KernelTable& avx512_table();
const KernelTable& neon_table();

}  // namespace gradsmith::kernels
