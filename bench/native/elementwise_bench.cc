// Elementwise groups on one thread, per ISA level, against the same chain fused by hand (hand_loops.h) and against what
// limits it: the time to move the same bytes, or the loop by hand on data in L1, whichever is longer. Best of
// interleaved samples, in nanoseconds.
//   elementwise_bench [level [part of a group's name]]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hand_loops.h"
#include "kernels/kernel_table.h"
#include "plan/instruction.h"
#include "simd/vec.h"

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

double once_ns(int64_t reps, const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t r = 0; r < reps; ++r) f();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(reps);
}

/// The best time of each, taken in turns.
std::vector<double> best_ns(int64_t n, const std::vector<std::function<void()>>& loops) {
  const int64_t reps = std::max<int64_t>(1, 400000 / (n + 100));
  std::vector<double> best(loops.size(), 1e30);
  for (int sample = 0; sample < 25; ++sample) {
    for (size_t i = 0; i < loops.size(); ++i) best[i] = std::min(best[i], once_ns(reps, loops[i]));
  }
  return best;
}

constexpr int64_t kRow = 128;
constexpr int64_t kLargest = 1 << 20;
constexpr size_t kArrays = 6;

/// Arrays one behind the other, as in a plan's arena.
struct Arrays {
  std::unique_ptr<float, void (*)(void*)> memory{
      static_cast<float*>(std::aligned_alloc(1 << 21, kArrays* kLargest * sizeof(float))), std::free};
  std::vector<float*> of(int64_t n) const {
    std::vector<float*> arrays;
    for (size_t k = 0; k < kArrays; ++k) arrays.push_back(memory.get() + static_cast<int64_t>(k) * n);
    for (int64_t i = 0; i < static_cast<int64_t>(kArrays) * n; ++i)
      memory.get()[i] = 0.01f + static_cast<float>(i % 97) / 100;
    return arrays;
  }
};

struct Case {
  const char* name;
  bench::HandLoop hand;
  size_t reads, writes;
  std::function<Instruction(int64_t n, int64_t row)> group;
};

/// Fills uniform inputs with numbers: buffers from 4 on hold one element.
std::vector<Case> cases(const bench::HandLoops& hand) {
  const auto constant = [](float value) { return Word{Micro::kConstant, {}, value}; };
  const auto unary = [](Micro op) {
    return [op](int64_t n, int64_t) { return group(1, {1}, {0}, {1}, {{op, {0, 0, 0}}}, n, n, -1); };
  };
  const auto bias = [](Micro op) {
    return [op](int64_t n, int64_t row) {
      return group(2, {3}, {0}, {1, 2}, {{Micro::kAdd, {0, 1, 0}}, {op, {2, 0, 0}}}, n, row, 1);
    };
  };
  return {
      {"sigmoid", hand.sigmoid, 1, 1, unary(Micro::kSigmoid)},
      {"gelu", hand.gelu, 1, 1, unary(Micro::kGelu)},
      {"bias + relu", hand.bias_relu, 1, 1, bias(Micro::kRelu)},
      {"bias + gelu", hand.bias_gelu, 1, 1, bias(Micro::kGelu)},
      {"g·s·(1-s)", hand.sigmoid_grad, 2, 1,
       [=](int64_t n, int64_t) {
         const std::vector<Word> ops = {
             constant(1), {Micro::kSub, {2, 1, 0}}, {Micro::kMul, {1, 3, 0}}, {Micro::kMul, {0, 4, 0}}};
         return group(2, {5}, {0}, {1, 2}, ops, n, n, -1);
       }},
      {"relu gradient", hand.relu_grad, 2, 1,
       [=](int64_t n, int64_t) {
         const std::vector<Word> ops = {constant(0), {Micro::kGreater, {1, 2, 0}}, {Micro::kSelect, {3, 0, 2}}};
         return group(2, {4}, {0}, {1, 2}, ops, n, n, -1);
       }},
      {"sgd", hand.sgd, 2, 1,
       [=](int64_t n, int64_t) {
         Instruction i = group(3, {4}, {0}, {0, 1, 2}, {{Micro::kMul, {1, 2, 0}}, {Micro::kSub, {0, 3, 0}}}, n, n, -1);
         i.operands[3].strides = {};
         return i;
       }},
      // Registers: w m v g, then 0.9 0.1 0.999 0.001 1.2 1e-8 and the step = 4 … 10.
      {"adam", hand.adam, 4, 3,
       [=](int64_t n, int64_t) {
         const std::vector<Word> ops = {constant(0.9f),
                                        constant(0.1f),
                                        constant(0.999f),
                                        constant(0.001f),
                                        constant(1.2f),
                                        constant(1e-8f),
                                        constant(0.001f),
                                        {Micro::kMul, {1, 4, 0}},
                                        {Micro::kMul, {3, 5, 0}},
                                        {Micro::kAdd, {11, 12, 0}},
                                        {Micro::kSquare, {3, 0, 0}},
                                        {Micro::kMul, {2, 6, 0}},
                                        {Micro::kMul, {14, 7, 0}},
                                        {Micro::kAdd, {15, 16, 0}},
                                        {Micro::kSqrt, {17, 0, 0}},
                                        {Micro::kMul, {18, 8, 0}},
                                        {Micro::kAdd, {19, 9, 0}},
                                        {Micro::kDiv, {13, 20, 0}},
                                        {Micro::kMul, {21, 10, 0}},
                                        {Micro::kSub, {0, 22, 0}}};
         return group(4, {23, 13, 17}, {0, 1, 2}, {0, 1, 2, 3}, ops, n, n, -1);
       }},
      {"six others", hand.chain, 2, 1,
       [=](int64_t n, int64_t) {
         const std::vector<Word> ops = {constant(0.5f),           {Micro::kMul, {0, 1, 0}}, {Micro::kSub, {3, 0, 0}},
                                        {Micro::kMul, {4, 1, 0}}, {Micro::kMul, {0, 2, 0}}, {Micro::kAdd, {5, 6, 0}},
                                        {Micro::kMul, {7, 1, 0}}, {Micro::kSub, {8, 0, 0}}};
         return group(2, {9}, {0}, {1, 2}, ops, n, n, -1);
       }},
  };
}

void measure(const kernels::KernelTable& table, const bench::HandLoops& hand, const Case& c, const Arrays& arrays) {
  double in_cache = 0;
  for (const int64_t n : {int64_t{64}, int64_t{1024}, int64_t{16384}, int64_t{65536}, kLargest}) {
    const int64_t row = std::min(n / 4, kRow);
    std::vector<float*> b = arrays.of(n);
    std::vector<void*> bases(b.begin(), b.end());
    const std::unique_ptr<Prepared> prepared = kElementwiseRow.prepare(c.group(n, row), Context(table));
    const std::unique_ptr<char, void (*)(void*)> scratch(
        static_cast<char*>(std::aligned_alloc(64, (prepared->scratch_bytes + 127) / 64 * 64)), std::free);
    const size_t count = static_cast<size_t>(n), length = static_cast<size_t>(row);
    const std::vector<double> best =
        best_ns(n, {[&] {
                      Fault fault;
                      for (size_t part = 0; part < prepared->parts; ++part) {
                        prepared->run(bases.data(), part, scratch.get(), fault);
                      }
                    },
                    [&] { c.hand(b.data(), count, length); },
                    [&] { hand.traffic(b.data(), c.writes, b.data() + (c.reads == 4 ? 0 : 1), c.reads, count); }});
    if (n == 1024) in_cache = best[1] / 1024;
    const double limit = std::max(best[2], in_cache * static_cast<double>(n));
    std::printf("%-14s %-7s %8lld %11.1f %11.1f %11.1f   %5.2f", c.name, table.isa, static_cast<long long>(n), best[0],
                best[1], best[2], best[0] / best[1]);
    if (n > 64) std::printf("   %4.0f %%", 100 * limit / best[0]);
    std::printf("\n");
  }
}

}  // namespace
}  // namespace gradsmith::plan

namespace {

/// Asked for by name, so that no code of a level runs that the CPU lacks.
gradsmith::bench::HandLoops loops_of(std::string_view isa) {
  using namespace gradsmith;
#if defined(__x86_64__)
  if (isa == "avx512") return bench::hand_loops<simd::Avx512>();
  if (isa == "avx2") return bench::hand_loops<simd::Avx2>();
#elif defined(__aarch64__)
  if (isa == "neon") return bench::hand_loops<simd::Neon>();
#endif
  return bench::hand_loops<simd::Scalar>();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace gradsmith;
  const plan::Arrays arrays;
  std::printf("%-14s %-7s %8s %11s %11s %11s   %s\n", "group", "isa", "elements", "group ns", "by hand", "moving",
              "to hand  of the limit");
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    if (argc > 1 ? std::string_view(argv[1]) != table->isa : std::string_view("scalar") == table->isa) continue;
    const bench::HandLoops hand = loops_of(table->isa);
    for (const plan::Case& c : plan::cases(hand)) {
      if (argc > 2 && std::string_view(c.name).find(argv[2]) == std::string_view::npos) continue;
      plan::measure(*table, hand, c, arrays);
    }
  }
}
