// This machine's limits, so that figures can be read as shares of them: FMA throughput by instruction set, and
// bandwidth by level of the memory hierarchy, on several numbers of threads. Prints one JSON object:
//   {"threads": [1, 2], "fma": {"avx512 float32": [GFLOP/s on 1, on 2], …},
//    "capacity": {"L1": bytes, "L2": bytes}, "bandwidth": {"read L1": [GB/s, …], …}}
// Each figure is the best of some runs: a limit is what the machine can do.
//
//   peak THREADS...
//   peak --fma THREADS...    the rows of float32 and bfloat16 alone, in some milliseconds
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string_view>
#include <thread>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "gemm_peak.h"

namespace {

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Best rate of `threads` threads that start together; `work` is each one's.
double best_rate(int threads, int runs, double work, const std::function<void(int)>& body) {
  double best = 0;
  for (int run = 0; run < runs; ++run) {
    std::atomic<int> waiting{threads};
    std::vector<double> seconds(static_cast<size_t>(threads));
    const auto one = [&](int t) {
      --waiting;
      while (waiting.load() > 0) {
      }
      const double start = now();
      body(t);
      seconds[static_cast<size_t>(t)] = now() - start;
    };
    std::vector<std::thread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(one, t);
    one(0);
    for (std::thread& t : others) t.join();
    best = std::max(best, work * threads / *std::max_element(seconds.begin(), seconds.end()) / 1e9);
  }
  return best;
}

// ---- FMA. 12 independent chains hide the latency (4 cycles, two a cycle). In asm, so that the compiler cannot
// simplify them.

struct Fma {
  const char* name;
  void (*burn)(long loops);
  double flops;  // a loop
};

#if defined(__x86_64__)
#define EACH(ins, r, i) ins " %%" r "12,%%" r "13,%%" r #i "\n"
#define CHAINS(ins, r) \
  EACH(ins, r, 0)      \
  EACH(ins, r, 1)      \
  EACH(ins, r, 2)      \
  EACH(ins, r, 3)      \
  EACH(ins, r, 4)      \
  EACH(ins, r, 5) EACH(ins, r, 6) EACH(ins, r, 7) EACH(ins, r, 8) EACH(ins, r, 9) EACH(ins, r, 10) EACH(ins, r, 11)
#define CLOBBERS \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13"
#define BURN(name, features, clear, ins, r)                                                                       \
  __attribute__((target(features))) void name(long loops) {                                                       \
    asm volatile(clear " %%" r "12,%%" r "12,%%" r "12\n" clear " %%" r "13,%%" r "13,%%" r "13\n" ::: CLOBBERS); \
    for (long i = 0; i < loops; ++i) asm volatile(CHAINS(ins, r)::: CLOBBERS);                                    \
  }
BURN(fma_512, "avx512f", "vpxorq", "vfmadd231ps", "zmm")
BURN(fma_512d, "avx512f", "vpxorq", "vfmadd231pd", "zmm")
BURN(dot_512, "avx512bf16", "vpxorq", "vdpbf16ps", "zmm")
BURN(fma_256, "avx2,fma", "vpxor", "vfmadd231ps", "ymm")
BURN(fma_256d, "avx2,fma", "vpxor", "vfmadd231pd", "ymm")
/// The baseline of x86-64 has no FMA: six multiplications and six additions of four floats.
#define TWO(i, j) "mulps %%xmm12,%%xmm" #i "\n addps %%xmm12,%%xmm" #j "\n"
void mul_add_128(long loops) {
  asm volatile("pxor %%xmm12,%%xmm12\n" ::: CLOBBERS);
  for (long i = 0; i < loops; ++i)
    asm volatile(TWO(0, 1) TWO(2, 3) TWO(4, 5) TWO(6, 7) TWO(8, 9) TWO(10, 11)::: CLOBBERS);
}

bool has_256() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

std::vector<Fma> fma_kinds(bool all) {
  std::vector<Fma> kinds;
  const bool fma = has_256();
  if (__builtin_cpu_supports("avx512f")) kinds.push_back({"avx512 float32", fma_512, 12 * 32});
  if (fma) kinds.push_back({"avx2 float32", fma_256, 12 * 16});
  kinds.push_back({"scalar float32", mul_add_128, 12 * 4});
  if (gradsmith::amx_bf16_granted()) {
    kinds.push_back({"avx512 bfloat16", gradsmith::bench::dot_amx, gradsmith::bench::kDotAmxFlops});
  } else if (__builtin_cpu_supports("avx512bf16")) {
    kinds.push_back({"avx512 bfloat16", dot_512, 12 * 64});
  }
  if (!all) return kinds;
  if (__builtin_cpu_supports("avx512f")) kinds.push_back({"avx512 float64", fma_512d, 12 * 16});
  if (fma) kinds.push_back({"avx2 float64", fma_256d, 12 * 8});
  return kinds;
}
#elif defined(__aarch64__)
#define EACH(i) "fmla v" #i ".4s, v12.4s, v13.4s\n"
#define EACHD(i) "fmla v" #i ".2d, v12.2d, v13.2d\n"
#define ALL(e) e(0) e(1) e(2) e(3) e(4) e(5) e(6) e(7) e(16) e(17) e(18) e(19)
#define CLOBBERS "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v12", "v13", "v16", "v17", "v18", "v19"
void fma_128(long loops) {
  asm volatile("movi v12.4s, #0\n movi v13.4s, #0\n" ::: CLOBBERS);
  for (long i = 0; i < loops; ++i) asm volatile(ALL(EACH)::: CLOBBERS);
}
void fma_128d(long loops) {
  asm volatile("movi v12.4s, #0\n movi v13.4s, #0\n" ::: CLOBBERS);
  for (long i = 0; i < loops; ++i) asm volatile(ALL(EACHD)::: CLOBBERS);
}
std::vector<Fma> fma_kinds(bool all) {
  std::vector<Fma> kinds = {{"neon float32", fma_128, 12 * 8}};
  if (all) kinds.push_back({"neon float64", fma_128d, 12 * 4});
  return kinds;
}
#else
std::vector<Fma> fma_kinds(bool) { return {}; }
#endif

// ---- bandwidth: a sum over an array, and a[i] = b[i] + q·c[i] over three.

using Floats = float*;

#if defined(__x86_64__)
#define WIDE __attribute__((target("avx512f")))
WIDE float read_512(const float* p, size_t n) {
  __m512 sum[8] = {};
  for (size_t i = 0; i + 128 <= n; i += 128)
    for (size_t k = 0; k < 8; ++k) sum[k] = _mm512_add_ps(sum[k], _mm512_load_ps(p + i + 16 * k));
  for (size_t k = 1; k < 8; ++k) sum[0] = _mm512_add_ps(sum[0], sum[k]);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, sum[0]);
  return lanes[0] + lanes[15];
}
WIDE void triad_512(float* a, const float* b, const float* c, size_t n) {
  const __m512 q = _mm512_set1_ps(0.5f);
  for (size_t i = 0; i + 16 <= n; i += 16)
    _mm512_store_ps(a + i, _mm512_fmadd_ps(q, _mm512_load_ps(c + i), _mm512_load_ps(b + i)));
}
#define HALF __attribute__((target("avx2,fma")))
HALF float read_256(const float* p, size_t n) {
  __m256 sum[8] = {};
  for (size_t i = 0; i + 64 <= n; i += 64)
    for (size_t k = 0; k < 8; ++k) sum[k] = _mm256_add_ps(sum[k], _mm256_load_ps(p + i + 8 * k));
  for (size_t k = 1; k < 8; ++k) sum[0] = _mm256_add_ps(sum[0], sum[k]);
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, sum[0]);
  return lanes[0] + lanes[7];
}
HALF void triad_256(float* a, const float* b, const float* c, size_t n) {
  const __m256 q = _mm256_set1_ps(0.5f);
  for (size_t i = 0; i + 8 <= n; i += 8)
    _mm256_store_ps(a + i, _mm256_fmadd_ps(q, _mm256_load_ps(c + i), _mm256_load_ps(b + i)));
}
#endif
/// Elsewhere: four accumulators of 32 bytes, which the compiler maps to what there is.
typedef float Lanes __attribute__((vector_size(32)));
float read_lanes(const float* p, size_t n) {
  Lanes sum[4] = {};
  const auto* v = reinterpret_cast<const Lanes*>(p);
  for (size_t i = 0; i + 4 <= n / 8; i += 4)
    for (size_t k = 0; k < 4; ++k) sum[k] += v[i + k];
  sum[0] += sum[1] + sum[2] + sum[3];
  return sum[0][0] + sum[0][5];
}
void triad_lanes(float* a, const float* b, const float* c, size_t n) {
  for (size_t i = 0; i + 8 <= n; i += 8)
    *reinterpret_cast<Lanes*>(a + i) =
        *reinterpret_cast<const Lanes*>(b + i) + 0.5f * *reinterpret_cast<const Lanes*>(c + i);
}

volatile float sink;

void read(const float* p, size_t n) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    sink = read_512(p, n);
    return;
  }
  if (has_256()) {
    sink = read_256(p, n);
    return;
  }
#endif
  sink = read_lanes(p, n);
}
void triad(float* a, const float* b, const float* c, size_t n) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    triad_512(a, b, c, n);
    asm volatile("" ::: "memory");
    return;
  }
  if (has_256()) {
    triad_256(a, b, c, n);
    asm volatile("" ::: "memory");
    return;
  }
#endif
  triad_lanes(a, b, c, n);
  asm volatile("" ::: "memory");
}

/// On huge pages where the system has them, so that the translation of addresses is not what is measured.
Floats allocate(size_t bytes) {
  constexpr size_t kPage = size_t{2} << 20;
  bytes = (bytes + kPage - 1) / kPage * kPage;
  void* p = std::aligned_alloc(kPage, bytes);
  if (p == nullptr) std::abort();
#ifdef MADV_HUGEPAGE
  madvise(p, bytes, MADV_HUGEPAGE);
#endif
  std::memset(p, 0, bytes);
  return static_cast<Floats>(p);
}

struct Level {
  const char* name;
  size_t bytes;  // a thread's working set
};

/// Half of each cache, so that it holds. Of the third level, which is shared, 4 MiB a thread: virtual machines report
/// the sum over a socket.
std::vector<Level> levels() {
  size_t l1 = size_t{32} << 10, l2 = size_t{1} << 20;
#ifdef _SC_LEVEL2_CACHE_SIZE
  if (const long bytes = sysconf(_SC_LEVEL1_DCACHE_SIZE); bytes > 0) l1 = static_cast<size_t>(bytes);
  if (const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE); bytes > 0) l2 = static_cast<size_t>(bytes);
#endif
  return {{"L1", l1 / 2}, {"L2", l2 / 2}, {"L3", std::max(3 * l2, size_t{4} << 20)}, {"DRAM", size_t{256} << 20}};
}

void print_list(const char* name, bool first, const std::vector<double>& values) {
  std::printf("%s\"%s\": [", first ? "" : ", ", name);
  for (size_t i = 0; i < values.size(); ++i) std::printf("%s%.1f", i ? ", " : "", values[i]);
  std::printf("]");
}

void print_fma(const std::vector<int>& threads, bool all) {
  std::printf("\"fma\": {");
  bool first = true;
  for (const Fma& kind : fma_kinds(all)) {
    std::vector<double> rates;
    const long loops = all ? 1'000'000 : 250'000;
    for (const int n : threads) {
      rates.push_back(
          best_rate(n, all ? 9 : 5, kind.flops * static_cast<double>(loops), [&](int) { kind.burn(loops); }));
    }
    print_list(kind.name, first, rates);
    first = false;
  }
  std::printf("}");
}

void print_bandwidth(const std::vector<int>& threads) {
  const int most = *std::max_element(threads.begin(), threads.end());
  const size_t largest = levels().back().bytes;
  std::vector<std::vector<Floats>> arrays(static_cast<size_t>(most));
  for (auto& own : arrays) own = {allocate(largest), allocate(largest / 3), allocate(largest / 3)};
  std::printf("\"capacity\": {\"L1\": %zu, \"L2\": %zu}, \"bandwidth\": {", 2 * levels()[0].bytes,
              2 * levels()[1].bytes);
  bool first = true;
  for (const Level& level : levels()) {
    const size_t n = level.bytes / 4, third = n / 3 / 16 * 16;
    const size_t loops = std::max<size_t>(1, (size_t{400} << 20) / level.bytes);
    std::vector<double> reads, triads;
    for (const int t : threads) {
      const double bytes = static_cast<double>(loops) * 4;
      reads.push_back(best_rate(t, 7, bytes * static_cast<double>(n), [&](int i) {
        for (size_t r = 0; r < loops; ++r) read(arrays[static_cast<size_t>(i)][0], n);
      }));
      triads.push_back(best_rate(t, 7, bytes * static_cast<double>(3 * third), [&](int i) {
        const auto& own = arrays[static_cast<size_t>(i)];
        for (size_t r = 0; r < loops; ++r) triad(own[0], own[1], own[2], third);
      }));
    }
    char name[32];
    std::snprintf(name, sizeof name, "read %s", level.name);
    print_list(name, first, reads);
    std::snprintf(name, sizeof name, "triad %s", level.name);
    print_list(name, false, triads);
    first = false;
  }
  std::printf("}");
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<int> threads;
  bool all = true;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--fma")
      all = false;
    else
      threads.push_back(std::clamp(std::atoi(argv[i]), 1, 256));
  }
  if (threads.empty()) threads = {1};
  std::printf("{\"threads\": [");
  for (size_t i = 0; i < threads.size(); ++i) std::printf("%s%d", i ? ", " : "", threads[i]);
  std::printf("], ");
  print_fma(threads, all);
  if (all) {
    std::printf(", ");
    print_bandwidth(threads);
  }
  std::printf("}\n");
  return 0;
}
