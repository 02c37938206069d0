// What the second core brings to the products of a training step, one region of the pool after the other over weights
// that stay: for W1 and W2 the large products of forward, gradient and update. Compared with two copies that share
// nothing, which is the most that two cores can do.
//   gemm_cores_bench
#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "base/memory_pool.h"
#include "base/pause.h"
#include "base/thread_pool.h"
#include "gemm_peak.h"
#include "kernels/kernel_table.h"
#include "plan/buffer.h"

namespace {

using namespace gradsmith;
using bench::now;
using kernels::GemmPlan;
using kernels::GemmShape;

struct Layer {
  ptrdiff_t rows, in, out;
  bool first;  // its input needs no gradient
};

/// y = x·w; dx = dy·wᵀ; w += rate·xᵀ·dy for each layer, forward then backward.
class Step {
 public:
  explicit Step(const std::vector<Layer>& layers) {
    const kernels::GemmFunctions& gemm = kernels::kernel_table().gemm.f32;
    for (const Layer& l : layers) memory_.push_back(std::make_unique<Memory>(l));
    for (size_t i = 0; i < layers.size(); i++) {
      const Layer& l = layers[i];
      Memory& m = *memory_[i];
      add(gemm, product(l.rows, l.out, l.in, {l.in, 1}, {l.out, 1}, false), m.y.data(), m.x.data(), m.w.data());
    }
    for (size_t i = layers.size(); i-- > 0;) {
      const Layer& l = layers[i];
      Memory& m = *memory_[i];
      if (!l.first)
        add(gemm, product(l.rows, l.in, l.out, {l.out, 1}, {1, l.out}, false), m.dx.data(), m.y.data(), m.w.data());
      add(gemm, product(l.in, l.out, l.rows, {1, l.in}, {l.out, 1}, true), m.w.data(), m.x.data(), m.y.data());
    }
    size_t scratch = 0, workspace = 0;
    for (const Call& call : calls_) {
      scratch = std::max(scratch, call.plan.scratch_bytes);
      workspace = std::max(workspace, call.plan.workspace_bytes);
    }
    scratch_ = Block(scratch);
    workspace_ = Block(workspace);
  }

  double flops() const { return flops_; }

  void run_alone() {
    for (const Call& call : calls_) {
      const kernels::GemmPointers p = pointers(call);
      for (size_t part = 0; part < call.plan.parts; part++) call.plan.run(call.plan, p, part, scratch_.data());
      for (size_t part = 0; part < call.plan.finish_parts; part++) {
        call.plan.finish(call.plan, p, part, scratch_.data());
      }
    }
  }

  void run_in_pool() {
    for (const Call& call : calls_) {
      const kernels::GemmPointers p = pointers(call);
      phase(call, call.plan.run, call.plan.parts, p);
      phase(call, call.plan.finish, call.plan.finish_parts, p);
    }
  }

 private:
  struct Memory {
    explicit Memory(const Layer& l)
        : x(size(l.rows * l.in)),
          y(size(l.rows * l.out)),
          dx(size(l.rows * l.in)),
          w(size(l.in * l.out), static_cast<size_t>(l.in)) {}
    static size_t size(ptrdiff_t elements) { return static_cast<size_t>(elements) * sizeof(float); }
    Block x, y, dx;
    plan::Buffer w;
  };
  struct Strides {
    ptrdiff_t row, column;
  };
  struct Call {
    GemmPlan plan;
    char *c, *a, *b;
  };

  static GemmShape product(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, Strides a, Strides b, bool accumulate) {
    GemmShape s{};
    s.m = m, s.n = n, s.k = k;
    s.a_row = a.row, s.a_col = a.column, s.b_row = b.row, s.b_col = b.column;
    s.c_row = n;
    s.accumulate = accumulate;
    return s;
  }
  void add(const kernels::GemmFunctions& gemm, const GemmShape& s, char* c, char* a, char* b) {
    calls_.push_back({gemm.plan(s), c, a, b});
    flops_ += 2.0 * double(s.m) * double(s.n) * double(s.k);
  }
  kernels::GemmPointers pointers(const Call& call) const {
    kernels::GemmPointers p{call.c, call.a, call.b, 1e-9};
    p.workspace = workspace_.data();
    return p;
  }
  void phase(const Call& call, kernels::GemmRun how, size_t parts, const kernels::GemmPointers& p) {
    if (parts == 0) return;
    if (parts == 1) return how(call.plan, p, 0, scratch_.data());
    ThreadPool::instance().run(parts, scratch_.data(), scratch_.size(),
                               [&](size_t part, void* scratch) { how(call.plan, p, part, scratch); });
  }

  std::vector<std::unique_ptr<Memory>> memory_;
  std::vector<Call> calls_;
  Block scratch_, workspace_;
  double flops_ = 0;
};

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

/// Steps a second of both copies together, each on a thread of its own.
double two_copies(Step& mine, Step& other, long steps) {
  std::atomic<int> ready{0};
  double seconds[2];
  const auto body = [&](Step& step, double& result) {
    ready++;
    while (ready < 2) cpu_pause();
    const double start = now();
    for (long i = 0; i < steps; i++) step.run_alone();
    result = now() - start;
  };
  std::thread thread(body, std::ref(other), std::ref(seconds[1]));
  body(mine, seconds[0]);
  thread.join();
  return double(steps) / seconds[0] + double(steps) / seconds[1];
}

void compare(const char* name, const std::vector<Layer>& layers) {
  Step one(layers), other(layers);
  ThreadPool& pool = ThreadPool::instance();
  const ThreadPool::Busy busy(pool, true, 1e9);
  const long steps = std::max(1L, static_cast<long>(2e9 / one.flops()));
  const auto in_pool = [&](size_t threads) {
    pool.set_threads(threads);
    one.run_in_pool();
    const double start = now();
    for (long i = 0; i < steps; i++) one.run_in_pool();
    return double(steps) / (now() - start);
  };
  std::vector<double> single, both, copies;
  for (int round = 0; round < 31; round++) {
    single.push_back(in_pool(1));
    both.push_back(in_pool(2));
    copies.push_back(two_copies(one, other, steps));
  }
  std::printf(
      "%s: products of a step a second: one thread %.0f (%.0f GFLOP/s), two %.0f (%.2fx), two copies %.0f "
      "together (%.2fx): %.0f %% of what two cores can do\n",
      name, median(single), median(single) * one.flops() / 1e9, median(both), median(both) / median(single),
      median(copies), median(copies) / median(single), 100 * median(both) / median(copies));
}

}  // namespace

int main() {
  compare("W1", {{64, 1000, 100, true}});
  compare("W1, second layer too", {{64, 1000, 100, true}, {64, 100, 10, false}});
  compare("W2", {{128, 784, 512, true}, {128, 512, 256, false}, {128, 256, 10, false}});
  compare("784x512 alone", {{128, 784, 512, true}});
}
