// Matrix products on one thread and on two: GFLOP/s and share of the FMA peak on as many, measured in turns with the
// product so that the clock's drift cancels. Wall time; of many short samples the median, and the best quarter's worst
// (what the product does when nobody else wants the core).
//   gemm_bench [part of a row's name]        GRADSMITH_ISA= chooses the level
//   gemm_bench sweep [THREADS]               n x n x n and thin shapes for n = 1 … 2048, as JSON
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_pool.h"
#include "base/thread_pool.h"
#include "gemm_peak.h"
#include "kernels/kernel_table.h"

namespace {

using namespace gradsmith;
using bench::now;
using kernels::GemmPlan;
using kernels::GemmShape;

struct Row {
  const char* name;
  ptrdiff_t m, n, k;
  char a, b;          // 'N' or 'T'
  int one, two;       // targets: % of the peak of one thread, of two; 0: none
  bool add = false;   // C += alpha·A·B
  bool bf16 = false;  // operands rounded to bfloat16
};

constexpr Row kRows[] = {
    {"16^3", 16, 16, 16, 'N', 'N', 20, 0},
    {"32^3", 32, 32, 32, 'N', 'N', 50, 0},
    {"64^3", 64, 64, 64, 'N', 'N', 75, 40},
    {"128^3", 128, 128, 128, 'N', 'N', 85, 60},
    {"256^3", 256, 256, 256, 'N', 'N', 91, 82},
    {"512^3", 512, 512, 512, 'N', 'N', 93, 90},
    {"1024^3", 1024, 1024, 1024, 'N', 'N', 93, 90},
    {"2048^3", 2048, 2048, 2048, 'N', 'N', 93, 90},
    {"W1 64x100x1000 NN", 64, 100, 1000, 'N', 'N', 85, 70},
    {"W1 1000x100x64 TN", 1000, 100, 64, 'T', 'N', 85, 75},
    {"W1 1000x100x64 TN +=", 1000, 100, 64, 'T', 'N', 85, 75, true},
    {"W1 64x10x100 NN", 64, 10, 100, 'N', 'N', 45, 0},
    {"W1 100x10x64 TN +=", 100, 10, 64, 'T', 'N', 0, 0, true},
    {"W1 64x100x10 NT", 64, 100, 10, 'N', 'T', 0, 0},
    {"W2 128x512x784 NN", 128, 512, 784, 'N', 'N', 90, 84},
    {"W2 784x512x128 TN", 784, 512, 128, 'T', 'N', 91, 86},
    {"W2 784x512x128 TN +=", 784, 512, 128, 'T', 'N', 91, 86, true},
    {"W2 128x784x512 NT", 128, 784, 512, 'N', 'T', 90, 84},
    {"W2 128x256x512 NN", 128, 256, 512, 'N', 'N', 0, 0},
    {"W2 512x256x128 TN", 512, 256, 128, 'T', 'N', 0, 0},
    {"W2 128x512x256 NT", 128, 512, 256, 'N', 'T', 0, 0},
    {"W2 128x512x784 NT", 128, 512, 784, 'N', 'T', 0, 0},
    {"W2 128x256x512 NT", 128, 256, 512, 'N', 'T', 0, 0},
    {"W2 512x784x128 TN", 512, 784, 128, 'T', 'N', 0, 0},
    {"W2 128x512x256 NN", 128, 512, 256, 'N', 'N', 0, 0},
    {"W2 128x10x256 NT", 128, 10, 256, 'N', 'T', 0, 0},
    {"W2 128x10x256 NN", 128, 10, 256, 'N', 'N', 55, 38},
    {"W2 256x10x128 TN", 256, 10, 128, 'T', 'N', 0, 0},
    {"W2 128x256x10 NT", 128, 256, 10, 'N', 'T', 0, 0},
    {"256x1024x1024 NN", 256, 1024, 1024, 'N', 'N', 93, 90},
    {"row 1x512x784 NN", 1, 512, 784, 'N', 'N', 0, 0},
    {"row 1x512x784 NT", 1, 512, 784, 'N', 'T', 0, 0},
    {"row 1x256x512 NN", 1, 256, 512, 'N', 'N', 0, 0},
    {"row 1x10x256 NN", 1, 10, 256, 'N', 'N', 0, 0},
    {"bf16 64^3", 64, 64, 64, 'N', 'N', 0, 0, false, true},
    {"bf16 256^3", 256, 256, 256, 'N', 'N', 0, 0, false, true},
    {"bf16 512^3", 512, 512, 512, 'N', 'N', 85, 80, false, true},
    {"bf16 2048^3", 2048, 2048, 2048, 'N', 'N', 85, 80, false, true},
    {"bf16 W2 128x512x784 NN", 128, 512, 784, 'N', 'N', 0, 0, false, true},
    {"bf16 W2 128x512x784 NT", 128, 512, 784, 'N', 'T', 0, 0, false, true},
    {"bf16 W2 784x512x128 TN", 784, 512, 128, 'T', 'N', 0, 0, false, true},
    {"bf16 W2 128x784x512 NN", 128, 784, 512, 'N', 'N', 0, 0, false, true},
    {"bf16 W2 128x784x512 NT", 128, 784, 512, 'N', 'T', 0, 0, false, true},
    {"bf16 W2 128x10x256 NT", 128, 10, 256, 'N', 'T', 0, 0, false, true},
    {"bf16 row 1x512x784 NN", 1, 512, 784, 'N', 'N', 0, 0, false, true},
    {"bf16 row 1x512x784 NT", 1, 512, 784, 'N', 'T', 0, 0, false, true},
    {"W5 4x16x2 NN", 4, 16, 2, 'N', 'N', 0, 0},
    {"W5 4x1x16 NN", 4, 1, 16, 'N', 'N', 0, 0},
    {"W5 16x1x4 TN +=", 16, 1, 4, 'T', 'N', 0, 0, true},
    {"W5 4x16x1 NT", 4, 16, 1, 'N', 'T', 0, 0},
};

/// A product with its operands, on the pages that plans use.
class Product {
 public:
  Product(const Row& r, const kernels::GemmFunctions& gemm)
      : flops_(2.0 * double(r.m) * double(r.n) * double(r.k)),
        alpha_(r.add ? 1e-9 : 1.0),
        plan_(gemm.plan(shape_of(r))),
        a_(floats(r.m * r.k)),
        b_(floats(r.k * r.n)),
        c_(floats(r.m * r.n)),
        workspace_(plan_.workspace_bytes),
        scratch_(plan_.scratch_bytes) {
    fill(a_), fill(b_);
  }

  void run() {
    kernels::GemmPointers p{c_.data(), a_.data(), b_.data(), alpha_};
    p.workspace = workspace_.data();
    phase(plan_.run, plan_.parts, p);
    if (plan_.finish_parts > 0) phase(plan_.finish, plan_.finish_parts, p);
  }

  double flops() const { return flops_; }
  const GemmPlan& plan() const { return plan_; }

 private:
  static GemmShape shape_of(const Row& r) {
    GemmShape s{};
    s.m = r.m, s.n = r.n, s.k = r.k;
    s.a_row = r.a == 'N' ? r.k : 1, s.a_col = r.a == 'N' ? 1 : r.m;
    s.b_row = r.b == 'N' ? r.n : 1, s.b_col = r.b == 'N' ? 1 : r.k;
    s.c_row = r.n;
    s.accumulate = r.add;
    return s;
  }
  static Block floats(ptrdiff_t count) { return Block(static_cast<size_t>(count) * sizeof(float)); }
  static void fill(const Block& block) {
    auto* p = reinterpret_cast<float*>(block.data());
    for (size_t i = 0; i < block.size() / sizeof(float); i++) p[i] = static_cast<float>(i * 7919 % 1009) / 1009 - 0.5f;
  }
  void phase(kernels::GemmRun how, size_t parts, const kernels::GemmPointers& p) {
    if (parts == 1) return how(plan_, p, 0, scratch_.data());
    ThreadPool::instance().run(parts, scratch_.data(), plan_.scratch_bytes,
                               [&](size_t part, void* scratch) { how(plan_, p, part, scratch); });
  }

  double flops_, alpha_;
  GemmPlan plan_;
  Block a_, b_, c_, workspace_, scratch_;
};

/// FLOP/s of the peak's loop on `threads` threads.
double measure_peak(const bench::Peak& peak, long loops, size_t threads) {
  const double start = now();
  ThreadPool::instance().run(threads, nullptr, 0, [&](size_t, void*) { peak.run(loops); });
  return peak.flops * double(loops) * double(threads) / (now() - start);
}

double quantile(std::vector<double> v, double q) {
  std::sort(v.begin(), v.end());
  return v[static_cast<size_t>(q * double(v.size() - 1) + 0.5)];
}

struct Result {
  double seconds;            // median
  double best_seconds;       // the best quarter's worst
  double share, best_share;  // of the peak, in %; 0: not known
};

/// The peak is that of `peak_threads`, times as many as fit in `threads`.
Result measure(Product& product, const bench::Peak& peak, size_t threads, double budget, size_t peak_threads) {
  ThreadPool::instance().set_threads(threads);
  const ThreadPool::Busy busy(ThreadPool::instance(), true, 1e9);
  product.run();
  const double sample = std::clamp(product.flops() / 1e11, 3e-4, 1.0);  // seconds
  double start = now();
  product.run();
  const long repeats = std::max(1L, static_cast<long>(sample / std::max(now() - start, 1e-8)));
  std::vector<double> seconds, peaks;
  const double end = now() + budget;
  while (seconds.size() < 5 || (now() < end && seconds.size() < 300)) {
    if (peak.run) peaks.push_back(measure_peak(peak, 20000, peak_threads) * double(threads / peak_threads));
    start = now();
    for (long i = 0; i < repeats; i++) product.run();
    seconds.push_back((now() - start) / double(repeats));
  }
  Result r{quantile(seconds, 0.5), quantile(seconds, 0.25), 0, 0};
  if (!peak.run) return r;
  r.share = 100 * product.flops() / r.seconds / quantile(peaks, 0.5);
  r.best_share = 100 * product.flops() / r.best_seconds / quantile(peaks, 0.75);
  return r;
}

void print_plan(const GemmPlan& plan) {
  std::printf("  %dk %db %dm %dn", plan.grid_k, plan.grid_batch, plan.grid_m, plan.grid_n);
  for (int i = 0; i < plan.pieces; i++) {
    const auto& p = plan.piece[i];
    std::printf(" [%td:%td) %s%s%s%s", p.n0, p.n1, p.method == kernels::GemmMethod::kTiles ? "tiles" : "dots",
                p.across ? " across" : "", p.pack_a ? " +A" : "", p.pack_b ? " +B" : "");
  }
  std::printf(" est %.2f us\n", plan.cost_ns / 1e3);
}

void table(const kernels::KernelTable& level, const char* filter) {
  std::printf("%-24s | 1 thread: GFLOP/s, us,  share (quiet) target | 2 threads\n", level.isa);
  for (const Row& row : kRows) {
    if (filter && !std::strstr(row.name, filter)) continue;
    Product product(row, row.bf16 ? level.gemm.bf16 : level.gemm.f32);
    const bench::Peak peak = bench::peak_of(level.isa, row.bf16 && level.gemm.bf16.traits.terms == 2);
    std::printf("%-24s", row.name);
    for (const size_t threads : {size_t{1}, size_t{2}}) {
      const Result r = measure(product, peak, threads, filter ? 0.4 : 0.12, threads);
      const int target = threads == 1 ? row.one : row.two;
      std::printf(" | %7.1f %9.2f %5.1f %% (%5.1f)", product.flops() / r.seconds / 1e9, r.seconds * 1e6, r.share,
                  r.best_share);
      if (target) std::printf(" t%d", target);
      if (!target) std::printf("    ");
    }
    print_plan(product.plan());
    std::fflush(stdout);
  }
}

/// Each up to 20, where ways to compute begin and end; then nine an octave, one of which is just above a power of two.
std::vector<ptrdiff_t> sizes() {
  std::vector<ptrdiff_t> result;
  for (ptrdiff_t n = 1; n <= 20; n++) result.push_back(n);
  for (ptrdiff_t octave = 16; octave < 2048; octave *= 2) {
    if (octave > 16) result.push_back(octave + 1);
    for (ptrdiff_t eighth = 1; eighth <= 8; eighth++) {
      if (const ptrdiff_t n = octave + octave / 8 * eighth; n > 20) result.push_back(n);
    }
  }
  return result;
}

/// Share over size, to see that no way to compute leaves a cliff to the next, as one JSON object. bench/sweep.mjs draws
/// it. The peak is one thread's, times their number: so short a loop on all of them says more of the scheduler.
void sweep(const kernels::KernelTable& level, size_t threads) {
  const bench::Peak peak = bench::peak_of(level.isa);
  std::printf("{\"isa\": \"%s\", \"threads\": %zu, \"known\": %s, \"points\": [", level.isa, threads,
              peak.run ? "true" : "false");
  const char* comma = "";
  for (const ptrdiff_t n : sizes()) {
    const Row rows[] = {{"n x n x n", n, n, n, 'N', 'N', 0, 0},
                        {"64 x n x 256", 64, n, 256, 'N', 'N', 0, 0},
                        {"n x 64 x 256", n, 64, 256, 'N', 'N', 0, 0},
                        {"128 x 128 x n", 128, 128, n, 'N', 'N', 0, 0}};
    for (const Row& row : rows) {
      Product product(row, level.gemm.f32);
      std::printf("%s\n{\"shape\": \"%s\", \"n\": %td, \"share\": %.1f}", comma, row.name, n,
                  measure(product, peak, threads, 0.02, 1).best_share);
      comma = ",";
    }
  }
  std::printf("\n]}\n");
}

}  // namespace

int main(int argc, char** argv) {
  const kernels::KernelTable& level = kernels::kernel_table();
  if (argc > 1 && std::string_view(argv[1]) == "sweep") {
    sweep(level, argc > 2 ? std::stoul(argv[2]) : 1);
  } else {
    table(level, argc > 1 ? argv[1] : nullptr);
  }
}
