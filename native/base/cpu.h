// What SIMD the CPU has and the operating system saves.
#pragma once

namespace gradsmith {

struct CpuFeatures {
  bool avx2_fma = false;  // AVX2 and FMA
  bool avx512 = false;    // F, BW, DQ, VL
  bool avx512_bf16 = false;
  bool neon = false;
};

/// Any thread.
CpuFeatures cpu_features();

}  // namespace gradsmith
