// Plans that nobody meant: random words, and mutations of good plans. The verifier must refuse them or they must run
// without touching memory that is not theirs. Meant for AddressSanitizer, which sees every buffer at its exact size.
#pragma once
#include <algorithm>
#include <limits>
#include <optional>
#include <random>
#include <vector>

#include "plan/plan_error.h"
#include "plan/verifier.h"
#include "plan_builder.h"
#include "plan_run.h"

namespace gradsmith::plan {

/// Good plans that together use every instruction, several dtypes, views, the arena and scalars.
inline std::vector<std::vector<int32_t>> seed_plans() {
  using kernels::Micro;
  constexpr DType kF32 = DType::kFloat32;
  constexpr DType kF64 = DType::kFloat64;
  constexpr DType kI32 = DType::kInt32;
  std::vector<std::vector<int32_t>> seeds;
  const auto finish = [&](const PlanBuilder& plan) { seeds.push_back(plan.words()); };
  {
    PlanBuilder plan;  // products: of a row-major pair, of a transposed operand into the state, of a batch
    plan.input(kF32, 35);
    plan.state(kF32, 42);
    plan.state(kF32, 6);
    plan.output(kF32, 30);
    plan.arena(1024).value(3, kF32, 4);
    plan.add("matmul", {1}, {view(3, kF32, {5, 6}), view(0, kF32, {5, 7}), view(1, kF32, {7, 6})});
    plan.add("matmul", {0}, {view(1, kF32, {7, 6}), {0, kF32, {7, 5}, {1, 7}, 0}, view(3, kF32, {5, 6})});
    plan.add("matmul", {0},
             {view(kArena, kF32, {2, 3, 4}), {1, kF32, {2, 3, 2}, {0, 2, 1}, 0}, view(1, kF32, {2, 2, 4}, 8)});
    finish(plan);
  }
  {
    PlanBuilder plan;  // groups: in place, broadcast, constants, casts, comparisons, two outputs
    plan.state(kF32, 24);
    plan.input(kI32, 6);
    plan.output(DType::kBool, 24);
    plan.output(DType::kUint8, 6);
    plan.scalars(1).arena(256);
    plan.add("elementwise",
             {3,
              2,
              6,
              8,
              6,
              /**/ 1,
              0,
              1,
              0,
              0,
              0,
              /**/ 1,
              0,
              2,
              0,
              0,
              0,
              /**/ code(Micro::kAdd),
              0,
              0,
              3,
              0,
              0,
              /**/ code(Micro::kLess),
              0,
              0,
              4,
              0,
              0,
              /**/ 11,
              0,
              5,
              0,
              0,
              0,
              /**/ code(Micro::kMul),
              0,
              5,
              7,
              0,
              0},
             {view(0, kF32, {4, 6}),
              view(2, DType::kBool, {4, 6}),
              view(0, kF32, {4, 6}),
              {1, kI32, {4, 6}, {0, 1}, 0},
              {kScalars, kF64, {4, 6}, {0, 0}, 0}});
    plan.add("elementwise", {1, 1, 1, 1, /**/ 1, 3, 0, 0, 0, 0}, {view(3, DType::kUint8, {6}), view(1, kI32, {6})});
    plan.add("elementwise", {1, 1, 1, 1, /**/ 12, 1, 0, 0, 0, 0},
             {view(kArena, kF64, {3, 4}), {kArena, kF64, {3, 4}, {-4, 1}, 28}});
    finish(plan);
  }
  {
    PlanBuilder plan;  // groups over products: bias and activation with two outputs, an update in place
    plan.input(kF32, 35);
    plan.state(kF32, 42);
    plan.input(kF32, 6);
    plan.output(kF32, 30);
    plan.output(DType::kBool, 30);
    plan.scalars(1).arena(256);
    plan.add("matmulGroup",
             {2, 2, 2, 3, 2, /**/ code(Micro::kAdd), 0, 0, 1, 0, 0, /**/ code(Micro::kGreater), 0, 0, 1, 0, 0, 0},
             {view(4, DType::kBool, {5, 6}),
              view(3, kF32, {5, 6}),
              {2, kF32, {5, 6}, {0, 1}, 0},
              view(0, kF32, {5, 7}),
              view(1, kF32, {7, 6})});
    plan.add("matmulGroup", update_attributes(1),
             {view(1, kF32, {7, 6}),
              view(1, kF32, {7, 6}),
              {kScalars, kF64, {7, 6}, {0, 0}, 0},
              {0, kF32, {7, 5}, {1, 7}, 0},
              view(3, kF32, {5, 6})});
    finish(plan);
  }
  {
    PlanBuilder plan;  // reductions over rows, columns, all, and backwards
    plan.input(kF32, 60);
    plan.output(kF32, 12);
    plan.output(kI32, 20);
    plan.arena(512);
    plan.add("reduce", {0}, {view(1, kF32, {3, 1, 4}), view(0, kF32, {3, 5, 4})});
    plan.add("reduce", {2}, {view(1, kF32, {1, 1, 4}), {0, kF32, {3, 5, 4}, {-20, 4, 1}, 40}});
    plan.add("reduce", {1}, {view(kArena, kF32, {1, 1}), {0, kF32, {6, 10}, {1, 6}, 0}});
    plan.add("reduce", {0, 2, 2, 2, 2, 3, code(Micro::kMul), 0, 0, 1, 0, 0, code(Micro::kExp), 0, 2, 0, 0, 0},
             {view(1, kF32, {1, 12}), view(kArena, kF32, {1, 12}, 64), view(1, kF32, {1, 12}), view(0, kF32, {5, 12})});
    plan.add("argReduce", {0, 2}, {view(2, kI32, {4, 5, 1}), view(0, kF32, {4, 5, 3})});
    plan.add("argReduce", {1, 0}, {view(2, kI32, {1, 20}), view(0, kF32, {3, 20})});
    finish(plan);
  }
  {
    PlanBuilder plan;  // row groups: a layer normalised in place, softmax and what is made of it
    plan.state(kF32, 60);
    plan.input(kF32, 12);
    plan.output(kF32, 60);
    plan.output(kF32, 5);
    plan.output(DType::kBool, 60);
    plan.scalars(1).arena(1024);
    const auto op = [](Micro micro, int32_t a, int32_t b) { return std::vector{code(micro), 0, a, b, 0, 0}; };
    const auto join = [](std::vector<std::vector<int32_t>> parts) {
      std::vector<int32_t> all;
      for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
      return all;
    };
    const View x = view(0, kF32, {5, 12}), row = {1, kF32, {5, 12}, {0, 1}, 0};
    const View eps = {kScalars, kF64, {5, 12}, {0, 0}, 0};
    plan.add("rowGroup",
             join({{3, 1, 5, 7, /**/ 2, 1, 0, /**/ 0, 2, 0, 3, 2, 1, 2, 3},
                   op(Micro::kSub, 0, 1),
                   op(Micro::kSquare, 2, 0),
                   {2, 1, 4, /**/ 1, 2, 5, 2, 2, 1, 3, 4},
                   op(Micro::kCast, 1, 0),
                   op(Micro::kAdd, 0, 2),
                   op(Micro::kSqrt, 3, 0),
                   {0, 4, 0, 3, 6, 1, 4, 1, 3, 6},
                   op(Micro::kSub, 0, 1),
                   op(Micro::kDiv, 4, 2),
                   op(Micro::kMul, 5, 3)}),
             {x, x, row, eps});
    plan.add("rowGroup",
             join({{2, 3, 4, 2, 5, 4, /**/ 3, 0, 0, /**/ 2, 2, 2, /**/ 0, 3, 2, 3, 1, 3, 2, 2, 3, 4},
                   op(Micro::kGreater, 0, 1),
                   op(Micro::kMul, 0, 2),
                   {2, 0, 5}}),
             {view(2, kF32, {5, 12}),
              view(kArena, kF32, {5, 12}),
              view(4, DType::kBool, {5, 12}),
              x,
              {1, kF32, {5, 12}, {1, 0}, 3}});
    plan.add("rowGroup", join({{1, 1, 2, 2, /**/ 0, 1, 0, 1, 1, 1, 1}, op(Micro::kExp, 0, 0), {2, 0, 1}}),
             {view(3, kF32, {5, 1}), {kArena, kF32, {5, 12}, {-12, 1}, 48}});
    finish(plan);
  }
  {
    PlanBuilder plan;  // sums of columns in a row group: of what is read, of what a recipe makes, of an output
    plan.state(kF32, 840);
    plan.input(kF32, 840);
    plan.output(kF32, 36);
    plan.arena(1024);
    const View x = view(0, kF32, {70, 12});
    plan.add("rowGroup", {2,      4, 5, 3,      4, 5,      6, /**/ 0,
                          2,      0, 1, 2,      1, 1,      2, code(Micro::kMul),
                          0,      0, 1, 0,      0,
                          /**/ 4, 0, 2, /**/ 4, 1, 1,
                          /**/ 0, 1, 0, 1,      1, 1,      1, code(Micro::kExp),
                          0,      0, 0, 0,      0, /**/ 4, 0, 5},
             {view(2, kF32, {1, 12}), view(2, kF32, {1, 12}, 12), x, view(kArena, kF32, {1, 12}, 128), x,
              view(1, kF32, {70, 12})});
    finish(plan);
  }
  {
    PlanBuilder plan;  // a classifier's end
    plan.input(kF32, 50);
    plan.input(kI32, 5);
    plan.output(kF32, 50);
    plan.output(kF32, 5);
    plan.arena(400);
    plan.add("softmax", {0}, {view(2, kF32, {5, 10}), view(0, kF32, {5, 10})});
    plan.add("softmax", {1}, {view(2, kF32, {5, 10}), view(2, kF32, {5, 10})});
    plan.add("crossEntropy", {}, {view(3, kF32, {5}), view(0, kF32, {5, 10}), view(1, kI32, {5})});
    plan.add("crossEntropyGrad", {},
             {view(kArena, kF32, {5, 10}), view(0, kF32, {5, 10}), view(1, kI32, {5}), {3, kF32, {5}, {0}, 2}});
    finish(plan);
  }
  {
    PlanBuilder plan;  // rows by index, random numbers, ranges
    plan.input(kF64, 40);
    plan.input(kI32, 7);
    plan.output(kF64, 56);
    plan.state(kF64, 40);
    plan.output(kF32, 33);
    plan.output(kI32, 9);
    plan.scalars(4).arena(1024).window(0, 3, 2, 5, 8).window(1, 2, 3, 6, 1).value(6, kF64, 15);
    plan.add("gather", {}, {view(2, kF64, {3, 8}), view(6, kF64, {2, 8}), view(7, kI32, {3})});
    plan.add("gather", {}, {view(2, kF64, {7, 8}), view(0, kF64, {5, 8}), view(1, kI32, {7})});
    plan.add("scatterAdd", {}, {view(3, kF64, {5, 8}), view(1, kI32, {7}), view(2, kF64, {7, 8})});
    plan.add("dynamicSlice", {}, {view(kArena, kF64, {2, 8}), view(0, kF64, {5, 8}), scalar(3)});
    plan.add("random", {0}, {view(4, kF32, {3, 11}), scalar(0), scalar(1)});
    plan.add("random", {1}, {view(kArena, kF64, {21}, 16), scalar(0), scalar(2)});
    plan.add("random", {2}, {view(5, kI32, {9}), scalar(0), scalar(1), scalar(2), scalar(3)});
    plan.add("iota", {}, {view(4, kF32, {33}), scalar(2), scalar(3)});
    finish(plan);
  }
  return seeds;
}

class PlanFuzzer {
 public:
  explicit PlanFuzzer(uint32_t seed) : random_(seed), seeds_(seed_plans()) {}

  struct Tally {
    int64_t refused = 0;
    int64_t ran = 0;
    int64_t too_large = 0;  // accepted, but not to be run here
  };

  void round() {
    const std::vector<int32_t> words = pick(20) == 0 ? random_words() : mutated();
    try {
      try_plan(words);
    } catch (const PlanError&) {
      ++tally_.refused;
    }
  }
  const Tally& tally() const { return tally_; }

 private:
  static constexpr int64_t kMaxBytes = 1 << 22;
  static constexpr double kMaxCost = 2e6;  // ns

  size_t pick(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }

  int32_t interesting() {
    static constexpr int32_t kWords[] = {0,  1,  2,  3,  4,   5,   7,    8,    16,      17,      64,        255,
                                         -1, -2, -3, -4, -10, 100, 1000, 4096, 1 << 20, 1 << 30, INT32_MAX, INT32_MIN};
    return pick(4) == 0 ? static_cast<int32_t>(random_()) : kWords[pick(std::size(kWords))];
  }

  std::vector<int32_t> random_words() {
    std::vector<int32_t> words(pick(60));
    for (int32_t& word : words) word = interesting();
    const std::vector<int32_t>& seed = seeds_[pick(seeds_.size())];
    std::copy_n(seed.begin(), std::min({seed.size(), words.size(), pick(40)}), words.begin());
    return words;
  }

  std::vector<int32_t> mutated() {
    std::vector<int32_t> words = seeds_[pick(seeds_.size())];
    for (size_t changes = pick(4); changes-- > 0;) mutate(words);
    return words;
  }

  void mutate(std::vector<int32_t>& words) {
    if (words.empty()) return;
    const size_t at = pick(words.size());
    const auto place = words.begin() + static_cast<std::ptrdiff_t>(at);
    switch (pick(8)) {
      case 0:
        words.erase(place);
        break;
      case 1:
        words.insert(place, interesting());
        break;
      case 2:
        *place = words[pick(words.size())];
        break;
      case 3:
        *place = interesting();
        break;
      case 4:
        std::swap(*place, words[pick(words.size())]);
        break;
      default:  // the smallest changes are the likeliest to be accepted
        *place = static_cast<int32_t>(static_cast<uint32_t>(*place) + static_cast<uint32_t>(pick(7)) - 3U);
    }
  }

  void try_plan(const std::vector<int32_t>& words) {
    const DecodedPlan decoded = decode(words);
    verify(decoded);
    int64_t bytes = decoded.arena_bytes;
    for (const BufferSpec& spec : decoded.buffers) bytes += std::min(static_cast<int64_t>(spec.bytes()), kMaxBytes);
    const auto tables = kernels::available_tables();
    std::optional<PlanRun> run;
    if (bytes < kMaxBytes) run.emplace(words, *tables[pick(tables.size())]);
    if (!run || run->plan.cost_ns() > kMaxCost) {
      ++tally_.too_large;
      return;
    }
    for (size_t i = 0; i < run->buffers.size(); ++i) fill(run->plan.buffers()[i], run->buffers[i]);
    std::vector<double> scalars(run->plan.scalars() * 2);
    for (double& value : scalars) value = number();
    run->run(2, std::move(scalars));
    ++tally_.ran;
  }

  double number() {
    static constexpr double kInf = std::numeric_limits<double>::infinity();
    static constexpr double kNumbers[] = {0, 1, 2, 3, -1, 0.5, 1e-30, -1e30, 1e300, kInf, -kInf, 4294967296.0, 1e9};
    return pick(30) == 0 ? std::numeric_limits<double>::quiet_NaN() : kNumbers[pick(std::size(kNumbers))];
  }

  void fill(const BufferSpec& spec, const ExactBuffer& buffer) {
    for (size_t i = 0; i < static_cast<size_t>(spec.elements); ++i) {
      switch (spec.dtype) {
        case DType::kFloat32:
          buffer.as<float>()[i] = static_cast<float>(std::clamp(number(), -3e38, 3e38));
          break;
        case DType::kFloat64:
          buffer.as<double>()[i] = number();
          break;
        case DType::kInt32:  // mostly good indices
          buffer.as<int32_t>()[i] = pick(200) == 0 ? interesting() : static_cast<int32_t>(pick(4));
          break;
        case DType::kUint8:
          buffer.as<uint8_t>()[i] = static_cast<uint8_t>(pick(256));
          break;
        case DType::kBool:
          buffer.as<uint8_t>()[i] = static_cast<uint8_t>(pick(2));
          break;
      }
    }
  }

  std::mt19937 random_;
  const std::vector<std::vector<int32_t>> seeds_;
  Tally tally_;
};

}  // namespace gradsmith::plan
