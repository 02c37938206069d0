// Reductions, softmax and random numbers as instructions on one thread: nanoseconds a run, and elements a nanosecond.
// CPU time of the thread, which other processes disturb least: the median of rounds, and the best.
//   rows_bench [part of a row's name]        GRADSMITH_ISA= chooses the level
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/instruction.h"

namespace {

using namespace gradsmith;
using namespace gradsmith::plan;

double now_ns() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return 1e9 * static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec);
}

struct BenchContext final : PrepareContext {
  using PrepareContext::PrepareContext;
  Ref ref(const Operand& operand) const override { return {static_cast<uint32_t>(operand.buffer), 0}; }
};

Operand packed(int32_t buffer, DType dtype, const std::vector<int64_t>& dims) {
  Operand operand{buffer, dtype, 0, static_cast<int32_t>(dims.size()), {}, {}};
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0; stride *= dims[i]) {
    operand.dims[i] = dims[i];
    operand.strides[i] = stride;
  }
  return operand;
}
Operand f32(int32_t buffer, const std::vector<int64_t>& dims) { return packed(buffer, DType::kFloat32, dims); }

/// `elements`: what the rate counts.
void bench(std::string_view wanted, const char* name, const InstructionRow& row, const Instruction& instruction,
           const std::vector<void*>& bases, double elements) {
  if (std::string_view(name).find(wanted) == std::string_view::npos) return;
  row.verify(instruction);
  const auto prepared = row.prepare(instruction, BenchContext(kernels::kernel_table()));
  auto once = [&] {
    Fault fault;
    for (size_t part = 0; part < prepared->parts; part++) prepared->run(bases.data(), part, nullptr, fault);
  };
  const double start = now_ns();
  for (int i = 0; i < 5; i++) once();
  const double guess = (now_ns() - start) / 5;
  const int repeats = std::clamp(static_cast<int>(4e6 / (guess + 1)), 1, 200000);
  std::vector<double> times;
  for (int round = 0; round < 15; round++) {
    const double from = now_ns();
    for (int i = 0; i < repeats; i++) once();
    times.push_back((now_ns() - from) / repeats);
  }
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  std::printf("%-34s %12.1f %12.1f ns %8.2f elements/ns  (estimate %.0f ns, %zu parts)\n", name, median, times[0],
              elements / median, prepared->cost_ns, prepared->parts);
}

Instruction reduce(int32_t kind, const std::vector<int64_t>& y, const std::vector<int64_t>& x) {
  return {3, {kind}, {f32(0, y), f32(1, x)}};
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  std::printf("isa %s, 1 thread\n%-34s %12s %12s\n", kernels::kernel_table().isa, "", "median", "best");
  std::vector<float> y(1 << 24), x(1 << 24);
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<float>(i % 1013) * 0.01f;
  std::vector<int32_t> labels(128, 3);
  double seed = 1, draw = 2, low = 0, high = 10;
  std::vector<void*> xy = {y.data(), x.data()};

  bench(wanted, "sum rows 4x1 to 1", kReduceRow, reduce(0, {1, 1}, {4, 1}), xy, 4);
  bench(wanted, "sum columns 4x16", kReduceRow, reduce(0, {1, 16}, {4, 16}), xy, 64);
  bench(wanted, "sum columns 64x100", kReduceRow, reduce(0, {1, 100}, {64, 100}), xy, 6400);
  bench(wanted, "sum rows 128x10", kReduceRow, reduce(0, {128, 1}, {128, 10}), xy, 1280);
  bench(wanted, "max rows 128x10", kReduceRow, reduce(2, {128, 1}, {128, 10}), xy, 1280);
  bench(wanted, "sum rows 128x1000", kReduceRow, reduce(0, {128, 1}, {128, 1000}), xy, 128000);
  bench(wanted, "max rows 128x1000", kReduceRow, reduce(2, {128, 1}, {128, 1000}), xy, 128000);
  bench(wanted, "sum columns 128x1000", kReduceRow, reduce(0, {1, 1000}, {128, 1000}), xy, 128000);
  bench(wanted, "sum all 64x10", kReduceRow, reduce(0, {1, 1}, {64, 10}), xy, 640);
  bench(wanted, "sum all 2^24", kReduceRow, reduce(0, {1}, {1 << 24}), xy, 1 << 24);
  bench(wanted, "argmax rows 128x10", kArgReduceRow,
        {4, {0, 1}, {packed(0, DType::kInt32, {128, 1}), f32(1, {128, 10})}}, xy, 1280);
  for (const int64_t columns : {10, 1000}) {
    const double elements = 128.0 * static_cast<double>(columns);
    const char* names[] = {columns == 10 ? "softmax 128x10" : "softmax 128x1000",
                           columns == 10 ? "logSoftmax 128x10" : "logSoftmax 128x1000",
                           columns == 10 ? "crossEntropy 128x10" : "crossEntropy 128x1000",
                           columns == 10 ? "crossEntropyGrad 128x10" : "crossEntropyGrad 128x1000"};
    const Operand logits = f32(1, {128, columns}), d = f32(0, {128, columns});
    for (const int32_t log : {0, 1}) bench(wanted, names[log], kSoftmaxRow, {5, {log}, {d, logits}}, xy, elements);
    const Operand label = packed(2, DType::kInt32, {128});
    Operand dloss = f32(1, {128});
    dloss.strides[0] = 0;
    const std::vector<void*> bases = {y.data(), x.data(), labels.data()};
    bench(wanted, names[2], kCrossEntropyRow, {6, {}, {f32(0, {128}), logits, label}}, bases, elements);
    bench(wanted, names[3], kCrossEntropyGradRow, {7, {}, {d, logits, label, dloss}}, bases, elements);
  }
  for (const DType dtype : {DType::kFloat32, DType::kFloat64}) {
    const Operand out = packed(0, dtype, {1 << 20}), scalar = packed(1, DType::kFloat64, {});
    Operand second = scalar;
    second.buffer = 2;
    const std::vector<void*> bases = {y.data(), &seed, &draw};
    const bool single = dtype == DType::kFloat32;
    bench(wanted, single ? "uniform float32 2^20" : "uniform float64 2^20", kRandomRow,
          {11, {0}, {out, scalar, second}}, bases, 1 << 20);
    bench(wanted, single ? "normal float32 2^20" : "normal float64 2^20", kRandomRow, {11, {1}, {out, scalar, second}},
          bases, 1 << 20);
  }
  Instruction integers{11, {2}, {packed(0, DType::kInt32, {1 << 20})}};
  for (int32_t i = 1; i < 5; i++) integers.operands.push_back(packed(i, DType::kFloat64, {}));
  bench(wanted, "integer int32 2^20", kRandomRow, integers, {y.data(), &seed, &draw, &low, &high}, 1 << 20);
  bench(wanted, "iota float32 2^20", kIotaRow,
        {12, {}, {f32(0, {1 << 20}), packed(1, DType::kFloat64, {}), packed(2, DType::kFloat64, {})}},
        {y.data(), &low, &seed}, 1 << 20);
  return 0;
}
