// reduce and argReduce against plain loops, on random views, on every ISA level.
#include <algorithm>
#include <cmath>
#include <limits>

#include "every_nth.h"
#include "kernels/rows.h"
#include "rows_testing.h"

namespace gradsmith::plan::testing {
namespace {

using kernels::ReduceKind;
using Random = std::mt19937;

constexpr double kInf = std::numeric_limits<double>::infinity();
/// As rows.h states it, and the rounding of the result.
template <class T>
constexpr double kSumError = 36 * (sizeof(T) == 4 ? 0x1p-24 : 0x1p-53);

size_t pick(Random& random, size_t below) { return random() % below; }

/// A view of `dims` with its axes in random order in memory, gaps, and some axes reversed or broadcast.
Operand random_view(Random& random, DType dtype, const Dims& dims, size_t& buffer_size) {
  std::vector<size_t> order(dims.size());
  std::iota(order.begin(), order.end(), size_t{0});
  if (pick(random, 2) == 0) std::shuffle(order.begin(), order.end(), random);
  Dims strides(dims.size());
  int64_t stride = pick(random, 4) == 0 ? 2 : 1, offset = 0;
  const bool plain = pick(random, 3) == 0;
  for (size_t i = dims.size(); i-- > 0;) {
    const size_t axis = order[i];
    const size_t twist = plain ? 9 : pick(random, 10);
    strides[axis] = twist == 0 ? 0 : twist == 1 ? -stride : stride;
    if (twist == 1 && dims[axis] > 0) offset += (dims[axis] - 1) * stride;
    if (twist != 0) stride *= std::max<int64_t>(dims[axis], 1) + (twist == 2 ? 3 : 0);
  }
  buffer_size = static_cast<size_t>(stride) + 4;
  return view(1, dtype, dims, strides, offset);
}

/// Calls f(index of x's element in its buffer, index of y's) for every element, in row-major order.
template <class F>
void each_element(const Operand& x, const Operand& y, F f) {
  if (x.size() == 0) return;
  Dims at(static_cast<size_t>(x.rank), 0);
  for (;;) {
    int64_t xi = x.offset, yi = y.offset;
    for (size_t i = 0; i < at.size(); i++) {
      xi += at[i] * x.strides[i];
      if (y.dims[i] != 1) yi += at[i] * y.strides[i];
    }
    f(static_cast<size_t>(xi), static_cast<size_t>(yi));
    size_t i = at.size();
    while (i > 0 && ++at[i - 1] == x.dims[i - 1]) at[--i] = 0;
    if (i == 0) return;
  }
}

template <class T>
std::vector<T> random_values(Random& random, size_t n, bool with_nan) {
  std::vector<T> values(n);
  for (T& v : values) {
    if constexpr (std::is_integral_v<T>) {
      v = static_cast<T>(random());
    } else {
      v = static_cast<T>(std::normal_distribution<double>(0.5, 2)(random));
      if (with_nan && pick(random, 40) == 0) v = std::numeric_limits<T>::quiet_NaN();
      if (with_nan && pick(random, 40) == 0) v = static_cast<T>(pick(random, 2) == 0 ? kInf : -kInf);
    }
  }
  return values;
}

/// One result by the definition; sums in long double, or wrapping.
template <class T>
struct Expected {
  long double sum = 0, magnitudes = 0;
  uint32_t wrapped = 0;
  T largest =
      std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity() : std::numeric_limits<T>::lowest();
  T smallest =
      std::numeric_limits<T>::has_infinity ? std::numeric_limits<T>::infinity() : std::numeric_limits<T>::max();
  bool nan = false;
  size_t count = 0;

  void add(T x) {
    count++;
    sum += static_cast<long double>(x);
    magnitudes += std::abs(static_cast<long double>(x));
    if constexpr (std::is_integral_v<T>) wrapped += static_cast<uint32_t>(x);
    nan = nan || x != x;
    largest = std::max(largest, x);
    smallest = std::min(smallest, x);
  }

  void check(ReduceKind kind, T got) const {
    if constexpr (std::is_integral_v<T>) {
      if (kind == ReduceKind::kSum) CHECK(got == static_cast<T>(wrapped));
    } else if (kind == ReduceKind::kSum || kind == ReduceKind::kMean) {
      const long double divisor = kind == ReduceKind::kMean ? static_cast<long double>(count) : 1;
      const long double want = sum / divisor;
      if (std::isnan(want) || std::isinf(want)) {
        CHECK((std::isnan(want) ? std::isnan(got) : static_cast<long double>(got) == want));
      } else {
        const long double error = std::abs(static_cast<long double>(got) - want);
        CHECK(error <= static_cast<long double>(kSumError<T>) * magnitudes / divisor);
      }
    }
    if (kind == ReduceKind::kMax || kind == ReduceKind::kMin) {
      if (nan)
        CHECK(got != got);
      else
        CHECK(got == (kind == ReduceKind::kMax ? largest : smallest));
    }
  }
};

template <class T>
void check_reduce(Random& random, const Dims& dims, const std::vector<bool>& reduced, ReduceKind kind) {
  Dims y_dims = dims;
  for (size_t i = 0; i < dims.size(); i++)
    if (reduced[i]) y_dims[i] = 1;
  size_t size = 0;
  const Operand x = random_view(random, dtype_of<T>(), dims, size);
  const Operand y = packed(0, dtype_of<T>(), y_dims);
  std::vector<T> values = random_values<T>(random, size, pick(random, 4) == 0);
  std::vector<Expected<T>> expected(static_cast<size_t>(y.size()));
  each_element(x, y, [&](size_t xi, size_t yi) { expected[yi].add(values[xi]); });
  const Instruction instruction{3, {static_cast<int32_t>(kind)}, {y, x}};
  each_table([&](const kernels::KernelTable& table) {
    std::vector<T> forward(expected.size() + 1, T(77)), backward = forward;
    run(kReduceRow, instruction, {forward.data(), values.data()}, table);
    run(kReduceRow, instruction, {backward.data(), values.data()}, table, true);
    for (size_t i = 0; i < expected.size(); i++) {
      CAPTURE(i);
      expected[i].check(kind, forward[i]);
    }
    CHECK(forward.back() == T(77));
    CHECK(same_bits(forward, backward));
  });
}

template <class T>
void check_random_reduces(uint32_t seed, int rounds, size_t most) {
  Random random(seed);
  static constexpr int64_t kDims[] = {1, 2, 3, 5, 7, 8, 10, 16, 17, 33, 64, 65, 100, 130, 300, 1000, 2500};
  for (int round = 0; round < rounds; round++) {
    CAPTURE(round);
    Dims dims(pick(random, 5));
    std::vector<bool> reduced(dims.size());
    size_t size = 1;
    for (size_t i = 0; i < dims.size(); i++) {
      dims[i] = kDims[pick(random, std::size(kDims))];
      if (size * static_cast<size_t>(dims[i]) > most) dims[i] = 1 + static_cast<int64_t>(pick(random, 3));
      if (pick(random, 60) == 0) dims[i] = 0;
      size *= static_cast<size_t>(dims[i]);
      reduced[i] = pick(random, 2) == 0;
    }
    const auto kind = static_cast<ReduceKind>(pick(random, 4));
    if (std::is_integral_v<T> && kind == ReduceKind::kMean) continue;
    check_reduce<T>(random, dims, reduced, kind);
  }
}

TEST_CASE("reduce over random views and axes equals a plain loop, whatever the order of parts") {
  SUBCASE("float32") { check_random_reduces<float>(1, 500, 20000); }
  SUBCASE("float64") { check_random_reduces<double>(2, 500, 20000); }
  SUBCASE("int32") { check_random_reduces<int32_t>(3, 250, 20000); }
  SUBCASE("uint8") { check_random_reduces<uint8_t>(4, 250, 20000); }
  SUBCASE("several parts") { check_random_reduces<float>(5, 40, 600000); }
}

TEST_CASE("reduce of the usual layouts") {
  Random random(7);
  for (const auto kind : {ReduceKind::kSum, ReduceKind::kMean, ReduceKind::kMax, ReduceKind::kMin}) {
    for (const int64_t columns : {1, 3, 10, 16, 40, 64, 100}) {
      check_reduce<float>(random, {133, columns}, {false, true}, kind);
      check_reduce<float>(random, {133, columns}, {true, false}, kind);
      check_reduce<float>(random, {7, columns, 30}, {true, false, true}, kind);
    }
    check_reduce<float>(random, {70, 3000}, {false, true}, kind);
    check_reduce<float>(random, {3000, 70}, {true, false}, kind);
    check_reduce<double>(random, {40, 9000}, {true, true}, kind);
  }
}

TEST_CASE("large reductions split into parts") {
  std::vector<float> x(1000 * 1000, 1), y(1000);
  for (const bool rows : {false, true}) {
    const Dims kept = rows ? Dims{1000, 1} : Dims{1, 1000};
    const Instruction sum{3, {0}, {packed(0, DType::kFloat32, kept), packed(1, DType::kFloat32, {1000, 1000})}};
    size_t parts = 0;
    run(kReduceRow, sum, {y.data(), x.data()}, *kernels::available_tables().back(), false, &parts);
    CHECK(parts > 4);
    CHECK(std::all_of(y.begin(), y.end(), [](float v) { return v == 1000; }));
  }
}

/// A reduction of `length` rows of `columns`, or of a row, against one call of the kernel.
template <class T>
void check_blocks(Random& random, size_t length, size_t columns, ReduceKind kind) {
  const std::vector<T> x = random_values<T>(random, length * columns, false);
  const auto rows = static_cast<int64_t>(length), wide = static_cast<int64_t>(columns);
  const Operand from = packed(1, dtype_of<T>(), {rows, wide}), to = packed(0, dtype_of<T>(), {1, wide});
  kernels::ReduceAxes axes{};
  axes.kept = columns;
  axes.kept_stride = axes.result_stride = 1;
  axes.length = length;
  axes.stride = static_cast<ptrdiff_t>(columns);
  axes.count = static_cast<double>(length);
  const auto layout =
      static_cast<size_t>(columns == 1 ? kernels::ReduceLayout::kRows : kernels::ReduceLayout::kColumns);
  each_table([&](const kernels::KernelTable& table) {
    std::vector<T> got(columns), whole(columns);
    size_t parts = 0;
    const Instruction reduce{3, {static_cast<int32_t>(kind)}, {to, from}};
    run(kReduceRow, reduce, {got.data(), const_cast<T*>(x.data())}, table, true, &parts);
    table.rows.reduce[layout][static_cast<size_t>(kind)][static_cast<size_t>(dtype_of<T>())](x.data(), whole.data(),
                                                                                             axes, 0, columns);
    CHECK(parts >= 2);
    CHECK(same_bits(got, whole));
  });
}

TEST_CASE("few results of very many elements split along what is reduced, to the bits of one part") {
  Random random(9);
  const size_t many = test::every_nth() > 1 ? 300'001 : 1'000'003;
  for (const auto kind : {ReduceKind::kSum, ReduceKind::kMean, ReduceKind::kMax, ReduceKind::kMin}) {
    for (const size_t columns : {1, 7, 40}) {
      check_blocks<float>(random, many / columns, columns, kind);
      check_blocks<double>(random, many / columns, columns, kind);
      if (kind != ReduceKind::kMean) check_blocks<int32_t>(random, many / columns, columns, kind);
    }
    check_reduce<float>(random, {static_cast<int64_t>(many)}, {true}, kind);
    check_reduce<float>(random, {static_cast<int64_t>(many / 7), 7}, {true, false}, kind);
  }
}

TEST_CASE("a float32 sum of ten million numbers near 1 is right to 1e-6") {
  Random random(8);
  std::vector<float> x(10'000'000);
  double want = 0;
  for (float& v : x) {
    v = 1 + static_cast<float>(random() % 1000) * 1e-4f;
    want += static_cast<double>(v);
  }
  const Instruction sum{3, {0}, {packed(0, DType::kFloat32, {1}), packed(1, DType::kFloat32, {10'000'000})}};
  each_table([&](const kernels::KernelTable& table) {
    float y = 0;
    run(kReduceRow, sum, {&y, x.data()}, table);
    CHECK(std::abs(static_cast<double>(y) - want) <= 1e-6 * want);
  });
}

template <class T>
void check_empty(const std::vector<double>& want) {
  for (size_t kind = 0; kind < 4; kind++) {
    if (std::is_integral_v<T> && kind == 1) continue;
    const Instruction instruction{
        3, {static_cast<int32_t>(kind)}, {packed(0, dtype_of<T>(), {3, 1}), packed(1, dtype_of<T>(), {3, 0})}};
    each_table([&](const kernels::KernelTable& table) {
      std::vector<T> y(3, T(5)), x(1);
      run(kReduceRow, instruction, {y.data(), x.data()}, table);
      for (const T v : y) {
        const bool both_nan = std::isnan(want[kind]) && v != v;
        CHECK((both_nan || static_cast<double>(v) == want[kind]));
      }
    });
  }
}

TEST_CASE("reductions of nothing") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  check_empty<float>({0, nan, -kInf, kInf});
  check_empty<double>({0, nan, -kInf, kInf});
  check_empty<int32_t>({0, nan, -2147483648.0, 2147483647.0});
  check_empty<uint8_t>({0, nan, 0, 255});
}

TEST_CASE("an infinite float64 sum stays infinite") {
  std::vector<double> x(1000, 1.0);
  x[3] = kInf;
  const Instruction sum{3, {0}, {packed(0, DType::kFloat64, {1}), packed(1, DType::kFloat64, {1000})}};
  each_table([&](const kernels::KernelTable& table) {
    double y = 0;
    run(kReduceRow, sum, {&y, x.data()}, table);
    CHECK(y == kInf);
  });
}

template <class T>
void check_arg_reduce(Random& random, const Dims& dims, size_t axis, int32_t kind) {
  Dims y_dims = dims;
  y_dims[axis] = 1;
  size_t size = 0;
  const Operand x = random_view(random, dtype_of<T>(), dims, size);
  const Operand y = packed(0, DType::kInt32, y_dims);
  std::vector<T> values(size);
  for (T& v : values) {
    v = static_cast<T>(random() % 50);  // ties
    if constexpr (std::is_floating_point_v<T>)
      if (pick(random, 300) == 0) v = std::numeric_limits<T>::quiet_NaN();
  }
  struct Best {
    T value{};
    int32_t at = -1, seen = 0;
  };
  std::vector<Best> best(static_cast<size_t>(y.size()));
  each_element(x, y, [&](size_t xi, size_t yi) {
    Best& b = best[yi];
    const T v = values[xi];
    const bool better = b.at < 0 || (b.value == b.value && (v != v || (kind == 0 ? v > b.value : v < b.value)));
    if (better) b = {v, b.seen, b.seen};
    b.seen++;
  });
  const Instruction instruction{4, {kind, static_cast<int32_t>(axis)}, {y, x}};
  each_table([&](const kernels::KernelTable& table) {
    std::vector<int32_t> got(best.size()), backward(best.size());
    run(kArgReduceRow, instruction, {got.data(), values.data()}, table);
    run(kArgReduceRow, instruction, {backward.data(), values.data()}, table, true);
    for (size_t i = 0; i < best.size(); i++) CHECK(got[i] == best[i].at);
    CHECK(same_bits(got, backward));
  });
}

TEST_CASE("argReduce finds the first winner, and NaN before any number") {
  Random random(9);
  for (int round = 0; round < 60; round++) {
    for (const Dims& dims :
         {Dims{17}, Dims{1}, Dims{129, 10}, Dims{5, 1000}, Dims{3, 70, 9}, Dims{0, 4}, Dims{2, 3, 4, 5}}) {
      const size_t axis = dims.size() - 1 - (dims[0] == 0 ? 0 : pick(random, dims.size()));
      const int32_t kind = round % 2;
      check_arg_reduce<float>(random, dims, axis, kind);
      check_arg_reduce<double>(random, dims, axis, kind);
      check_arg_reduce<int32_t>(random, dims, axis, kind);
      check_arg_reduce<uint8_t>(random, dims, axis, kind);
    }
  }
  check_arg_reduce<float>(random, {40000, 10}, 1, 0);
}

TEST_CASE("reduce and argReduce refuse what does not fit, and say why") {
  const auto f32 = [](int32_t buffer, const Dims& dims) { return packed(buffer, DType::kFloat32, dims); };
  const auto reduce = [&](int32_t kind, const Operand& y, const Operand& x) {
    return complaint(kReduceRow, {3, {kind}, {y, x}});
  };
  CHECK(reduce(0, f32(0, {2, 1}), f32(1, {2, 3})) == "");
  CHECK(reduce(4, f32(0, {2, 1}), f32(1, {2, 3})) == "reduce: kind must be 0 to 3, but is 4");
  CHECK(reduce(0, f32(0, {3, 1}), f32(1, {2, 3})) == "reduce: y [3, 1] is not x [2, 3] with 1 in some dimensions");
  CHECK(reduce(0, f32(0, {2}), f32(1, {2, 3})) == "reduce: y must have rank 2, but is [2]");
  CHECK(reduce(0, packed(0, DType::kFloat64, {2, 1}), f32(1, {2, 3})) ==
        "reduce: y is float64, but x is float32; they must be the same");
  CHECK(reduce(1, packed(0, DType::kInt32, {1}), packed(1, DType::kInt32, {3})) ==
        "reduce: x of a mean must be float32 or float64, but is int32");
  CHECK(reduce(0, packed(0, DType::kBool, {1}), packed(1, DType::kBool, {3})) == "reduce: x is bool; cast it first");
  CHECK(reduce(0, view(0, DType::kFloat32, {2, 1}, {2, 1}), f32(1, {2, 3})) == "reduce: y must be contiguous");
  CHECK(complaint(kReduceRow, {3, {0}, {f32(0, {1})}}) == "reduce: takes 2 operands, but has 1");
  CHECK(complaint(kReduceRow, {3, {}, {f32(0, {1}), f32(1, {3})}}) == "reduce: takes 1 attributes, but has 0");

  const auto arg = [&](int32_t axis, const Operand& y, const Operand& x) {
    return complaint(kArgReduceRow, {4, {0, axis}, {y, x}});
  };
  CHECK(arg(1, packed(0, DType::kInt32, {2, 1}), f32(1, {2, 3})) == "");
  CHECK(arg(2, packed(0, DType::kInt32, {2, 1}), f32(1, {2, 3})) == "argReduce: axis must be 0 to 1, but is 2");
  CHECK(arg(1, f32(0, {2, 1}), f32(1, {2, 3})) == "argReduce: y must be int32, but is float32");
  CHECK(arg(1, packed(0, DType::kInt32, {2, 1}), f32(1, {2, 0})) == "argReduce: axis 1 of x [2, 0] is empty");
  CHECK(arg(1, packed(0, DType::kInt32, {1, 1}), f32(1, {2, 3})) ==
        "argReduce: y is [1, 1], but its dimension 0 must be 2");
  CHECK(arg(0, packed(0, DType::kInt32, {}), f32(1, {})) == "argReduce: x must have an axis to search");
}

}  // namespace
}  // namespace gradsmith::plan::testing
