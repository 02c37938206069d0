// gather, scatterAdd, dynamicSlice and iota against plain loops, and their faults, on every ISA level.
#include <cmath>
#include <limits>

#include "rows_testing.h"

namespace gradsmith::plan::testing {
namespace {

using Random = std::mt19937;
using Indices = std::vector<int32_t>;

Indices random_indices(Random& random, int64_t n, int64_t limit) {
  Indices indices(static_cast<size_t>(n));
  for (int32_t& i : indices) i = static_cast<int32_t>(random() % static_cast<uint32_t>(limit));
  return indices;
}

template <class T>
std::vector<T> random_values(Random& random, size_t n) {
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(static_cast<int32_t>(random()));
  return values;
}

template <class T>
void check_gather(Random& random, int64_t n, int64_t rows, int64_t r, int64_t gap) {
  const Operand y = view(0, dtype_of<T>(), {n, r}, {r + gap, 1});
  const Operand x = view(1, dtype_of<T>(), {rows, r}, {-(r + gap), 1}, (rows - 1) * (r + gap));  // rows from the end
  const Instruction instruction{8, {}, {y, x, packed(2, DType::kInt32, {n})}};
  std::vector<T> table_values = random_values<T>(random, static_cast<size_t>(rows * (r + gap)));
  Indices indices = random_indices(random, n, rows);
  each_table([&](const kernels::KernelTable& table) {
    std::vector<T> got(static_cast<size_t>(n * (r + gap)), T(3)), want = got;
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < r; j++) {
        const int64_t row = rows - 1 - indices[static_cast<size_t>(i)];
        want[static_cast<size_t>(i * (r + gap) + j)] = table_values[static_cast<size_t>(row * (r + gap) + j)];
      }
    CHECK(run(kGatherRow, instruction, {got.data(), table_values.data(), indices.data()}, table).code == Fault::kNone);
    CHECK(same_bits(got, want));
  });
}

TEST_CASE("gather copies rows of any dtype and width") {
  Random random(1);
  for (const int64_t r : {1, 2, 3, 17, 64})
    for (const int64_t gap : {0, 2}) {
      check_gather<float>(random, 37, 11, r, gap);
      check_gather<double>(random, 37, 11, r, gap);
      check_gather<int32_t>(random, 5, 1, r, gap);
      check_gather<uint8_t>(random, 200, 90, r, gap);
    }
  check_gather<float>(random, 4000, 50, 64, 0);  // several parts
}

template <class T>
void check_scatter_add(Random& random, int64_t n, int64_t rows, int64_t r, int64_t gap) {
  const Operand y = packed(0, dtype_of<T>(), {rows, r});
  const Operand x = view(2, dtype_of<T>(), {n, r}, {r + gap, 1});
  const Instruction instruction{9, {}, {y, packed(1, DType::kInt32, {n}), x}};
  std::vector<T> values = random_values<T>(random, static_cast<size_t>(n * (r + gap)));
  Indices indices = random_indices(random, n, rows);
  std::vector<T> want(static_cast<size_t>(rows * r), T(0));
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < r; j++) {
      T& sum = want[static_cast<size_t>(indices[static_cast<size_t>(i)] * r + j)];
      const T value = values[static_cast<size_t>(i * (r + gap) + j)];
      if constexpr (std::is_integral_v<T>)
        sum = static_cast<T>(static_cast<uint32_t>(sum) + static_cast<uint32_t>(value));
      else
        sum += value;
    }
  each_table([&](const kernels::KernelTable& table) {
    for (const bool backwards : {false, true}) {
      std::vector<T> got(want.size(), T(5));
      run(kScatterAddRow, instruction, {got.data(), indices.data(), values.data()}, table, backwards);
      CHECK(same_bits(got, want));  // in order of i: not only close
    }
  });
}

TEST_CASE("scatterAdd adds rows in order, whatever the order of parts") {
  Random random(2);
  for (const int64_t r : {1, 2, 15, 16, 33})
    for (const int64_t n : {0, 1, 50}) {
      check_scatter_add<float>(random, n, 7, r, 0);
      check_scatter_add<double>(random, n, 7, r, 3);
      check_scatter_add<int32_t>(random, n, 7, r, 0);
    }
  check_scatter_add<float>(random, 3000, 200, 100, 0);
  check_scatter_add<float>(random, 300, 100000, 8, 0);
}

TEST_CASE("an index out of range is a fault, and scatterAdd writes nothing") {
  for (const int32_t bad : {-1, 7, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    for (const size_t at : {size_t{0}, size_t{18}, size_t{39}}) {
      Indices indices(40, 6);
      indices[at] = bad;
      std::vector<float> table_values(7 * 3, 1), y(40 * 3, 2), x(40 * 3, 1), sums(7 * 3, 2);
      const Instruction gather{
          8,
          {},
          {packed(0, DType::kFloat32, {40, 3}), packed(1, DType::kFloat32, {7, 3}), packed(2, DType::kInt32, {40})}};
      const Instruction scatter{
          9,
          {},
          {packed(0, DType::kFloat32, {7, 3}), packed(1, DType::kInt32, {40}), packed(2, DType::kFloat32, {40, 3})}};
      each_table([&](const kernels::KernelTable& table) {
        for (const Fault& fault : {run(kGatherRow, gather, {y.data(), table_values.data(), indices.data()}, table),
                                   run(kScatterAddRow, scatter, {sums.data(), indices.data(), x.data()}, table)}) {
          CHECK(fault.code == Fault::kIndexOutOfRange);
          CHECK(fault.value == bad);
          CHECK(fault.limit == 7);
        }
        CHECK(sums == std::vector<float>(7 * 3, 2));
      });
    }
  }
}

TEST_CASE("rows of an empty table cannot be taken, none can") {
  std::vector<float> y(3, 1), x(1);
  Indices indices = {0};
  each_table([&](const kernels::KernelTable& table) {
    for (const int64_t n : {0, 1}) {
      const Instruction gather{
          8,
          {},
          {packed(0, DType::kFloat32, {n, 3}), packed(1, DType::kFloat32, {0, 3}), packed(2, DType::kInt32, {n})}};
      const Fault fault = run(kGatherRow, gather, {y.data(), x.data(), indices.data()}, table);
      CHECK(fault.code == (n == 0 ? Fault::kNone : Fault::kIndexOutOfRange));
    }
  });
  CHECK(y == std::vector<float>(3, 1));
}

template <class T>
void check_slice(Random& random, int64_t n, int64_t rows, int64_t r, int64_t gap, int64_t start) {
  const Instruction instruction{10,
                                {},
                                {packed(0, dtype_of<T>(), {n, r}), view(1, dtype_of<T>(), {rows, r}, {r + gap, 1}),
                                 view(2, DType::kFloat64, {3}, {0})}};
  std::vector<T> values = random_values<T>(random, static_cast<size_t>(rows * (r + gap)));
  double at = static_cast<double>(start);
  each_table([&](const kernels::KernelTable& table) {
    std::vector<T> got(static_cast<size_t>(n * r)), want = got;
    for (int64_t i = 0; i < n; i++)
      for (int64_t j = 0; j < r; j++)
        want[static_cast<size_t>(i * r + j)] = values[static_cast<size_t>((start + i) * (r + gap) + j)];
    CHECK(run(kDynamicSliceRow, instruction, {got.data(), values.data(), &at}, table).code == Fault::kNone);
    CHECK(same_bits(got, want));
  });
}

TEST_CASE("dynamicSlice copies rows from start on") {
  Random random(3);
  for (const int64_t start : {0, 3, 6}) {
    check_slice<float>(random, 4, 10, 5, 0, start);
    check_slice<double>(random, 4, 10, 5, 2, start);
    check_slice<uint8_t>(random, 4, 10, 1, 0, start);
  }
  check_slice<float>(random, 2000, 4000, 100, 0, 1234);
  check_slice<float>(random, 0, 3, 2, 0, 3);
}

TEST_CASE("a slice that does not fit is a fault") {
  std::vector<float> x(10, 1), y(4, 2);
  const Instruction slice{
      10,
      {},
      {packed(0, DType::kFloat32, {4, 1}), packed(1, DType::kFloat32, {10, 1}), packed(2, DType::kFloat64, {})}};
  struct Case {
    double start;
    int64_t value;
  };
  for (const Case& c : {Case{-1, -1}, Case{-0.5, -1}, Case{7, 7}, Case{1e300, std::numeric_limits<int64_t>::max()},
                        Case{-INFINITY, -1}, Case{NAN, -1}}) {
    double start = c.start;
    each_table([&](const kernels::KernelTable& table) {
      const Fault fault = run(kDynamicSliceRow, slice, {y.data(), x.data(), &start}, table);
      CHECK(fault.code == Fault::kIndexOutOfRange);
      CHECK(fault.value == c.value);
      CHECK(fault.limit == 7);
      CHECK(y == std::vector<float>(4, 2));
    });
  }
}

template <class T>
std::vector<T> iota_of(const kernels::KernelTable& table, DType dtype, int64_t n, double start, double step,
                       bool backwards) {
  std::vector<T> y(static_cast<size_t>(n));
  const Instruction instruction{
      12, {}, {packed(0, dtype, {n}), packed(1, DType::kFloat64, {}), packed(2, DType::kFloat64, {1})}};
  run(kIotaRow, instruction, {y.data(), &start, &step}, table, backwards);
  return y;
}

TEST_CASE("iota is start + i·step in float64, then cast") {
  each_table([&](const kernels::KernelTable& table) {
    for (const int64_t n : {0, 1, 17, 40000}) {
      const auto doubles = iota_of<double>(table, DType::kFloat64, n, 0.1, 0.3, true);
      const auto floats = iota_of<float>(table, DType::kFloat32, n, 0.1, 0.3, false);
      for (size_t i = 0; i < doubles.size(); i++) {
        const double offset = static_cast<double>(i) * 0.3;
        CHECK(doubles[i] == 0.1 + offset);
        CHECK(floats[i] == static_cast<float>(0.1 + offset));
      }
    }
    using Ints = std::vector<int32_t>;
    using Bytes = std::vector<uint8_t>;
    CHECK(iota_of<int32_t>(table, DType::kInt32, 4, -1.5, 0.75, false) == Ints{-1, 0, 0, 0});
    CHECK(iota_of<int32_t>(table, DType::kInt32, 3, -3e9, 3e9, false) == Ints{INT32_MIN, 0, INT32_MAX});
    CHECK(iota_of<int32_t>(table, DType::kInt32, 2, NAN, 1, false) == Ints{0, 0});
    CHECK(iota_of<uint8_t>(table, DType::kUint8, 4, -100, 150, false) == Bytes{0, 50, 200, 255});
    CHECK(iota_of<uint8_t>(table, DType::kBool, 3, -0.5, 0.5, false) == Bytes{1, 0, 1});
  });
}

TEST_CASE("index instructions refuse what does not fit, and say why") {
  const auto f32 = [](int32_t buffer, const Dims& dims) { return packed(buffer, DType::kFloat32, dims); };
  const auto i32 = [](int32_t buffer, const Dims& dims) { return packed(buffer, DType::kInt32, dims); };
  const auto gather = [&](const Operand& y, const Operand& table, const Operand& indices) {
    return complaint(kGatherRow, {8, {}, {y, table, indices}});
  };
  CHECK(gather(f32(0, {4, 3}), f32(1, {9, 3}), i32(2, {4})) == "");
  CHECK(gather(f32(0, {4, 2}), f32(1, {9, 3}), i32(2, {4})) == "gather: y is [4, 2], but its dimension 1 must be 3");
  CHECK(gather(f32(0, {4, 3}), f32(1, {9, 3}), i32(2, {5})) == "gather: indices is [5], but its dimension 0 must be 4");
  CHECK(gather(f32(0, {4, 3}), view(1, DType::kFloat32, {9, 3}, {1, 9}), i32(2, {4})) ==
        "gather: the rows of table must have unit stride");
  CHECK(gather(f32(0, {4, 3}), f32(1, {9, 3}), f32(2, {4})) == "gather: indices must be int32, but is float32");
  CHECK(complaint(kGatherRow, {8, {1}, {f32(0, {4, 3}), f32(1, {9, 3}), i32(2, {4})}}) ==
        "gather: takes 0 attributes, but has 1");

  const auto scatter = [&](const Operand& y, const Operand& indices, const Operand& x) {
    return complaint(kScatterAddRow, {9, {}, {y, indices, x}});
  };
  CHECK(scatter(f32(0, {9, 3}), i32(1, {4}), f32(2, {4, 3})) == "");
  CHECK(scatter(packed(0, DType::kUint8, {9, 3}), i32(1, {4}), packed(2, DType::kUint8, {4, 3})) ==
        "scatterAdd: y must be float32, float64 or int32");
  CHECK(scatter(f32(0, {9, 2}), i32(1, {4}), f32(2, {4, 3})) ==
        "scatterAdd: y is [9, 2], but its dimension 1 must be 3");
  CHECK(scatter(f32(0, {9, 3}), view(1, DType::kInt32, {4}, {2}), f32(2, {4, 3})) ==
        "scatterAdd: indices must be contiguous");

  const auto slice = [&](const Operand& y, const Operand& x, const Operand& start) {
    return complaint(kDynamicSliceRow, {10, {}, {y, x, start}});
  };
  const Operand scalar = packed(kScalars, DType::kFloat64, {});
  CHECK(slice(f32(0, {4, 3}), f32(1, {9, 3}), scalar) == "");
  CHECK(slice(f32(0, {4, 3}), f32(1, {3, 3}), scalar) == "dynamicSlice: y [4, 3] has more rows than x [3, 3]");
  CHECK(slice(f32(0, {4, 3}), f32(1, {9, 3}), f32(2, {})) == "dynamicSlice: start must be float64, but is float32");
  CHECK(slice(f32(0, {4, 3}), f32(1, {9, 3}), packed(2, DType::kFloat64, {2})) ==
        "dynamicSlice: start must be a scalar, but is [2]");
  CHECK(slice(f32(0, {4, 3}), f32(1, {9, 3}), packed(2, DType::kFloat64, {0})) ==
        "dynamicSlice: start must be a scalar, but is [0]");

  CHECK(complaint(kIotaRow, {12, {}, {f32(0, {4}), scalar, scalar}}) == "");
  CHECK(complaint(kIotaRow, {12, {}, {view(0, DType::kFloat32, {4}, {2}), scalar, scalar}}) ==
        "iota: y must be contiguous");
}

}  // namespace
}  // namespace gradsmith::plan::testing
