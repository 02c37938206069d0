// exp, log, sigmoid, tanh, erf, gelu, sin, cos: the error bounds that native/simd states, limits and special values,
// and the same bits on every ISA level. The functions are reached through the kernel tables.
#include "simd/math.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ios>
#include <limits>
#include <random>
#include <vector>

#include "kernels/kernel_table.h"

namespace gradsmith::kernels {
namespace {

using Real = long double;

struct Function {
  Micro op;
  simd::UlpBound bound;
  Real (*exact)(Real);
  Real (*scale)(Real) = nullptr;  // what the error is measured by, if not the result
};

constexpr Real kRootHalf = 0.70710678118654752440084436210484904L;
constexpr Real kBell0 = 0.39894228040143267793994605993438187L;  // 1 / √(2π)

Real exact_gelu(Real x) { return std::isinf(x) ? std::max(x, Real(-0.0)) : x / 2 * std::erfc(-x * kRootHalf); }
Real below_bell(Real x) { return std::isinf(x) ? 0 : x * kBell0 * std::exp(-x * x / 2); }
Real exact_gelu_slope(Real x) { return std::erfc(-x * kRootHalf) / 2 + below_bell(x); }
Real gelu_slope_scale(Real x) { return std::max(std::erfc(-x * kRootHalf) / 2, std::abs(below_bell(x))); }
Real exact_sigmoid(Real x) { return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x)); }

const Function kFunctions[] = {
    {Micro::kExp, simd::kExpUlp, std::exp},
    {Micro::kLog, simd::kLogUlp, std::log},
    {Micro::kTanh, simd::kTanhUlp, std::tanh},
    {Micro::kSigmoid, simd::kSigmoidUlp, exact_sigmoid},
    {Micro::kErf, simd::kErfUlp, std::erf},
    {Micro::kSin, simd::kSinUlp, std::sin},
    {Micro::kCos, simd::kCosUlp, std::cos},
    {Micro::kGelu, simd::kGeluUlp, exact_gelu},
    {Micro::kGeluSlope, simd::kGeluSlopeUlp, exact_gelu_slope, gelu_slope_scale},
};

template <class T>
constexpr DType kDType = sizeof(T) == 4 ? DType::kFloat32 : DType::kFloat64;

/// x through the table's function; x.size() a multiple of 16.
template <class T>
std::vector<T> apply(const KernelTable& table, Micro op, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  BlockFn* function = table.elementwise.function(sizeof(T), op, kDType<T>, kDType<T>);
  REQUIRE((function != nullptr));
  const char* a = reinterpret_cast<const char*>(x.data());
  function(reinterpret_cast<char*>(y.data()), a, a, a, x.size());
  return y;
}

/// Distance in units in the last place of `scale`; inf where a NaN or an infinity is wrong.
template <class T>
double error_in_ulp(T have, Real want, Real scale) {
  using Limits = std::numeric_limits<T>;
  if (std::isnan(want)) return std::isnan(have) ? 0 : HUGE_VAL;
  if (std::isinf(static_cast<T>(want)) || std::isinf(want)) return have == static_cast<T>(want) ? 0 : HUGE_VAL;
  const int exponent = scale == 0 ? Limits::min_exponent : std::max(std::ilogb(scale) + 1, Limits::min_exponent);
  const double error =
      static_cast<double>(std::abs(static_cast<Real>(have) - want) / std::ldexp(Real(1), exponent - Limits::digits));
  return std::isnan(error) ? HUGE_VAL : error;
}

template <class T>
void check(const std::vector<T>& x) {
  for (const Function& f : kFunctions) {
    CAPTURE(kMicroNames[static_cast<size_t>(f.op)]);
    const double bound = sizeof(T) == 4 ? f.bound.float32 : f.bound.float64;
    std::vector<T> first;
    for (const KernelTable* table : available_tables()) {
      CAPTURE(table->isa);
      std::vector<T> y = apply(*table, f.op, x);
      if (first.empty()) {
        first = y;
        for (size_t i = 0; i < x.size(); ++i) {
          const Real at = static_cast<Real>(x[i]), want = f.exact(at);
          const double error = error_in_ulp(y[i], want, f.scale == nullptr ? want : f.scale(at));
          if (error > bound)
            FAIL(std::hexfloat << x[i] << " gives " << y[i] << std::defaultfloat << ", wrong by " << error << " ulp");
        }
      }
      size_t different = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        different += std::memcmp(&y[i], &first[i], sizeof(T)) != 0 && !(std::isnan(y[i]) && std::isnan(first[i]));
      }
      CHECK(different == 0);
    }
  }
}

/// Every how manieth float32 is tried: GRADSMITH_SWEEP=1 takes them all (hours; 61 takes some minutes).
uint64_t sweep_step() {
  const char* step = std::getenv("GRADSMITH_SWEEP");
  return step == nullptr ? 4099 : std::max<uint64_t>(1, std::strtoull(step, nullptr, 10));
}

TEST_CASE(
    "float32: within the stated error over all of float32 (by default every 4099th), the same bits on every level") {
  const uint64_t step = sweep_step();
  std::vector<float> x;
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += step) {
    const uint32_t word = static_cast<uint32_t>(bits);
    float value;
    std::memcpy(&value, &word, 4);
    x.push_back(value);
    if (x.size() < size_t{1} << 20) continue;
    check(x);
    x.clear();
  }
  x.resize((x.size() + 15) / 16 * 16);
  check(x);
}

TEST_CASE("float32: within the stated error where the functions have their features") {
  std::mt19937 random(3);
  std::vector<float> x;
  for (const float reach : {1.0f, 5.0f, 20.0f, 110.0f, 70000.0f}) {
    std::uniform_real_distribution<float> uniform(-reach, reach);
    for (int i = 0; i < 40000; ++i) x.push_back(uniform(random));
  }
  check(x);
}

TEST_CASE("float64: within the stated error over all exponents and near the features") {
  std::mt19937_64 random(5);
  std::vector<double> x;
  for (int i = 0; i < 60000; ++i) {
    const uint64_t bits = random();
    double value;
    std::memcpy(&value, &bits, 8);
    x.push_back(value);
  }
  for (const double reach : {1.0, 7.0, 40.0, 760.0, 2e6}) {
    std::uniform_real_distribution<double> uniform(-reach, reach);
    for (int i = 0; i < 20000; ++i) x.push_back(uniform(random));
  }
  check(x);
}

template <class T>
void check_limits() {
  using Limits = std::numeric_limits<T>;
  const T inf = Limits::infinity(), nan = Limits::quiet_NaN();
  std::vector<T> x = {inf,
                      -inf,
                      nan,
                      T(0),
                      T(-0.0),
                      T(1000),
                      T(-1000),
                      Limits::denorm_min(),
                      -Limits::denorm_min(),
                      Limits::max(),
                      Limits::lowest(),
                      Limits::min(),
                      T(1),
                      T(-1),
                      T(0.625),
                      T(4)};
  check(x);
  for (const KernelTable* table : available_tables()) {
    CAPTURE(table->isa);
    const auto at = [&](Micro op, T value) { return apply(*table, op, std::vector<T>(16, value))[0]; };
    CHECK(at(Micro::kExp, T(0)) == 1);
    CHECK(at(Micro::kExp, T(-1000)) == 0);
    CHECK(at(Micro::kExp, T(1000)) == inf);
    CHECK(at(Micro::kLog, T(1)) == 0);
    CHECK(at(Micro::kLog, T(-0.0)) == -inf);
    CHECK(std::isnan(at(Micro::kLog, T(-1))));
    CHECK(at(Micro::kSigmoid, T(1000)) == 1);
    CHECK(at(Micro::kSigmoid, T(-1000)) == 0);
    CHECK(at(Micro::kSigmoid, T(0)) == T(0.5));
    for (const Micro odd : {Micro::kTanh, Micro::kErf}) {
      CHECK(at(odd, T(1000)) == 1);
      CHECK(at(odd, T(-1000)) == -1);
      CHECK(at(odd, inf) == 1);
    }
    for (const Micro odd : {Micro::kTanh, Micro::kErf, Micro::kSin}) CHECK(std::signbit(at(odd, T(-0.0))));
    CHECK(at(Micro::kGelu, inf) == inf);
    CHECK(std::signbit(at(Micro::kGelu, -inf)));
    CHECK(at(Micro::kGelu, -inf) == 0);
    CHECK(at(Micro::kGelu, T(1000)) == T(1000));
    CHECK(std::signbit(at(Micro::kGelu, T(-0.0))));
    CHECK(at(Micro::kGeluSlope, T(0)) == T(0.5));
    CHECK(at(Micro::kGeluSlope, inf) == 1);
    CHECK(at(Micro::kGeluSlope, -inf) == 0);
    for (const Micro wave : {Micro::kSin, Micro::kCos}) CHECK(std::isnan(at(wave, inf)));
    for (const Function& f : kFunctions) CHECK(std::isnan(at(f.op, nan)));
  }
}

TEST_CASE("limits and special values") {
  check_limits<float>();
  check_limits<double>();
}

}  // namespace
}  // namespace gradsmith::kernels
