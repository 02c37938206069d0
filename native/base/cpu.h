// What SIMD the CPU has and the operating system saves.
#pragma once
#include <cstdint>

namespace gradsmith {

struct CpuFeatures {
  bool avx2_fma = false;  // AVX2 and FMA
  bool avx512 = false;    // F, BW, DQ, VL
  bool avx512_bf16 = false;
  bool neon = false;
};

/// Any thread.
CpuFeatures cpu_features();

/// Of a core's second-level cache, or 0 where the CPU does not say. Any thread.
int32_t second_level_bytes();

}  // namespace gradsmith
