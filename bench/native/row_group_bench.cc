// Row kernels and row groups on one thread, per ISA level, against the same loop fused by hand (row_loops.h) and
// against what limits it: the time to move the same bytes, or the loop by hand on data in L1, whichever is longer. Best
// of samples taken in turns.
//   row_group_bench [isa [part of a name]]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "kernels/kernel_table.h"
#include "plan/instruction.h"
#include "plan/row_program.h"
#include "row_loops.h"
#include "simd/vec.h"

namespace gradsmith::plan {
namespace {

using kernels::Micro;
using kernels::ReduceKind;

enum Buffer : int32_t { kY, kA, kB, kGamma, kBeta, kLabels, kEps, kBuffers };

struct Context final : PrepareContext {
  using PrepareContext::PrepareContext;
  Ref ref(const Operand& o) const override { return {static_cast<uint32_t>(o.buffer), 0}; }
};

Operand operand(int32_t buffer, DType dtype, int64_t rows, int64_t columns, int64_t down, int64_t along) {
  return {buffer, dtype, 0, 2, {rows, columns}, {down, along}};
}

/// Writes a row group's attributes.
class Steps {
 public:
  Steps(int32_t inputs, int32_t steps, int32_t output) : attrs_{inputs, 1, steps, output} {}

  Steps& reduce(ReduceKind kind, int32_t x) { return add({RowStep::kReduce, static_cast<int32_t>(kind), x}); }
  struct Op {
    Micro micro;
    int32_t a = 0, b = 0;
    double value = 0;
  };
  Steps& group(RowStep::Kind kind, const std::vector<int32_t>& reads, const std::vector<int32_t>& outputs,
               const std::vector<Op>& ops) {
    const auto inputs = static_cast<int32_t>(reads.size());
    add({kind, inputs}).add(reads);
    add({inputs, static_cast<int32_t>(outputs.size()), static_cast<int32_t>(ops.size())}).add(outputs);
    for (const Op& op : ops) {
      const auto bits = __builtin_bit_cast(uint64_t, op.value);
      const bool constant = op.micro == Micro::kConstant;
      add({static_cast<int32_t>(op.micro), 0, constant ? static_cast<int32_t>(static_cast<uint32_t>(bits)) : op.a,
           constant ? static_cast<int32_t>(bits >> 32) : op.b, 0, 0});
    }
    return *this;
  }
  Instruction over(int64_t rows, int64_t n, const std::vector<int32_t>& inputs) const {
    Instruction in{14, attrs_, {operand(kY, DType::kFloat32, rows, n, n, 1)}};
    for (const int32_t buffer : inputs) {
      const bool row = buffer == kGamma || buffer == kBeta;
      if (buffer == kEps)
        in.operands.push_back(operand(buffer, DType::kFloat64, rows, n, 0, 0));
      else
        in.operands.push_back(operand(buffer, DType::kFloat32, rows, n, row ? 0 : n, 1));
    }
    return in;
  }

 private:
  Steps& add(const std::vector<int32_t>& words) {
    attrs_.insert(attrs_.end(), words.begin(), words.end());
    return *this;
  }
  std::vector<int32_t> attrs_;
};

Instruction softmax_grad(int64_t rows, int64_t n) {
  return Steps(2, 3, 4)
      .group(RowStep::kGroup, {0, 1}, {2}, {{Micro::kMul, 0, 1}})
      .reduce(ReduceKind::kSum, 2)
      .group(RowStep::kGroup, {1, 3, 0}, {4}, {{Micro::kSub, 0, 1}, {Micro::kMul, 2, 3}})
      .over(rows, n, {kA, kB});
}

Instruction log_softmax_grad(int64_t rows, int64_t n) {
  return Steps(2, 2, 3)
      .reduce(ReduceKind::kSum, 1)
      .group(RowStep::kGroup, {0, 2, 1}, {5}, {{Micro::kExp, 0}, {Micro::kMul, 3, 1}, {Micro::kSub, 2, 4}})
      .over(rows, n, {kA, kB});
}

/// Adds the steps that give mean (value 4), squares (5) and variance (6) of input 0.
Steps& moments(Steps& steps) {
  return steps.reduce(ReduceKind::kMean, 0)
      .group(RowStep::kGroup, {0, 4}, {3}, {{Micro::kSub, 0, 1}, {Micro::kSquare, 2}})
      .reduce(ReduceKind::kMean, 5);
}

Instruction layer_norm(int64_t rows, int64_t n) {
  Steps steps(4, 5, 8);
  return moments(steps)
      .group(RowStep::kNumbers, {6, 3}, {5},
             {{Micro::kCast, 1}, {Micro::kAdd, 0, 2}, {Micro::kSqrt, 3}, {Micro::kReciprocal, 4}})
      .group(RowStep::kGroup, {0, 4, 7, 1, 2}, {8},
             {{Micro::kSub, 0, 1}, {Micro::kMul, 5, 2}, {Micro::kMul, 6, 3}, {Micro::kAdd, 7, 4}})
      .over(rows, n, {kA, kGamma, kBeta, kEps});
}

/// Of x alone. Values: 0 dy, 1 gamma, 2 x, 3 epsilon, 4 mean, 5 squares, 6 variance, 7 scale, 8 dy·gamma, 9 that times
/// the unit row, 10 and 11 their means.
Instruction layer_norm_grad(int64_t rows, int64_t n) {
  return Steps(4, 8, 12)
      .reduce(ReduceKind::kMean, 2)
      .group(RowStep::kGroup, {2, 4}, {3}, {{Micro::kSub, 0, 1}, {Micro::kSquare, 2}})
      .reduce(ReduceKind::kMean, 5)
      .group(RowStep::kNumbers, {6, 3}, {5},
             {{Micro::kCast, 1}, {Micro::kAdd, 0, 2}, {Micro::kSqrt, 3}, {Micro::kReciprocal, 4}})
      .group(RowStep::kGroup, {0, 1, 2, 4, 7}, {5, 8},
             {{Micro::kMul, 0, 1}, {Micro::kSub, 2, 3}, {Micro::kMul, 6, 4}, {Micro::kMul, 5, 7}})
      .reduce(ReduceKind::kMean, 8)
      .reduce(ReduceKind::kMean, 9)
      .group(RowStep::kGroup, {0, 1, 10, 2, 4, 7, 11}, {13},
             {{Micro::kMul, 0, 1},
              {Micro::kSub, 7, 2},
              {Micro::kSub, 3, 4},
              {Micro::kMul, 9, 5},
              {Micro::kMul, 10, 6},
              {Micro::kSub, 8, 11},
              {Micro::kMul, 12, 5}})
      .over(rows, n, {kB, kGamma, kA, kEps});
}

Instruction softmax(int64_t rows, int64_t n, int32_t log) {
  return {5, {log}, {operand(kY, DType::kFloat32, rows, n, n, 1), operand(kA, DType::kFloat32, rows, n, n, 1)}};
}

Operand vector(int32_t buffer, DType dtype, int64_t n, int64_t stride) { return {buffer, dtype, 0, 1, {n}, {stride}}; }

Instruction cross_entropy(int64_t rows, int64_t n) {
  return {6,
          {},
          {vector(kY, DType::kFloat32, rows, 1), operand(kA, DType::kFloat32, rows, n, n, 1),
           vector(kLabels, DType::kInt32, rows, 1)}};
}
Instruction cross_entropy_grad(int64_t rows, int64_t n) {
  return {7,
          {},
          {operand(kY, DType::kFloat32, rows, n, n, 1), operand(kA, DType::kFloat32, rows, n, n, 1),
           vector(kLabels, DType::kInt32, rows, 1), vector(kB, DType::kFloat32, rows, 0)}};
}

struct Case {
  const char* name;
  const InstructionRow& row;
  Instruction (*instruction)(int64_t rows, int64_t n);
  bench::RowLoop hand;
  bool two;  // operands as large as the result
};

std::vector<Case> cases(const bench::RowLoops& hand) {
  const auto plain = [](int64_t rows, int64_t n) { return softmax(rows, n, 0); };
  const auto log = [](int64_t rows, int64_t n) { return softmax(rows, n, 1); };
  return {{"softmax", kSoftmaxRow, plain, hand.softmax, false},
          {"logSoftmax", kSoftmaxRow, log, hand.log_softmax, false},
          {"crossEntropy", kCrossEntropyRow, cross_entropy, hand.cross_entropy, false},
          {"crossEntropyGrad", kCrossEntropyGradRow, cross_entropy_grad, hand.cross_entropy_grad, false},
          {"softmax's gradient", kRowGroupRow, softmax_grad, hand.softmax_grad, true},
          {"logSoftmax's grad.", kRowGroupRow, log_softmax_grad, hand.log_softmax_grad, true},
          {"layerNorm", kRowGroupRow, layer_norm, hand.layer_norm, false},
          {"layerNorm's grad.", kRowGroupRow, layer_norm_grad, hand.layer_norm_grad, true}};
}

double once_ns(int64_t reps, const std::function<void()>& f) {
  const auto start = std::chrono::steady_clock::now();
  for (int64_t r = 0; r < reps; ++r) f();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
  return took.count() / static_cast<double>(reps);
}

struct Shape {
  int64_t rows, n;
};
/// By length of the rows, from L1 to memory.
constexpr Shape kShapes[] = {{8, 128}, {512, 128}, {8192, 128}, {2, 1024}, {16, 1024}, {256, 1024}, {4096, 1024}};
constexpr int64_t kLargest = int64_t{4096} * 1024;

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Memory = std::unique_ptr<void, Free>;
Memory take(size_t bytes) { return Memory(std::aligned_alloc(4096, (bytes + 8191) / 4096 * 4096)); }

void measure(const kernels::KernelTable& table, const bench::RowLoops& loops, const Case& c, void* const* bases) {
  double in_cache = 0;  // of the loop by hand on the smallest shape with such rows, an element
  int64_t length = 0;
  for (const auto& [rows, n] : kShapes) {
    const Instruction instruction = c.instruction(rows, n);
    c.row.verify(instruction);
    const std::unique_ptr<Prepared> prepared = c.row.prepare(instruction, Context(table));
    const Memory scratch = take(prepared->scratch_bytes);
    const bench::RowArguments arguments = {static_cast<float*>(bases[kY]),    static_cast<float*>(bases[kA]),
                                           static_cast<float*>(bases[kB]),    static_cast<float*>(bases[kGamma]),
                                           static_cast<float*>(bases[kBeta]), static_cast<int32_t*>(bases[kLabels]),
                                           static_cast<size_t>(rows),         static_cast<size_t>(n)};
    const std::function<void()> turns[] = {[&] {
                                             Fault fault;
                                             for (size_t part = 0; part < prepared->parts; ++part)
                                               prepared->run(bases, part, scratch.get(), fault);
                                           },
                                           [&] { c.hand(arguments); }, [&] { loops.traffic(arguments, c.two); }};
    double best[] = {1e30, 1e30, 1e30};
    const int64_t size = rows * n, reps = std::max<int64_t>(1, 200000 / size);
    for (int sample = 0; sample < (size == kLargest ? 7 : 25); ++sample)
      for (size_t i = 0; i < 3; ++i) best[i] = std::min(best[i], once_ns(reps, turns[i]));
    const double per_element = best[1] / static_cast<double>(size);
    if (n != length) in_cache = per_element;
    length = n;
    const double limit = std::max(best[2], in_cache * static_cast<double>(size));
    std::printf("%-19s %-7s %5lld x %-5lld %11.1f %11.1f %11.1f   %5.2f   %4.0f %%\n", c.name, table.isa,
                static_cast<long long>(rows), static_cast<long long>(n), best[0], best[1], best[2], best[0] / best[1],
                100 * limit / best[0]);
  }
}

}  // namespace
}  // namespace gradsmith::plan

namespace {

/// Asked for by name, so that no code of a level runs that the CPU lacks.
gradsmith::bench::RowLoops loops_of(std::string_view isa) {
  using namespace gradsmith;
#if defined(__x86_64__)
  if (isa == "avx512") return bench::row_loops<simd::Avx512>();
  if (isa == "avx2") return bench::row_loops<simd::Avx2>();
#elif defined(__aarch64__)
  if (isa == "neon") return bench::row_loops<simd::Neon>();
#endif
  return bench::row_loops<simd::Scalar>();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace gradsmith;
  std::vector<plan::Memory> memory;
  std::vector<void*> bases;
  for (int32_t buffer = 0; buffer < plan::kBuffers; ++buffer) {
    memory.push_back(plan::take(sizeof(float) * static_cast<size_t>(buffer <= plan::kB ? plan::kLargest : 65536)));
    bases.push_back(memory.back().get());
  }
  for (int64_t i = 0; i < plan::kLargest; ++i) {
    for (const int32_t buffer : {plan::kY, plan::kA, plan::kB})
      static_cast<float*>(bases[static_cast<size_t>(buffer)])[i] = 0.01f + static_cast<float>(i % 97) / 100;
  }
  for (int64_t i = 0; i < 4096; ++i) {
    static_cast<float*>(bases[plan::kGamma])[i] = 0.5f + static_cast<float>(i % 7) / 10;
    static_cast<float*>(bases[plan::kBeta])[i] = static_cast<float>(i % 5) / 10;
    static_cast<int32_t*>(bases[plan::kLabels])[i] = static_cast<int32_t>(i % 100);
  }
  *static_cast<double*>(bases[plan::kEps]) = 1e-5;
  std::printf("%-19s %-7s %13s %11s %11s %11s   %s\n", "rows", "isa", "shape", "ns", "by hand", "moving",
              "to hand  of the limit");
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    if (argc > 1 ? std::string_view(argv[1]) != table->isa : std::string_view("scalar") == table->isa) continue;
    const bench::RowLoops loops = loops_of(table->isa);
    for (const plan::Case& c : plan::cases(loops)) {
      if (argc > 2 && std::string_view(c.name).find(argv[2]) == std::string_view::npos) continue;
      plan::measure(*table, loops, c, bases.data());
    }
  }
}
