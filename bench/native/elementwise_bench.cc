// Elementwise groups against loops fused by hand, per ISA level: median nanoseconds of a run, and the ratio.
//   elementwise_bench            (pin it to one core for steady figures)
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/instruction.h"

namespace gradsmith::plan {
namespace {

using kernels::Micro;

struct Context final : PrepareContext {
  using PrepareContext::PrepareContext;
  Ref ref(const Operand& o) const override { return {static_cast<uint32_t>(o.buffer), 0}; }
};

struct Word {
  Micro op;
  std::array<int32_t, 3> args;
  float value = 0;
};

/// All float32. Operands: outputs, then inputs; `row` inputs repeat with the last dimension.
Instruction group(int32_t inputs, const std::vector<int32_t>& outputs, const std::vector<int32_t>& output_buffers,
                  const std::vector<int32_t>& input_buffers, const std::vector<Word>& words, int64_t n, int64_t row,
                  int32_t row_input) {
  Instruction i{1, {inputs, static_cast<int32_t>(outputs.size()), static_cast<int32_t>(words.size())}, {}};
  i.attrs.insert(i.attrs.end(), outputs.begin(), outputs.end());
  for (const Word& w : words) {
    const uint64_t bits = __builtin_bit_cast(uint64_t, static_cast<double>(w.value));
    const bool constant = w.op == Micro::kConstant;
    const int32_t a = constant ? static_cast<int32_t>(static_cast<uint32_t>(bits)) : w.args[0];
    const int32_t b = constant ? static_cast<int32_t>(bits >> 32) : w.args[1];
    i.attrs.insert(i.attrs.end(), {static_cast<int32_t>(w.op), 0, a, b, w.args[2], 0});
  }
  const auto add = [&](int32_t buffer, bool repeats) {
    i.operands.push_back({buffer, DType::kFloat32, 0, 2, {n / row, row}, {repeats ? 0 : row, 1}});
  };
  for (const int32_t buffer : output_buffers) add(buffer, false);
  for (int32_t k = 0; k < inputs; ++k) add(input_buffers[static_cast<size_t>(k)], k == row_input);
  return i;
}

template <class F>
double median_ns(int64_t n, F f) {
  const int64_t reps = std::max<int64_t>(3, 2000000 / (n + 200));
  std::vector<double> times;
  for (int sample = 0; sample < 9; ++sample) {
    const auto start = std::chrono::steady_clock::now();
    for (int64_t r = 0; r < reps; ++r) f();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    times.push_back(took.count() / static_cast<double>(reps));
  }
  std::nth_element(times.begin(), times.begin() + 4, times.end());
  return times[4];
}

using Buffers = std::vector<std::vector<float>>;

/// The loops to beat, for AVX-512 where the compiler's target has it (else the compiler vectorizes for what it has).
#if defined(__x86_64__)
#define HAND __attribute__((noinline, target("arch=x86-64-v4,prefer-vector-width=512"), optimize("O3")))
#else
#define HAND __attribute__((noinline, optimize("O3")))
#endif
HAND void hand_dsigmoid(float* y, const float* g, const float* s, size_t n) {
  for (size_t i = 0; i < n; ++i) y[i] = g[i] * (s[i] * (1 - s[i]));
}
HAND void hand_bias_relu(float* y, const float* x, const float* b, size_t rows, size_t row) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < row; ++i) {
      const float v = x[r * row + i] + b[i];
      y[r * row + i] = v <= 0 ? 0 : v;
    }
  }
}
HAND void hand_adam(float* __restrict p, float* __restrict m, float* __restrict v, const float* __restrict g,
                    size_t n) {
  for (size_t i = 0; i < n; ++i) {
    m[i] = 0.9f * m[i] + 0.1f * g[i];
    v[i] = 0.999f * v[i] + 0.001f * (g[i] * g[i]);
    p[i] = p[i] - 0.001f * (m[i] / (std::sqrt(v[i]) * 1.2f + 1e-8f));
  }
}

template <class F>
void measure(const char* name, const kernels::KernelTable& table, const Instruction& instruction, Buffers& buffers,
             int64_t n, F hand) {
  std::vector<void*> bases;
  for (auto& b : buffers) bases.push_back(b.data());
  const std::unique_ptr<Prepared> prepared = kElementwiseRow.prepare(instruction, Context(table));
  std::unique_ptr<char, void (*)(void*)> scratch(
      static_cast<char*>(std::aligned_alloc(64, (prepared->scratch_bytes + 127) / 64 * 64)), std::free);
  const double ns = median_ns(n, [&] {
    Fault fault;
    for (size_t part = 0; part < prepared->parts; ++part) prepared->run(bases.data(), part, scratch.get(), fault);
  });
  std::printf("%-14s %-7s n=%-7lld %10.1f ns", name, table.isa, static_cast<long long>(n), ns);
  if constexpr (!std::is_same_v<F, std::nullptr_t>) {
    const double by_hand = median_ns(n, hand);
    std::printf("   hand %9.1f ns   ratio %.2f", by_hand, ns / by_hand);
  }
  std::printf("\n");
}

void bench(const kernels::KernelTable& table, int64_t n) {
  const size_t count = static_cast<size_t>(n);
  Buffers b(4, std::vector<float>(count));
  for (auto& x : b) {
    for (size_t i = 0; i < count; ++i) x[i] = 0.01f + static_cast<float>(i % 97) / 100;
  }
  const Instruction sigmoid = group(1, {1}, {0}, {1}, {{Micro::kSigmoid, {0, 0, 0}}}, n, n, -1);
  measure("sigmoid", table, sigmoid, b, n, nullptr);
  const Instruction slope =
      group(2, {5}, {0}, {1, 2},
            {{Micro::kConstant, {}, 1}, {Micro::kSub, {2, 1, 0}}, {Micro::kMul, {3, 1, 0}}, {Micro::kMul, {4, 0, 0}}},
            n, n, -1);
  measure("g*s*(1-s)", table, slope, b, n, [&] { hand_dsigmoid(b[0].data(), b[1].data(), b[2].data(), count); });
  const int64_t row = n < 256 ? 16 : 128;
  const Instruction relu = group(2, {3}, {0}, {1, 2}, {{Micro::kAdd, {0, 1, 0}}, {Micro::kRelu, {2, 0, 0}}}, n, row, 1);
  measure("relu(x+bias)", table, relu, b, n, [&] {
    hand_bias_relu(b[0].data(), b[1].data(), b[2].data(), static_cast<size_t>(n / row), static_cast<size_t>(row));
  });
  const auto constant = [](float value) { return Word{Micro::kConstant, {}, value}; };
  // Registers: p m v g, then 0.9 0.1 0.999 0.001 1.2 1e-8 lr = 4 … 10.
  const Instruction adam = group(4, {23, 13, 17}, {0, 1, 2}, {0, 1, 2, 3},
                                 {constant(0.9f),
                                  constant(0.1f),
                                  constant(0.999f),
                                  constant(0.001f),
                                  constant(1.2f),
                                  constant(1e-8f),
                                  constant(0.001f),
                                  {Micro::kMul, {1, 4, 0}},
                                  {Micro::kMul, {3, 5, 0}},
                                  {Micro::kAdd, {11, 12, 0}},
                                  {Micro::kMul, {2, 6, 0}},
                                  {Micro::kSquare, {3, 0, 0}},
                                  {Micro::kMul, {15, 7, 0}},
                                  {Micro::kAdd, {14, 16, 0}},
                                  {Micro::kSqrt, {17, 0, 0}},
                                  {Micro::kMul, {18, 8, 0}},
                                  {Micro::kAdd, {19, 9, 0}},
                                  {Micro::kDiv, {13, 20, 0}},
                                  {Micro::kMul, {21, 10, 0}},
                                  {Micro::kSub, {0, 22, 0}}},
                                 n, n, -1);
  measure("adam", table, adam, b, n, [&] { hand_adam(b[0].data(), b[1].data(), b[2].data(), b[3].data(), count); });
}

}  // namespace
}  // namespace gradsmith::plan

int main() {
  for (const gradsmith::kernels::KernelTable* table : gradsmith::kernels::available_tables()) {
    for (const int64_t n : {64, 1024, 65536}) gradsmith::plan::bench(*table, n);
  }
}
