// The FMA peak of a level, measured beside what is compared with it, so that the clock's drift cancels.
#pragma once
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/cpu.h"

namespace gradsmith::bench {

inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

#if defined(__x86_64__)
// 16 independent accumulators: two FMAs a cycle at 4 cycles each need 8.
#define GRADSMITH_16(op, r)                                                                                            \
  op " %%" r "16,%%" r "16,%%" r "0\n " op " %%" r "16,%%" r "16,%%" r "1\n " op " %%" r "16,%%" r "16,%%" r "2\n " op \
     " %%" r "16,%%" r "16,%%" r "3\n " op " %%" r "16,%%" r "16,%%" r "4\n " op " %%" r "16,%%" r "16,%%" r "5\n " op \
     " %%" r "16,%%" r "16,%%" r "6\n " op " %%" r "16,%%" r "16,%%" r "7\n " op " %%" r "16,%%" r "16,%%" r "8\n " op \
     " %%" r "16,%%" r "16,%%" r "9\n " op " %%" r "16,%%" r "16,%%" r "10\n " op " %%" r "16,%%" r "16,%%" r          \
     "11\n " op " %%" r "16,%%" r "16,%%" r "12\n " op " %%" r "16,%%" r "16,%%" r "13\n " op " %%" r "16,%%" r        \
     "16,%%" r "14\n " op " %%" r "16,%%" r "16,%%" r "15\n"
#define GRADSMITH_CLOBBERED                                                                                           \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
      "xmm14", "xmm15"
__attribute__((target("avx512f"))) inline void fma_avx512(long loops) {
  asm volatile("vpxorq %%zmm16,%%zmm16,%%zmm16\n" ::: "xmm16");
  for (long i = 0; i < loops; i++) asm volatile(GRADSMITH_16("vfmadd231ps", "zmm")::: GRADSMITH_CLOBBERED);
}
__attribute__((target("avx512f"))) inline void dot_bf16(long loops) {
  asm volatile("vpxorq %%zmm16,%%zmm16,%%zmm16\n" ::: "xmm16");
  for (long i = 0; i < loops; i++) asm volatile(GRADSMITH_16("vdpbf16ps", "zmm")::: GRADSMITH_CLOBBERED);
}
/// Four sums, as the kernels have them; only where AMX is granted.
inline void dot_amx(long loops) {
  struct alignas(64) {
    uint8_t palette = 1, rest[15] = {};
    uint16_t column_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
    uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
  } const shape;
  asm volatile("ldtilecfg %0" ::"m"(shape));
  for (long i = 0; i < loops; i++) {
    asm volatile(
        "tdpbf16ps %%tmm6,%%tmm4,%%tmm0\n tdpbf16ps %%tmm7,%%tmm4,%%tmm1\n"
        "tdpbf16ps %%tmm6,%%tmm5,%%tmm2\n tdpbf16ps %%tmm7,%%tmm5,%%tmm3\n" ::);
  }
  asm volatile("tilerelease" ::);
}
inline constexpr double kDotAmxFlops = 4 * 16 * 16 * 32 * 2;
__attribute__((target("avx2,fma"))) inline void fma_avx2(long loops) {
  for (long i = 0; i < loops; i++) {
    asm volatile(
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm0\n vfmadd231ps %%ymm15,%%ymm15,%%ymm1\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm2\n vfmadd231ps %%ymm15,%%ymm15,%%ymm3\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm4\n vfmadd231ps %%ymm15,%%ymm15,%%ymm5\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm6\n vfmadd231ps %%ymm15,%%ymm15,%%ymm7\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm8\n vfmadd231ps %%ymm15,%%ymm15,%%ymm9\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm15");
  }
}
/// The baseline of x86-64 has no FMA: six multiplications and six additions of four floats.
inline void mul_add_sse(long loops) {
  asm volatile("pxor %%xmm12,%%xmm12\n" ::: "xmm12");
  for (long i = 0; i < loops; i++) {
    asm volatile(
        "mulps %%xmm12,%%xmm0\n addps %%xmm12,%%xmm1\n mulps %%xmm12,%%xmm2\n addps %%xmm12,%%xmm3\n"
        "mulps %%xmm12,%%xmm4\n addps %%xmm12,%%xmm5\n mulps %%xmm12,%%xmm6\n addps %%xmm12,%%xmm7\n"
        "mulps %%xmm12,%%xmm8\n addps %%xmm12,%%xmm9\n mulps %%xmm12,%%xmm10\n addps %%xmm12,%%xmm11\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
              "xmm12");
  }
}
#undef GRADSMITH_16
#undef GRADSMITH_CLOBBERED
#endif

/// A loop of known work: run(loops) does loops · flops floating-point operations. Null where a level's is not known.
struct Peak {
  void (*run)(long loops);
  double flops;
};

inline Peak peak_of([[maybe_unused]] std::string_view isa, [[maybe_unused]] bool bf16 = false) {
#if defined(__x86_64__)
  if (isa == "avx512" && bf16 && amx_bf16_granted()) return {&dot_amx, kDotAmxFlops};
  if (isa == "avx512" && bf16) return {&dot_bf16, 16 * 32 * 2};
  if (isa == "avx512") return {&fma_avx512, 16 * 16 * 2};
  if (isa == "avx2") return {&fma_avx2, 10 * 8 * 2};
  if (isa == "scalar") return {&mul_add_sse, 12 * 4};
#endif
  return {nullptr, 0};
}

}  // namespace gradsmith::bench
