// Matrix products on one thread: GFLOP/s and share of the FMA peak, measured in turns with the product so that the
// clock's drift cancels. Times are the thread's own CPU time, which other processes disturb least: the median, and the
// best.
//   gemm_bench [part of a row's name]        GRADSMITH_ISA= chooses the level
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/kernel_table.h"

namespace {

using gradsmith::kernels::Activation;
using gradsmith::kernels::GemmFunctions;
using gradsmith::kernels::GemmPlan;
using gradsmith::kernels::GemmShape;

double now() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

// 16 independent accumulators: two FMAs a cycle at 4 cycles each need 8.
#if defined(__x86_64__)
#define FMA16(r)                                                                     \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "0\n vfmadd231ps %%" r "16,%%" r "16,%%" r  \
  "1\n"                                                                              \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "2\n vfmadd231ps %%" r "16,%%" r "16,%%" r  \
  "3\n"                                                                              \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "4\n vfmadd231ps %%" r "16,%%" r "16,%%" r  \
  "5\n"                                                                              \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "6\n vfmadd231ps %%" r "16,%%" r "16,%%" r  \
  "7\n"                                                                              \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "8\n vfmadd231ps %%" r "16,%%" r "16,%%" r  \
  "9\n"                                                                              \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "10\n vfmadd231ps %%" r "16,%%" r "16,%%" r \
  "11\n"                                                                             \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "12\n vfmadd231ps %%" r "16,%%" r "16,%%" r \
  "13\n"                                                                             \
  "vfmadd231ps %%" r "16,%%" r "16,%%" r "14\n vfmadd231ps %%" r "16,%%" r "16,%%" r "15\n"
__attribute__((target("avx512f"))) double peak_avx512(long loops) {
  const auto start = now();
  asm volatile("vpxorq %%zmm16,%%zmm16,%%zmm16\n" ::: "xmm16");
  for (long i = 0; i < loops; i++) {
    asm volatile(FMA16("zmm")::
                     : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15");
  }
  return double(loops) * 16 * 16 * 2 / (now() - start);
}
__attribute__((target("avx2,fma"))) double peak_avx2(long loops) {
  const auto start = now();
  for (long i = 0; i < loops; i++) {
    asm volatile(
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm0\n vfmadd231ps %%ymm15,%%ymm15,%%ymm1\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm2\n vfmadd231ps %%ymm15,%%ymm15,%%ymm3\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm4\n vfmadd231ps %%ymm15,%%ymm15,%%ymm5\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm6\n vfmadd231ps %%ymm15,%%ymm15,%%ymm7\n"
        "vfmadd231ps %%ymm15,%%ymm15,%%ymm8\n vfmadd231ps %%ymm15,%%ymm15,%%ymm9\n" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm15");
  }
  return double(loops) * 10 * 8 * 2 / (now() - start);
}
/// FLOP/s, or 0 where the level has no measured peak.
double peak(std::string_view isa, long loops) {
  if (isa == "avx512") return peak_avx512(loops);
  if (isa == "avx2") return peak_avx2(loops);
  return 0;
}
#else
double peak(std::string_view, long) { return 0; }
#endif

struct Row {
  const char* name;
  ptrdiff_t m, n, k;
  char a, b;   // 'N' or 'T'
  int target;  // % of peak on one thread; 0: none
  bool accumulate = false;
  bool epilogue = false;  // bias and sigmoid
};

constexpr Row kRows[] = {
    {"16^3", 16, 16, 16, 'N', 'N', 20},
    {"32^3", 32, 32, 32, 'N', 'N', 50},
    {"64^3", 64, 64, 64, 'N', 'N', 75},
    {"128^3", 128, 128, 128, 'N', 'N', 85},
    {"256^3", 256, 256, 256, 'N', 'N', 91},
    {"512^3", 512, 512, 512, 'N', 'N', 93},
    {"1024^3", 1024, 1024, 1024, 'N', 'N', 93},
    {"2048^3", 2048, 2048, 2048, 'N', 'N', 93},
    {"W1 64x100x1000 NN", 64, 100, 1000, 'N', 'N', 85},
    {"W1 64x100x1000 NN sigmoid", 64, 100, 1000, 'N', 'N', 0, false, true},
    {"W1 1000x100x64 TN", 1000, 100, 64, 'T', 'N', 85},
    {"W1 1000x100x64 TN +=", 1000, 100, 64, 'T', 'N', 85, true},
    {"W1 64x10x100 NN", 64, 10, 100, 'N', 'N', 45},
    {"W1 100x10x64 TN +=", 100, 10, 64, 'T', 'N', 0, true},
    {"W1 64x100x10 NT", 64, 100, 10, 'N', 'T', 0},
    {"W2 128x512x784 NN", 128, 512, 784, 'N', 'N', 90},
    {"W2 128x512x784 NT", 128, 512, 784, 'N', 'T', 0},
    {"W2 784x512x128 TN", 784, 512, 128, 'T', 'N', 91},
    {"W2 128x784x512 NT", 128, 784, 512, 'N', 'T', 90},
    {"W2 128x256x512 NN", 128, 256, 512, 'N', 'N', 0},
    {"W2 512x256x128 TN", 512, 256, 128, 'T', 'N', 0},
    {"W2 128x512x256 NT", 128, 512, 256, 'N', 'T', 0},
    {"W2 128x10x256 NN", 128, 10, 256, 'N', 'N', 55},
    {"W2 256x10x128 TN", 256, 10, 128, 'T', 'N', 0},
    {"W2 128x256x10 NT", 128, 256, 10, 'N', 'T', 0},
    {"256x1024x1024 NN", 256, 1024, 1024, 'N', 'N', 93},
    {"row 1x512x784 NN", 1, 512, 784, 'N', 'N', 0},
    {"row 1x512x784 NT", 1, 512, 784, 'N', 'T', 0},
    {"row 1x256x512 NN", 1, 256, 512, 'N', 'N', 0},
    {"row 1x10x256 NN", 1, 10, 256, 'N', 'N', 0},
    {"W5 4x16x2 NN sigmoid", 4, 16, 2, 'N', 'N', 0, false, true},
    {"W5 4x1x16 NN", 4, 1, 16, 'N', 'N', 0},
    {"W5 16x1x4 TN +=", 16, 1, 4, 'T', 'N', 0, true},
    {"W5 4x16x1 NT", 4, 16, 1, 'N', 'T', 0},
    {"W5 2x16x4 TN +=", 2, 16, 4, 'T', 'N', 0, true},
};

GemmShape shape_of(const Row& r) {
  GemmShape s{};
  s.m = r.m, s.n = r.n, s.k = r.k;
  s.a_row = r.a == 'N' ? r.k : 1, s.a_col = r.a == 'N' ? 1 : r.m;
  s.b_row = r.b == 'N' ? r.n : 1, s.b_col = r.b == 'N' ? 1 : r.k;
  s.c_row = r.n;
  s.accumulate = r.accumulate;
  s.bias = r.epilogue;
  s.activation = r.epilogue ? Activation::kSigmoid : Activation::kNone;
  return s;
}

float* floats(ptrdiff_t count, float scale) {
  const size_t bytes = (static_cast<size_t>(count) * sizeof(float) + 63) / 64 * 64;
  auto* p = static_cast<float*>(std::aligned_alloc(64, bytes));
  for (ptrdiff_t i = 0; i < count; i++) p[i] = scale * static_cast<float>((i * 7919) % 1000 - 500);
  return p;
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

void measure(const Row& r, const char* isa, const GemmFunctions& gemm) {
  const GemmShape s = shape_of(r);
  const GemmPlan plan = gemm.plan(s);
  float *a = floats(r.m * r.k, 1e-3f), *b = floats(r.k * r.n, 1e-3f), *c = floats(r.m * r.n, 0),
        *bias = floats(r.n, 1e-3f);
  void* scratch = std::aligned_alloc(64, plan.scratch_bytes + 64);
  std::memset(scratch, 0, plan.scratch_bytes);
  const auto once = [&] {
    for (size_t part = 0; part < plan.parts; part++) {
      plan.run(plan, {c, a, b, r.epilogue ? bias : nullptr, r.accumulate ? 1e-9 : 1.0}, part, scratch);
    }
  };
  const double flops = 2.0 * double(r.m) * double(r.n) * double(r.k);
  const long repeats = std::max(1L, std::min(50000L, static_cast<long>(1e8 / (flops + 2000))));
  const int samples = flops > 1e9 ? 5 : 41;
  once();
  std::vector<double> shares, speeds;
  for (int i = 0; i < samples; i++) {
    const double before = peak(isa, 20000);
    const auto start = now();
    for (long q = 0; q < repeats; q++) once();
    const double seconds = (now() - start) / double(repeats);
    const double top = std::max(before, peak(isa, 20000));
    speeds.push_back(flops / seconds / 1e9);
    if (top > 0) shares.push_back(100 * flops / seconds / top);
  }
  const double speed = median(speeds), best = *std::max_element(speeds.begin(), speeds.end());
  std::printf("%-28s %9.1f GFLOP/s %9.3f us (best %9.3f)", r.name, speed, flops / speed / 1e3, flops / best / 1e3);
  if (!shares.empty())
    std::printf("  %5.1f %% (best %5.1f)", median(shares), *std::max_element(shares.begin(), shares.end()));
  if (r.target && !shares.empty()) std::printf(" target %d", r.target);
  std::printf("  parts %zu", plan.parts);
  for (int i = 0; i < plan.pieces; i++) {
    const auto& p = plan.piece[i];
    std::printf(" [%td:%td) %s%s%s%s", p.n0, p.n1,
                p.method == gradsmith::kernels::GemmMethod::kTiles ? "tiles" : "dots", p.across ? " across" : "",
                p.pack_a ? " +A" : "", p.pack_b ? " +B" : "");
  }
  std::printf(" est %.2f us\n", plan.cost_ns / 1e3);
  std::fflush(stdout);
  std::free(a), std::free(b), std::free(c), std::free(bias), std::free(scratch);
}

}  // namespace

int main(int argc, char** argv) {
  const gradsmith::kernels::KernelTable& table = gradsmith::kernels::kernel_table();
  std::printf("%s, float32, one thread; FMA peak %.1f GFLOP/s\n", table.isa, peak(table.isa, 2000000) / 1e9);
  for (const Row& row : kRows) {
    if (argc < 2 || std::strstr(row.name, argv[1])) measure(row, table.isa, table.gemm.f32);
  }
}
