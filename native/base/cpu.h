// What SIMD the CPU has and the operating system saves.
#pragma once
#include <cstdint>

namespace gradsmith {

struct CpuFeatures {
  bool avx2_fma = false;  // AVX2 and FMA
  bool avx512 = false;    // F, BW, DQ, VL
  bool avx512_bf16 = false;
  bool amx_bf16 = false;  // and AMX_TILE; only of use once granted
  bool neon = false;
};

/// Any thread.
CpuFeatures cpu_features();

/// Does the system let this process use AMX_BF16? Asks for it, once, so not before there is use for it: from then on
/// the system saves 8 KiB more for each signal and thread that uses it. Any thread.
bool amx_bf16_granted();

/// Of a core's second-level cache, or 0 where the CPU does not say. Any thread.
int32_t second_level_bytes();

}  // namespace gradsmith
