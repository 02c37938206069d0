#include "base/cpu.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace gradsmith {

#if defined(__x86_64__)
namespace {

constexpr bool has(uint32_t word, int bit) { return (word >> bit & 1) != 0; }

/// Which register states the operating system saves: bits 1, 2 for SSE and AVX, 5 to 7 for AVX-512, 17 and 18 for AMX.
uint32_t saved_states() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

}  // namespace

CpuFeatures cpu_features() {
  CpuFeatures features;
  uint32_t a, b, c, d;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || !has(c, 27) || (saved_states() & 0x06) != 0x06) return features;
  const bool fma = has(c, 12) && has(c, 28);
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return features;
  const uint32_t leaves = a;
  const bool tiles = has(d, 22) && has(d, 24) && (saved_states() & 0x60000) == 0x60000;
  features.avx2_fma = fma && has(b, 5);
  const bool registers = (saved_states() & 0xe0) == 0xe0;
  features.avx512 = features.avx2_fma && registers && has(b, 16) && has(b, 17) && has(b, 30) && has(b, 31);
  if (leaves > 0 && __get_cpuid_count(7, 1, &a, &b, &c, &d) != 0) features.avx512_bf16 = features.avx512 && has(a, 5);
  features.amx_bf16 = features.avx512_bf16 && tiles;
  return features;
}

bool amx_bf16_granted() {
#if defined(__linux__)
  static const bool granted = [] {
    constexpr long kRequestPermission = 0x1023, kTileData = 18;  // Linux 5.16 and later
    return cpu_features().amx_bf16 && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return granted;
#else
  return false;
#endif
}

int32_t second_level_bytes() {
  uint32_t a, b, c, d;
  if (__get_cpuid(0x80000006, &a, &b, &c, &d) == 0) return 0;
  return static_cast<int32_t>(c >> 16) * 1024;
}

#elif defined(__aarch64__)

CpuFeatures cpu_features() {
  CpuFeatures features;
  features.neon = true;  // part of the architecture
  return features;
}

#else

CpuFeatures cpu_features() { return {}; }

#endif

#if !defined(__x86_64__)
bool amx_bf16_granted() { return false; }

int32_t second_level_bytes() { return 0; }
#endif

}  // namespace gradsmith
