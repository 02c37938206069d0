// This machine's limits, so that figures can be read as shares of them: FMA throughput of one thread, and of two, by
// instruction set. Prints one JSON object. Kernels are held in registers by asm, so the compiler cannot simplify them
// away.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <vector>

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

#if defined(__x86_64__)
// 12 independent chains hide the latency of an FMA (4 cycles, two a cycle, on every AVX core).
#define CHAINS(ins, r)                                                                                           \
  ins " %%" r "12,%%" r "13,%%" r "0\n" ins " %%" r "12,%%" r "13,%%" r "1\n" ins " %%" r "12,%%" r "13,%%" r    \
      "2\n" ins " %%" r "12,%%" r "13,%%" r "3\n" ins " %%" r "12,%%" r "13,%%" r "4\n" ins " %%" r "12,%%" r    \
      "13,%%" r "5\n" ins " %%" r "12,%%" r "13,%%" r "6\n" ins " %%" r "12,%%" r "13,%%" r "7\n" ins " %%" r    \
      "12,%%" r "13,%%" r "8\n" ins " %%" r "12,%%" r "13,%%" r "9\n" ins " %%" r "12,%%" r "13,%%" r "10\n" ins \
      " %%" r "12,%%" r "13,%%" r "11\n"
#define CLOBBERS \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13"
__attribute__((target("avx2,fma"))) void fma_256(long n) {
  asm volatile("vxorps %%ymm12,%%ymm12,%%ymm12\n vmovaps %%ymm12,%%ymm13\n" ::: "xmm12", "xmm13");
  for (long i = 0; i < n; ++i) asm volatile(CHAINS("vfmadd231ps", "ymm")::: CLOBBERS);
}
__attribute__((target("avx512f"))) void fma_512(long n) {
  asm volatile("vpxorq %%zmm12,%%zmm12,%%zmm12\n vmovdqa64 %%zmm12,%%zmm13\n" ::: "xmm12", "xmm13");
  for (long i = 0; i < n; ++i) asm volatile(CHAINS("vfmadd231ps", "zmm")::: CLOBBERS);
}
#endif

/// GFLOP/s of `threads` threads at once: median of several runs.
double gflops(void (*kernel)(long), double flops_per_loop, int threads) {
  constexpr long kLoops = 2'000'000;
  std::vector<double> rates;
  for (int run = 0; run < 9; ++run) {
    const double start = now();
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(kernel, kLoops);
    kernel(kLoops);
    for (std::thread& t : others) t.join();
    rates.push_back(flops_per_loop * kLoops * threads / (now() - start) / 1e9);
  }
  std::sort(rates.begin(), rates.end());
  return rates[rates.size() / 2];
}

}  // namespace

int main() {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  std::printf("{\"cores\": %d", cores);
#if defined(__x86_64__)
  for (const int threads : {1, std::min(2, cores)}) {
    if (__builtin_cpu_supports("fma")) {
      std::printf(", \"avx2_%d\": %.1f", threads, gflops(fma_256, 12 * 8 * 2, threads));
    }
    if (__builtin_cpu_supports("avx512f")) {
      std::printf(", \"avx512_%d\": %.1f", threads, gflops(fma_512, 12 * 16 * 2, threads));
    }
    if (cores == 1) break;
  }
#endif
  std::printf("}\n");
  return 0;
}
