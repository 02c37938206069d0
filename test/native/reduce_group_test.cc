// A group over a reduction = the reduction in memory and then the group, bit for bit, on every ISA level and any number
// of threads.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <string>

#include "base/thread_pool.h"
#include "kernels/rows.h"
#include "plan_builder.h"
#include "plan_refusal.h"
#include "plan_run.h"

namespace gradsmith::plan {
namespace {

using kernels::Micro;
using kernels::ReduceKind;
constexpr int32_t kCast = code(Micro::kCast), kAdd = code(Micro::kAdd), kSub = code(Micro::kSub),
                  kMul = code(Micro::kMul), kSquare = code(Micro::kSquare), kSqrt = code(Micro::kSqrt),
                  kDiv = code(Micro::kDiv), kGreater = code(Micro::kGreater), kExp = code(Micro::kExp);

/// x [outer, n, inner], of which n is kept or all else is.
struct Dims {
  int32_t outer, n, inner;
};

constexpr Dims kShapes[] = {{4, 16, 1},   {4, 1, 1},  {1, 7, 5},     {64, 10, 1},    {65, 100, 1},
                            {3, 33, 4},   {0, 12, 1}, {128, 300, 1}, {700, 1027, 1}, {1, 1500, 300},
                            {2, 5000, 1}, {1, 1, 1},  {300, 64, 2},  {1, 1, 300001}, {40000, 7, 1}};

/// Numbers from 0.5 to 2.5; a prime count of them, so that rows differ.
constexpr size_t kWaves = 1021;
const std::array<double, kWaves>& waves() {
  static const auto values = [] {
    std::array<double, kWaves> v;
    for (size_t i = 0; i < kWaves; ++i) v[i] = 1.5 + std::sin(double(i) * 0.7);
    return v;
  }();
  return values;
}

/// Buffers: 0 x, 1 w, 2 m, 3 v (states of n), 4 result of n, 5 flags of n; three scalars.
template <class T>
struct Case {
  static constexpr DType kType = sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64;
  static constexpr auto kCode = static_cast<int32_t>(kType);
  Dims d;

  View x() const { return view(0, kType, {d.outer, d.n, d.inner}); }
  View vector(int32_t buffer) const { return view(buffer, kType, {1, d.n, 1}); }
  View flags() const { return view(5, DType::kBool, {1, d.n, 1}); }
  View number(int64_t index) const { return {kScalars, DType::kFloat64, {1, d.n, 1}, {0, 0, 0}, index}; }

  std::vector<char> result(bool joined, ReduceKind kind, const std::vector<int32_t>& program,
                           const std::vector<View>& outputs, const std::vector<View>& inputs,
                           const kernels::KernelTable& table) const {
    PlanBuilder plan;
    plan.input(kType, int64_t{d.outer} * d.n * d.inner);
    for (int i = 0; i < 3; ++i) plan.state(kType, d.n);
    plan.output(kType, d.n);
    plan.output(DType::kBool, d.n);
    plan.scalars(3).arena(int64_t{8} * d.n);
    std::vector<View> operands = outputs;
    std::vector<int32_t> attrs = program;
    if (joined) {
      operands.insert(operands.end(), inputs.begin(), inputs.end());
      operands.push_back(x());
      attrs.insert(attrs.begin(), static_cast<int32_t>(kind));
      plan.add("reduce", attrs, operands);
    } else {
      plan.add("reduce", {static_cast<int32_t>(kind)}, {vector(kArena), x()});
      operands.push_back(vector(kArena));
      operands.insert(operands.end(), inputs.begin(), inputs.end());
      plan.add("elementwise", attrs, operands);
    }
    PlanRun run(plan.words(), table);
    for (int32_t b = 0; b < 4; ++b) {
      const size_t size = run.plan.buffers()[static_cast<size_t>(b)].bytes() / sizeof(T);
      for (size_t i = 0; i < size; ++i) run.template at<T>(b)[i] = static_cast<T>(waves()[(i + size_t(b)) % kWaves]);
    }
    REQUIRE(run.run(2, {0.9, 0.1, 0.01, 0.8, 0.2, 0.02}).fault.code == Fault::kNone);
    std::vector<char> bytes;
    for (int32_t b = 1; b < 6; ++b) {
      const char* const from = run.template at<char>(b);
      bytes.insert(bytes.end(), from, from + run.plan.buffers()[static_cast<size_t>(b)].bytes());
    }
    return bytes;
  }
};

template <class T, class Build>
void same_as_apart(Build build) {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    for (const Dims& d : kShapes) {
      CAPTURE(d.outer);
      CAPTURE(d.n);
      CAPTURE(d.inner);
      const Case<T> c{d};
      for (const ReduceKind kind : {ReduceKind::kSum, ReduceKind::kMean, ReduceKind::kMax}) {
        const auto result = [&](bool joined) {
          return build(c, [&](const std::vector<int32_t>& words, const std::vector<View>& outputs,
                              const std::vector<View>& inputs) {
            return c.result(joined, kind, words, outputs, inputs, *table);
          });
        };
        const std::vector<char> apart = result(false);
        for (const size_t threads : {1, 2, 3}) {
          ThreadPool::instance().set_threads(threads);
          const bool same = result(true) == apart;
          ThreadPool::instance().set_threads(1);
          REQUIRE(same);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("w - rate · sum over w", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, auto run) {
    const int32_t t = Case<T>::kCode;
    return run(program(3, {5}, {{kCast, t, 2, 0, 0}, {kMul, t, 0, 3, 0}, {kSub, t, 1, 4, 0}}), {c.vector(1)},
               {c.vector(1), c.number(2)});
  });
}

TEST_CASE_TEMPLATE("momentum, over its velocity and its parameter", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, auto run) {
    const int32_t t = Case<T>::kCode;
    // inputs: sum, w, velocity, momentum, rate
    return run(program(5, {10, 8},
                       {{kCast, t, 3, 0, 0},
                        {kCast, t, 4, 0, 0},
                        {kMul, t, 2, 5, 0},
                        {kAdd, t, 7, 0, 0},
                        {kMul, t, 8, 6, 0},
                        {kSub, t, 1, 9, 0}}),
               {c.vector(1), c.vector(2)}, {c.vector(1), c.vector(2), c.number(0), c.number(2)});
  });
}

TEST_CASE_TEMPLATE("an update that no recipe fits, over three states", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, auto run) {
    const int32_t t = Case<T>::kCode;
    // inputs: sum, w, m, v, rate; m + sum, v + sum², w - rate · m / √v
    return run(program(5, {11, 6, 8},
                       {{kCast, t, 4, 0, 0},
                        {kAdd, t, 2, 0, 0},
                        {kSquare, t, 0, 0, 0},
                        {kAdd, t, 3, 7, 0},
                        {kSqrt, t, 8, 0, 0},
                        {kDiv, t, 6, 9, 0},
                        {kMul, t, 10, 5, 0}}),
               {c.vector(1), c.vector(2), c.vector(3)}, {c.vector(1), c.vector(2), c.vector(3), c.number(2)});
  });
}

TEST_CASE_TEMPLATE("the reduction itself as an output, a bool, and one element of memory for all", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, auto run) {
    const int32_t t = Case<T>::kCode;
    const View one = {3, Case<T>::kType, {1, c.d.n, 1}, {0, 0, 0}, 0};
    return run(program(3, {0, 4, 3}, {{kExp, t, 2, 0, 0}, {kGreater, t, 0, 1, 0}}),
               {c.vector(4), c.flags(), c.vector(2)}, {one, c.vector(1)});
  });
}

TEST_CASE("reduce with a group refuses what does not fit, and says why") {
  constexpr DType kF32 = DType::kFloat32;
  const std::vector<int32_t> halved = {0, 2, 1, 1, 2, kMul, 0, 0, 1, 0, 0};
  const auto error_of = [](const std::vector<int32_t>& attrs, const std::vector<View>& operands) -> std::string {
    PlanBuilder plan;
    plan.state(kF32, 64);
    plan.input(kF32, 64);
    plan.input(DType::kBool, 64);
    plan.arena(1024);
    plan.add("reduce", attrs, operands);
    return refusal_of(plan);
  };
  const std::string place = "plan: instruction 0 (reduce): ";
  const View y = view(0, kF32, {1, 6}), x = view(1, kF32, {4, 6}), other = view(1, kF32, {1, 6}, 40);
  CHECK(error_of(halved, {y, other, x}) == "");
  CHECK(error_of(halved, {y, y, x}) == "");
  CHECK(error_of(halved, {y, {1, kF32, {1, 6}, {0, 0}, 3}, x}) == "");
  CHECK(error_of({0, 2}, {y, other, x}) == place + "operands are missing");
  CHECK(error_of({0, 2, 0, 0}, {y, other, x}) == place + "operands are missing");
  CHECK(error_of({0, 2, 9, 0}, {y, other, x}) == place + "has fewer operands than outputs");
  CHECK(error_of(halved, {y}) == place + "operands are missing");
  CHECK(error_of(halved, {y, x}) == place + "elementwise: operands are missing or too many");
  CHECK(error_of(halved, {y, other, view(1, kF32, {4, 5})}).find("is not x [4, 5] with 1") != std::string::npos);
  CHECK(error_of(halved, {y, view(1, kF32, {6, 1}), x}) == place + "elementwise: operands differ in shape");
  CHECK(error_of(halved, {y, {1, kF32, {1, 6}, {0, 2}, 0}, x}) == place + "the group's operands must be contiguous");
  CHECK(error_of(halved, {{0, kF32, {1, 6}, {0, 2}, 0}, other, x}) ==
        place + "the group's operands must be contiguous");
  CHECK(error_of(halved, {y, other, view(2, DType::kBool, {4, 6})}) == place + "x is bool; cast it first");
  CHECK(error_of({4, 2, 1, 1, 2, kMul, 0, 0, 1, 0, 0}, {y, other, x}) == place + "kind must be 0 to 3, but is 4");
  CHECK(error_of(halved, {y, other, view(0, kF32, {4, 6})}).find("shares elements") != std::string::npos);
  CHECK(error_of(halved, {y, other, y}) == place + "an output overlaps x");
  CHECK(error_of({0}, {y, y}).find("shares elements") != std::string::npos);
  const View kept = view(0, kF32, {2, 1, 3}), apart = {1, kF32, {2, 4, 3}, {12, 3, 1}, 0};
  CHECK(error_of(halved, {kept, view(1, kF32, {2, 1, 3}, 40), apart}) ==
        place + "the results of a reduction with a group must be one axis of x");
}

}  // namespace gradsmith::plan
