// softmax, crossEntropy and crossEntropyGrad against the definition in long double, on every ISA level.
#include <algorithm>
#include <cmath>
#include <limits>

#include "rows_testing.h"

namespace gradsmith::plan::testing {
namespace {

using Real = long double;
using Random = std::mt19937;

template <class T>
constexpr T kInf = std::numeric_limits<T>::infinity();
template <class T>
constexpr Real kUnit = sizeof(T) == 4 ? 0x1p-23L : 0x1p-52L;
/// rows.h states them, in ulp: of a result (softmax), or of 1 where that is larger (logSoftmax, crossEntropy).
constexpr Real kSoftmaxUlp = 3, kLogUlp = 4, kLabelUlp = 4;

/// One ulp of T at |x|, where T is normal; the smallest denormal below.
template <class T>
Real ulp_at(Real x) {
  if (std::abs(x) < static_cast<Real>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::denorm_min();
  return std::ldexp(kUnit<T>, std::ilogb(x));
}

template <class T>
std::vector<T> random_logits(Random& random, size_t n, double reach) {
  std::vector<T> x(n);
  std::uniform_real_distribution<double> uniform(-reach, reach);
  for (T& v : x) v = static_cast<T>(uniform(random));
  return x;
}

struct Row {
  std::vector<Real> probability;
  Real log_sum = 0;  // log of the sum of exponentials

  template <class T>
  Row(const T* x, size_t n) : probability(n) {
    Real largest = -std::numeric_limits<Real>::infinity(), sum = 0;
    for (size_t i = 0; i < n; i++) largest = std::max(largest, static_cast<Real>(x[i]));
    for (size_t i = 0; i < n; i++) sum += probability[i] = std::exp(static_cast<Real>(x[i]) - largest);
    log_sum = largest + std::log(sum);
    for (Real& p : probability) p /= sum;
  }
};

/// Computed once for all levels: an emulator takes its time over long double.
template <class T>
std::vector<Row> rows_of(const std::vector<T>& x, size_t rows, size_t columns) {
  std::vector<Row> result;
  result.reserve(rows);
  for (size_t i = 0; i < rows; i++) result.emplace_back(x.data() + i * columns, columns);
  return result;
}

template <class T>
Instruction softmax_of(int32_t log, int64_t rows, int64_t columns, bool in_place) {
  const DType dtype = dtype_of<T>();
  return {5, {log}, {packed(in_place ? 1 : 0, dtype, {rows, columns}), packed(1, dtype, {rows, columns})}};
}

template <class T>
void check_softmax(const std::vector<T>& x, size_t rows, size_t columns) {
  const std::vector<Row> exact = rows_of(x, rows, columns);
  for (const int32_t log : {0, 1}) {
    const Instruction instruction =
        softmax_of<T>(log, static_cast<int64_t>(rows), static_cast<int64_t>(columns), false);
    each_table([&](const kernels::KernelTable& table) {
      std::vector<T> source = x, y(x.size() + 1, T(9)), backward = y, in_place = x;
      run(kSoftmaxRow, instruction, {y.data(), source.data()}, table);
      run(kSoftmaxRow, instruction, {backward.data(), source.data()}, table, true);
      run(kSoftmaxRow, softmax_of<T>(log, static_cast<int64_t>(rows), static_cast<int64_t>(columns), true),
          {nullptr, in_place.data()}, table);
      CHECK(same_bits(y, backward));
      CHECK(y.back() == T(9));
      y.pop_back();
      CHECK(same_bits(y, in_place));
      Real worst = 0;
      for (size_t i = 0; i < rows; i++) {
        const Row& row = exact[i];
        for (size_t j = 0; j < columns; j++) {
          const Real got = y[i * columns + j];
          const Real want = log == 0 ? row.probability[j] : static_cast<Real>(x[i * columns + j]) - row.log_sum;
          const Real unit = log == 0 ? ulp_at<T>(want) : std::max(kUnit<T>, ulp_at<T>(want));
          worst = std::max(worst, std::abs(got - want) / unit);
        }
      }
      CAPTURE(columns);
      CAPTURE(log);
      CHECK(worst <= (log == 0 ? kSoftmaxUlp : kLogUlp));
    });
  }
}

TEST_CASE_TEMPLATE("softmax and logSoftmax are within their bounds for |x| <= 80", T, float, double) {
  Random random(1);
  for (const size_t columns : {1u, 2u, 3u, 7u, 8u, 9u, 10u, 15u, 16u, 17u, 33u, 63u, 64u, 65u, 100u, 1000u, 3000u})
    for (const size_t rows : {1u, 5u, 16u, 39u})
      for (const double reach : {1.0, 10.0, 80.0})
        check_softmax<T>(random_logits<T>(random, rows * columns, reach), rows, columns);
}

TEST_CASE_TEMPLATE("softmax in parts", T, float, double) {
  Random random(2);
  check_softmax<T>(random_logits<T>(random, 9001 * 10, 5), 9001, 10);
  check_softmax<T>(random_logits<T>(random, 70 * 1001, 5), 70, 1001);
}

TEST_CASE_TEMPLATE("softmax at the ends of the range", T, float, double) {
  const T nan = std::numeric_limits<T>::quiet_NaN(), most = std::numeric_limits<T>::max();
  const size_t columns = 3;
  const std::vector<T> x = {1000,     -1000,    0,         // no overflow
                            -1000,    -1000,    -1000,     //
                            most,     -most,    0,         // x - max is -inf
                            1,        -kInf<T>, 1,         // a masked element
                            -kInf<T>, -kInf<T>, -kInf<T>,  // 0 / 0
                            kInf<T>,  0,        0,         // inf - inf
                            nan,      1,        2};        //
  const size_t rows = x.size() / columns;
  const T third = static_cast<T>(1.0L / 3);
  each_table([&](const kernels::KernelTable& table) {
    for (const size_t copies : {1u, 8u}) {  // one by one, and in batches
      std::vector<T> many, y(x.size() * copies), log_y = y;
      for (size_t i = 0; i < copies; i++) many.insert(many.end(), x.begin(), x.end());
      const auto n = static_cast<int64_t>(rows * copies);
      run(kSoftmaxRow, softmax_of<T>(0, n, 3, false), {y.data(), many.data()}, table);
      run(kSoftmaxRow, softmax_of<T>(1, n, 3, false), {log_y.data(), many.data()}, table);
      for (size_t i = 0; i < rows * copies; i++) {
        const T* row = y.data() + i * columns;
        const T* log_row = log_y.data() + i * columns;
        const size_t which = i % rows;
        if (which == 0 || which == 2) {
          CHECK((row[0] == 1 && row[1] == 0 && row[2] == 0));
          CHECK(log_row[0] == 0);
        }
        if (which == 0) CHECK(log_row[1] == -2000);
        if (which == 1) CHECK((std::abs(row[0] - third) <= static_cast<T>(kUnit<T>) && row[0] == row[2]));
        if (which == 3) {
          CHECK((row[0] == T(0.5) && row[1] == 0 && row[2] == T(0.5)));
          CHECK(log_row[1] == -kInf<T>);
        }
        if (which >= 4) CHECK(std::all_of(row, row + columns, [](T v) { return v != v; }));
        if (which >= 4) CHECK(std::all_of(log_row, log_row + columns, [](T v) { return v != v; }));
      }
    }
  });
}

TEST_CASE("softmax of empty shapes") {
  each_table([&](const kernels::KernelTable& table) {
    float x = 3, y = 4;
    run(kSoftmaxRow, softmax_of<float>(0, 0, 5, false), {&y, &x}, table);
    run(kSoftmaxRow, softmax_of<float>(0, 5, 0, false), {&y, &x}, table);
    CHECK(y == 4);
  });
}

template <class T>
Instruction loss_of(int64_t rows, int64_t columns) {
  const DType dtype = dtype_of<T>();
  return {6, {}, {packed(0, dtype, {rows}), packed(1, dtype, {rows, columns}), packed(2, DType::kInt32, {rows})}};
}
template <class T>
Instruction grad_of(int64_t rows, int64_t columns, int64_t stride) {
  const DType dtype = dtype_of<T>();
  return {7,
          {},
          {packed(0, dtype, {rows, columns}), packed(1, dtype, {rows, columns}), packed(2, DType::kInt32, {rows}),
           view(3, dtype, {rows}, {stride}, stride < 0 ? -stride * (rows - 1) : 0)}};
}

template <class T>
void check_cross_entropy(Random& random, size_t rows, size_t columns, double reach, int64_t stride) {
  std::vector<T> logits = random_logits<T>(random, rows * columns, reach);
  std::vector<T> dloss = random_logits<T>(random, rows * 2, 1);
  std::vector<int32_t> labels(rows);
  for (int32_t& label : labels) label = static_cast<int32_t>(random() % columns);
  const auto n = static_cast<int64_t>(rows), c = static_cast<int64_t>(columns);
  const std::vector<Row> exact = rows_of(logits, rows, columns);
  each_table([&](const kernels::KernelTable& table) {
    std::vector<T> loss(rows), loss_backward(rows), d(rows * columns), d_backward(rows * columns);
    CHECK(run(kCrossEntropyRow, loss_of<T>(n, c), {loss.data(), logits.data(), labels.data()}, table).code ==
          Fault::kNone);
    run(kCrossEntropyRow, loss_of<T>(n, c), {loss_backward.data(), logits.data(), labels.data()}, table, true);
    const Instruction grad = grad_of<T>(n, c, stride);
    run(kCrossEntropyGradRow, grad, {d.data(), logits.data(), labels.data(), dloss.data()}, table);
    run(kCrossEntropyGradRow, grad, {d_backward.data(), logits.data(), labels.data(), dloss.data()}, table, true);
    CHECK(same_bits(loss, loss_backward));
    CHECK(same_bits(d, d_backward));
    Real worst_loss = 0, worst_d = 0;
    for (size_t i = 0; i < rows; i++) {
      const Row& row = exact[i];
      const auto label = static_cast<size_t>(labels[i]);
      const Real want = row.log_sum - static_cast<Real>(logits[i * columns + label]);
      worst_loss = std::max(worst_loss, std::abs(loss[i] - want) / std::max(kUnit<T>, ulp_at<T>(want)));
      const int64_t at = grad.operands[3].offset + static_cast<int64_t>(i) * stride;
      const Real scale = dloss[static_cast<size_t>(at)];
      for (size_t j = 0; j < columns; j++) {
        const Real want_d = (row.probability[j] - (j == label ? 1 : 0)) * scale;
        const Real bound = j == label ? kLabelUlp * ulp_at<T>(scale) : (kSoftmaxUlp + 1) * ulp_at<T>(want_d);
        worst_d = std::max(worst_d, std::abs(d[i * columns + j] - want_d) / bound);
      }
    }
    CAPTURE(columns);
    CHECK(worst_loss <= kLogUlp);
    CHECK(worst_d <= 1);
  });
}

TEST_CASE_TEMPLATE("crossEntropy and its gradient equal the definition", T, float, double) {
  Random random(3);
  for (const size_t columns : {1u, 2u, 10u, 16u, 17u, 65u, 1000u})
    for (const size_t rows : {1u, 4u, 16u, 37u})
      for (const double reach : {3.0, 80.0})
        check_cross_entropy<T>(random, rows, columns, reach, rows % 2 == 0 ? 1 : 0);
  check_cross_entropy<T>(random, 33, 10, 3, -2);
  check_cross_entropy<T>(random, 8000, 10, 3, 1);
}

TEST_CASE("crossEntropy at ±1000 in float32 gives no NaN") {
  std::vector<float> logits = {1000, -1000, -1000, 1000}, loss(2), d(4);
  std::vector<float> dloss = {1};
  std::vector<int32_t> labels = {0, 0};
  each_table([&](const kernels::KernelTable& table) {
    run(kCrossEntropyRow, loss_of<float>(2, 2), {loss.data(), logits.data(), labels.data()}, table);
    CHECK(loss == std::vector<float>{0, 2000});
    run(kCrossEntropyGradRow, grad_of<float>(2, 2, 0), {d.data(), logits.data(), labels.data(), dloss.data()}, table);
    CHECK(d == std::vector<float>{0, 0, -1, 1});
  });
}

TEST_CASE("a label out of range is a fault with its value, and writes nothing for that row") {
  for (const int32_t bad : {-1, 10, std::numeric_limits<int32_t>::max(), std::numeric_limits<int32_t>::min()}) {
    std::vector<float> logits(40 * 10, 1), loss(40, -5), d(400, -5), dloss(1, 1);
    std::vector<int32_t> labels(40, 9);
    labels[17] = bad;
    each_table([&](const kernels::KernelTable& table) {
      const Fault fault =
          run(kCrossEntropyRow, loss_of<float>(40, 10), {loss.data(), logits.data(), labels.data()}, table);
      CHECK(fault.code == Fault::kIndexOutOfRange);
      CHECK(fault.value == bad);
      CHECK(fault.limit == 10);
      CHECK(loss[16] > 0);
      CHECK(loss[17] == -5);
      const Fault grad_fault = run(kCrossEntropyGradRow, grad_of<float>(40, 10, 0),
                                   {d.data(), logits.data(), labels.data(), dloss.data()}, table);
      CHECK(grad_fault.value == bad);
      CHECK(d == std::vector<float>(400, -5));
    });
  }
}

TEST_CASE("without classes every label is out of range") {
  std::vector<float> logits(1), loss(3), d(1), dloss(1);
  std::vector<int32_t> labels(3);
  each_table([&](const kernels::KernelTable& table) {
    const Fault fault = run(kCrossEntropyRow, loss_of<float>(3, 0), {loss.data(), logits.data(), labels.data()}, table);
    CHECK(fault.code == Fault::kIndexOutOfRange);
    CHECK(fault.limit == 0);
    const Fault grad_fault = run(kCrossEntropyGradRow, grad_of<float>(3, 0, 0),
                                 {d.data(), logits.data(), labels.data(), dloss.data()}, table);
    CHECK(grad_fault.code == Fault::kIndexOutOfRange);
  });
}

TEST_CASE("softmax and crossEntropy refuse what does not fit, and say why") {
  const auto f32 = [](int32_t buffer, const Dims& dims) { return packed(buffer, DType::kFloat32, dims); };
  const auto i32 = [](int32_t buffer, const Dims& dims) { return packed(buffer, DType::kInt32, dims); };
  const auto softmax = [&](const Operand& y, const Operand& x) { return complaint(kSoftmaxRow, {5, {0}, {y, x}}); };
  CHECK(softmax(f32(0, {2, 3}), f32(1, {2, 3})) == "");
  CHECK(softmax(f32(0, {2, 4}), f32(1, {2, 3})) == "softmax: y is [2, 4], but its dimension 1 must be 3");
  CHECK(softmax(f32(0, {}), f32(1, {})) == "softmax: x must have a last axis");
  CHECK(softmax(f32(0, {2, 3}), view(1, DType::kFloat32, {2, 3}, {1, 2})) == "softmax: x must be contiguous");
  CHECK(softmax(i32(0, {2}), i32(1, {2})) == "softmax: x must be float32 or float64, but is int32");
  CHECK(complaint(kSoftmaxRow, {5, {2}, {f32(0, {2}), f32(1, {2})}}) == "softmax: log must be 0 to 1, but is 2");

  const auto loss = [&](const Operand& l, const Operand& x, const Operand& labels) {
    return complaint(kCrossEntropyRow, {6, {}, {l, x, labels}});
  };
  CHECK(loss(f32(0, {2}), f32(1, {2, 3}), i32(2, {2})) == "");
  CHECK(loss(f32(0, {2}), f32(1, {2, 3}), f32(2, {2})) == "crossEntropy: labels must be int32, but is float32");
  CHECK(loss(f32(0, {2}), f32(1, {2, 3}), i32(2, {3})) == "crossEntropy: labels is [3], but its dimension 0 must be 2");
  CHECK(loss(f32(0, {2}), f32(1, {2}), i32(2, {2})) == "crossEntropy: logits must have rank 2, but is [2]");
  CHECK(loss(f32(0, {3}), f32(1, {2, 3}), i32(2, {2})) == "crossEntropy: loss is [3], but its dimension 0 must be 2");

  const auto grad = [&](const Operand& d, const Operand& dloss) {
    return complaint(kCrossEntropyGradRow, {7, {}, {d, f32(1, {2, 3}), i32(2, {2}), dloss}});
  };
  CHECK(grad(f32(0, {2, 3}), view(3, DType::kFloat32, {2}, {0})) == "");
  CHECK(grad(f32(0, {2, 2}), f32(3, {2})) == "crossEntropyGrad: d is [2, 2], but its dimension 1 must be 3");
  CHECK(grad(f32(0, {2, 3}), f32(3, {})) == "crossEntropyGrad: dloss must have rank 1, but is []");
}

}  // namespace
}  // namespace gradsmith::plan::testing
