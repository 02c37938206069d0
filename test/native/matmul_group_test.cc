// A group over a product = the product in memory and then the group, bit for bit, on every ISA level and any number of
// threads.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "every_nth.h"
#include "plan_builder.h"
#include "plan_refusal.h"
#include "plan_run.h"
#include "threads.h"

namespace gradsmith::plan {
namespace {

using kernels::Micro;
using test::Threads;
constexpr int32_t kConstant = code(Micro::kConstant), kCast = code(Micro::kCast), kAdd = code(Micro::kAdd),
                  kSub = code(Micro::kSub), kMul = code(Micro::kMul), kSigmoid = code(Micro::kSigmoid),
                  kRelu = code(Micro::kRelu), kGreater = code(Micro::kGreater), kSquare = code(Micro::kSquare);

struct Dims {
  int32_t m, n, k;
};

/// Everything a case may use: x [m, k], y [k, n], bias [n], other [m, n], w [m, n] (state); out [m, n], second [m, n],
/// flag [m, n]; two scalars.
template <class T>
class Case {
 public:
  Case(Dims d, bool turned, int32_t precision) : d_(d), turned_(turned), precision_(precision) {}

  View product_inputs(int which) const {
    const DType t = dtype();
    if (which == 0) return turned_ ? View{x, t, {d_.m, d_.k}, {1, d_.m}} : view(x, t, {d_.m, d_.k});
    return turned_ ? View{y, t, {d_.k, d_.n}, {1, d_.k}} : view(y, t, {d_.k, d_.n});
  }
  View whole(int32_t buffer) const { return view(buffer, dtype(), {d_.m, d_.n}); }
  View flags() const { return view(flag, DType::kBool, {d_.m, d_.n}); }
  View row() const { return {bias, dtype(), {d_.m, d_.n}, {0, 1}, 0}; }
  View rate(int64_t index) const { return {kScalars, DType::kFloat64, {d_.m, d_.n}, {0, 0}, index}; }

  static DType dtype() { return sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64; }
  static int32_t code() { return static_cast<int32_t>(dtype()); }

  /// `attrs` as of an elementwise instruction whose first input is the product; `inputs` are the others.
  std::vector<int32_t> words(bool joined, const std::vector<int32_t>& attrs, const std::vector<View>& outputs,
                             const std::vector<View>& inputs) const {
    PlanBuilder plan;
    const int64_t mn = int64_t{d_.m} * d_.n;
    plan.input(dtype(), int64_t{d_.m} * d_.k);
    plan.input(dtype(), int64_t{d_.k} * d_.n);
    plan.input(dtype(), d_.n);
    plan.input(dtype(), mn);
    plan.state(dtype(), mn);
    plan.output(dtype(), mn);
    plan.output(dtype(), mn);
    plan.output(DType::kBool, mn);
    plan.scalars(2);
    std::vector<View> operands = outputs;
    if (joined) {
      operands.insert(operands.end(), inputs.begin(), inputs.end());
      operands.push_back(product_inputs(0));
      operands.push_back(product_inputs(1));
      std::vector<int32_t> all = attrs;
      all.push_back(precision_);
      plan.add("matmulGroup", all, operands);
    } else {
      const View product = whole(kArena);
      plan.arena((mn + 16) * static_cast<int64_t>(sizeof(T)));
      plan.add("matmul", {precision_}, {product, product_inputs(0), product_inputs(1)});
      operands.push_back(product);
      operands.insert(operands.end(), inputs.begin(), inputs.end());
      plan.add("elementwise", attrs, operands);
    }
    return plan.words();
  }

  std::vector<char> result(const std::vector<int32_t>& words, const kernels::KernelTable& table) const {
    PlanRun run(words, table);
    const auto mn = static_cast<size_t>(d_.m) * static_cast<size_t>(d_.n);
    for (int32_t b : {x, y, bias, other, w}) {
      const auto size = static_cast<ptrdiff_t>(run.plan.buffers()[static_cast<size_t>(b)].bytes() / sizeof(T));
      std::copy_n(wave(b, static_cast<size_t>(size)), size, run.at<T>(b));
    }
    run.run(2, {0.125, 3, 0.25, 4});  // twice, so that what is written over is read again
    std::vector<char> bytes;
    for (int32_t b : {w, out, second}) {
      bytes.insert(bytes.end(), run.at<char>(b), run.at<char>(b) + mn * sizeof(T));
    }
    bytes.insert(bytes.end(), run.at<char>(flag), run.at<char>(flag) + mn);
    return bytes;
  }

  static constexpr int32_t x = 0, y = 1, bias = 2, other = 3, w = 4, out = 5, second = 6, flag = 7;

 private:
  /// `size` numbers for buffer `b`; computed once, since sines are slow where floating point is emulated.
  static const T* wave(int32_t b, size_t size) {
    static std::vector<T> waves[w + 1];
    std::vector<T>& wave = waves[b];
    for (size_t i = wave.size(); i < size; ++i) wave.push_back(static_cast<T>(std::sin(double(i) * 0.7 + b)));
    return wave.data();
  }

  Dims d_;
  bool turned_;
  int32_t precision_;
};

constexpr Dims kShapes[] = {{1, 1, 1},      {1, 7, 3},       {4, 16, 2},      {5, 1, 9},
                            {13, 33, 1},    {14, 32, 64},    {3, 100, 0},     {64, 10, 100},
                            {65, 100, 300}, {64, 100, 1000}, {100, 17, 2100}, {300, 200, 64}};

/// Whether it is this case's turn: of the large products, slow modes (every_nth.h) take every third, over all shapes,
/// layouts, precisions, levels and groups.
bool in_turn(const Dims& d) {
  static unsigned large = 0;
  const bool is_large = double(d.m) * d.n * d.k > 1e6;
  return !is_large || test::every_nth() == 1 || large++ % 3 == 0;
}

template <class T, class Build>
void same_as_apart(Build build) {
  for (const kernels::KernelTable* table : kernels::available_tables()) {
    CAPTURE(table->isa);
    for (const Dims& d : kShapes) {
      CAPTURE(d.m);
      CAPTURE(d.n);
      CAPTURE(d.k);
      for (const bool turned : {false, true}) {
        for (int32_t precision = 0; precision <= (sizeof(T) == 4 ? 1 : 0); ++precision) {
          if (!in_turn(d)) continue;
          const Case<T> c(d, turned, precision);
          const std::vector<char> apart = c.result(build(c, false), *table);
          for (const size_t threads : {1, 3}) {
            const Threads limit(threads);
            REQUIRE(c.result(build(c, true), *table) == apart);
          }
        }
      }
    }
  }
}

}  // namespace

TEST_CASE_TEMPLATE("bias and activation", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, bool joined) {
    const int32_t t = Case<T>::code();
    return c.words(joined, {2, 1, 2, 3, kAdd, t, 0, 1, 0, 0, kRelu, t, 2, 0, 0, 0}, {c.whole(Case<T>::out)}, {c.row()});
  });
}

TEST_CASE_TEMPLATE("a derivative times the incoming gradient, the product handed out, a comparison", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, bool joined) {
    const int32_t t = Case<T>::code();
    // s = sigmoid(other); out = P·s; flag = P > s; second = P
    return c.words(joined, {2,        3, 3, 3, 0, 4, /**/ kSigmoid, t, 1, 0, 0, 0, /**/ kMul, t, 0, 2, 0, 0, /**/
                            kGreater, t, 0, 2, 0, 0},
                   {c.whole(Case<T>::out), c.whole(Case<T>::second), c.flags()}, {c.whole(Case<T>::other)});
  });
}

TEST_CASE_TEMPLATE("a recipe whose streams are the product twice", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, bool joined) {
    return c.words(joined, {1, 1, 1, 1, kMul, Case<T>::code(), 0, 0, 0, 0}, {c.whole(Case<T>::out)}, {});
  });
}

TEST_CASE_TEMPLATE("bias, sigmoid, the squared error and its gradient", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, bool joined) {
    const int32_t t = Case<T>::code();
    // s = sigmoid(P + bias), d = s - other; out = d², second = 0.25·(d·2)·(s·(1-s))
    return c.words(joined, {3,        2, 12,         6,  14, /**/ kAdd, t,
                            0,        1, 0,          0, /**/
                            kSigmoid, t, 3,          0,  0,  0,         /**/ kSub,
                            t,        4, 2,          0,  0, /**/
                            kSquare,  t, 5,          0,  0,  0,         /**/ kConstant,
                            t,        0, 0x40000000, 0,  0, /**/
                            kMul,     t, 5,          7,  0,  0,         /**/ kConstant,
                            t,        0, 0x3FD00000, 0,  0, /**/
                            kMul,     t, 9,          8,  0,  0,         /**/ kConstant,
                            t,        0, 0x3FF00000, 0,  0, /**/
                            kSub,     t, 11,         4,  0,  0,         /**/ kMul,
                            t,        4, 12,         0,  0, /**/
                            kMul,     t, 10,         13, 0,  0},
                   {c.whole(Case<T>::out), c.whole(Case<T>::second)}, {c.row(), c.whole(Case<T>::other)});
  });
}

TEST_CASE("an update by a rate, in place: the product adds to the weight by itself") {
  same_as_apart<float>([](const Case<float>& c, bool joined) {
    return c.words(joined, {3, 1, 3, 5, /**/ kCast, 0, 2, 0, 0, 0, /**/ kMul, 0, 0, 3, 0, 0, /**/ kSub, 0, 1, 4, 0, 0},
                   {c.whole(4)}, {c.whole(4), c.rate(0)});
  });
  same_as_apart<double>([](const Case<double>& c, bool joined) {
    return c.words(joined, {3, 1, 2, 4, /**/ kMul, 1, 1, 0, 0, 0, /**/ kSub, 1, 2, 3, 0, 0}, {c.whole(4)},
                   {c.rate(1), c.whole(4)});
  });
}

TEST_CASE_TEMPLATE("momentum in two states", T, float, double) {
  same_as_apart<T>([](const Case<T>& c, bool joined) {
    const int32_t t = Case<T>::code();
    // v = w·2 + P (over w); out = v - rate·bias
    return c.words(joined, {4, 2, 6, 6, 9, /**/ kConstant, t, 0, 0x40000000, 0, 0, /**/ kMul, t, 1, 4, 0, 0, /**/ kAdd,
                            t, 5, 0, 0, 0, /**/ kCast,     t, 3, 0,          0, 0, /**/ kMul, t, 2, 7, 0, 0, /**/ kSub,
                            t, 6, 8, 0, 0},
                   {c.whole(Case<T>::w), c.whole(Case<T>::out)}, {c.whole(Case<T>::w), c.row(), c.rate(1)});
  });
}

TEST_CASE("matmulGroup refuses what does not fit, and says why") {
  constexpr DType kF32 = DType::kFloat32, kF64 = DType::kFloat64;
  const std::vector<int32_t> relu = {1, 1, 1, 1, kRelu, 0, 0, 0, 0, 0, 0};
  const std::vector<int32_t> unknown = {1, 1, 1, 1, kRelu, 0, 0, 0, 0, 0, 2};
  const std::vector<int32_t> rounded = {1, 1, 1, 1, kRelu, 1, 0, 0, 0, 0, 1};
  const auto error_of = [](const std::vector<int32_t>& attrs, const std::vector<View>& operands) -> std::string {
    PlanBuilder plan;
    plan.state(DType::kFloat32, 64);
    plan.input(DType::kFloat32, 64);
    plan.input(DType::kFloat64, 64);
    plan.state(DType::kFloat64, 64);
    plan.arena(1024);
    plan.add("matmulGroup", attrs, operands);
    return refusal_of(plan);
  };
  const View out = view(0, kF32, {2, 4}), a = view(1, kF32, {2, 3}), b = view(1, kF32, {3, 4}, 8);
  const std::string place = "plan: instruction 0 (matmulGroup): ";
  CHECK(error_of(relu, {out, a, b}) == "");
  CHECK(error_of(unknown, {out, a, b}) == place + "unknown precision");
  CHECK(error_of(rounded, {view(3, kF64, {2, 4}), view(2, kF64, {2, 3}), view(2, kF64, {3, 4}, 8)}) ==
        place + "bfloat16 precision takes float32");
  CHECK(error_of(relu, {out, a}) == place + "operands are missing");
  CHECK(error_of({1, 0, 0}, {out, a, b}) == place + "operands are missing");
  CHECK(error_of(relu, {view(0, kF32, {8}), a, b}) == place + "matrices expected");
  CHECK(error_of(relu, {out, view(1, kF32, {2, 1, 3}), b}) == place + "matrices expected");
  CHECK(error_of(relu, {out, view(1, kF32, {2, 4}), b}) == place + "the factors' shapes do not fit");
  CHECK(error_of(relu, {out, a, view(2, DType::kFloat64, {3, 4})}) == place + "A and B must be of one float dtype");
  CHECK(error_of(relu, {{0, kF32, {2, 4}, {1, 2}, 0}, a, b}) == place + "operands must have stride 1 along rows");
  CHECK(error_of(relu, {out, view(0, kF32, {2, 3}), b}).find("shares elements") != std::string::npos);
  CHECK(error_of(relu, {view(0, kF32, {2, 2}), view(0, kF32, {2, 2}), view(1, kF32, {2, 2})}) ==
        place + "an output overlaps a factor");
}

}  // namespace gradsmith::plan
