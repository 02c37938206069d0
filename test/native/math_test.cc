// exp, log, sigmoid, tanh, erf, gelu, sin, cos: the error bounds that native/simd states, limits and special values,
// and the same bits on every ISA level. The functions are reached through the kernel tables.
#include "simd/math.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <ios>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/kernel_table.h"

namespace gradsmith::kernels {
namespace {

using Real = long double;

/// A function and what its error is measured by, if not the result, in a wider type than the one that is tested.
template <class R>
struct Exact {
  R (*value)(R);
  R (*scale)(R) = nullptr;
};

struct Function {
  Micro op;
  simd::UlpBound bound;
  Exact<double> float32;
  Exact<Real> float64;
};

template <class R>
constexpr R kRootHalf = R(0.70710678118654752440084436210484904L);
template <class R>
constexpr R kBell0 = R(0.39894228040143267793994605993438187L);  // 1 / √(2π)

template <class R>
R exact_gelu(R x) {
  return std::isinf(x) ? std::max(x, R(-0.0)) : x / 2 * std::erfc(-x * kRootHalf<R>);
}
template <class R>
R below_bell(R x) {
  return std::isinf(x) ? 0 : x * kBell0<R> * std::exp(-x * x / 2);
}
template <class R>
R exact_gelu_slope(R x) {
  return std::erfc(-x * kRootHalf<R>) / 2 + below_bell(x);
}
template <class R>
R gelu_slope_scale(R x) {
  return std::max(std::erfc(-x * kRootHalf<R>) / 2, std::abs(below_bell(x)));
}
template <class R>
R exact_sigmoid(R x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

const Function kFunctions[] = {
    {Micro::kExp, simd::kExpUlp, {std::exp}, {std::exp}},
    {Micro::kLog, simd::kLogUlp, {std::log}, {std::log}},
    {Micro::kTanh, simd::kTanhUlp, {std::tanh}, {std::tanh}},
    {Micro::kSigmoid, simd::kSigmoidUlp, {exact_sigmoid}, {exact_sigmoid}},
    {Micro::kErf, simd::kErfUlp, {std::erf}, {std::erf}},
    {Micro::kSin, simd::kSinUlp, {std::sin}, {std::sin}},
    {Micro::kCos, simd::kCosUlp, {std::cos}, {std::cos}},
    {Micro::kGelu, simd::kGeluUlp, {exact_gelu}, {exact_gelu}},
    {Micro::kGeluSlope,
     simd::kGeluSlopeUlp,
     {exact_gelu_slope, gelu_slope_scale},
     {exact_gelu_slope, gelu_slope_scale}},
};

const Exact<double>& exact_of(const Function& f, float) { return f.float32; }
const Exact<Real>& exact_of(const Function& f, double) { return f.float64; }
double bound_of(const Function& f, float) { return f.bound.float32; }
double bound_of(const Function& f, double) { return f.bound.float64; }

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

/// The unit in the last place of a float32 at `scale`, by the bits of the exponent: a sweep asks billions of times.
double unit_at(double scale, float) {
  using Limits = std::numeric_limits<float>;
  const int exponent = static_cast<int>(std::bit_cast<uint64_t>(scale) >> 52 & 2047) - 1022;
  const int unit = std::max(exponent, Limits::min_exponent) - Limits::digits;
  return std::bit_cast<double>(static_cast<uint64_t>(unit + 1023) << 52);
}
Real unit_at(Real scale, double) {
  using Limits = std::numeric_limits<double>;
  const int exponent = scale == 0 ? Limits::min_exponent : std::max(std::ilogb(scale) + 1, Limits::min_exponent);
  return std::ldexp(Real(1), exponent - Limits::digits);
}

/// Distance in units in the last place of `scale`; inf where a NaN or an infinity is wrong.
template <class T, class R>
double error_in_ulp(T have, R want, R scale) {
  if (std::isnan(want)) return std::isnan(have) ? 0 : HUGE_VAL;
  if (std::isinf(static_cast<T>(want)) || std::isinf(want)) return have == static_cast<T>(want) ? 0 : HUGE_VAL;
  const double error = static_cast<double>(std::abs(static_cast<R>(have) - want) / unit_at(scale, T()));
  return std::isnan(error) ? HUGE_VAL : error;
}

std::vector<const KernelTable*> all_tables() {
  const auto tables = available_tables();
  return {tables.begin(), tables.end()};
}

template <class T>
size_t count_different(const std::vector<T>& y, const std::vector<T>& first) {
  if (std::memcmp(y.data(), first.data(), y.size() * sizeof(T)) == 0) return 0;
  size_t different = 0;
  for (size_t i = 0; i < y.size(); ++i)
    different += std::memcmp(&y[i], &first[i], sizeof(T)) != 0 && !(std::isnan(y[i]) && std::isnan(first[i]));
  return different;
}

/// The largest error, which must be within the bound; every level must give the same bits.
template <class T>
double check(const Function& f, const std::vector<T>& x, const std::vector<const KernelTable*>& tables) {
  CAPTURE(kMicroNames[static_cast<size_t>(f.op)]);
  const auto& exact = exact_of(f, T());
  using R = decltype(exact.value(0));
  double worst = 0;
  std::vector<T> first;
  for (const KernelTable* table : tables) {
    CAPTURE(table->isa);
    std::vector<T> y = apply(*table, f.op, x);
    if (!first.empty()) {
      CHECK(count_different(y, first) == 0);
      continue;
    }
    for (size_t i = 0; i < x.size(); ++i) {
      const R at = static_cast<R>(x[i]), want = exact.value(at);
      const double error = error_in_ulp(y[i], want, exact.scale == nullptr ? want : exact.scale(at));
      if (error > bound_of(f, T()))
        FAIL(std::hexfloat << x[i] << " gives " << y[i] << std::defaultfloat << ", wrong by " << error << " ulp");
      worst = std::max(worst, error);
    }
    first = std::move(y);
  }
  return worst;
}

template <class T>
void check(const std::vector<T>& x) {
  for (const Function& f : kFunctions) check(f, x, all_tables());
}

/// The largest error over every step-th float32. Of all of them, scalar code gets every 16th block of 8192 (128 of each
/// exponent): it takes as long as the vectors and what is exact five times over.
double sweep(const Function& f, uint64_t step) {
  const std::vector<const KernelTable*> all = all_tables();
  std::vector<const KernelTable*> vectors = all;
  if (all.size() > 1) std::erase_if(vectors, [](const KernelTable* t) { return std::string_view(t->isa) == "scalar"; });
  double worst = 0;
  size_t block = 0;
  std::vector<float> x;
  const auto next_block = [&] { worst = std::max(worst, check(f, x, step > 1 || block++ % 16 == 0 ? all : vectors)); };
  for (uint64_t bits = 0; bits < uint64_t{1} << 32; bits += step) {
    x.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
    if (x.size() < 8192) continue;
    next_block();
    x.clear();
  }
  x.resize((x.size() + 15) / 16 * 16);
  next_block();
  return worst;
}

/// GRADSMITH_SWEEP=1 takes all of them and says what the largest errors are; 17 minutes of one core.
TEST_CASE(
    "float32: within the stated error over all of float32 (by default every 4099th), the same bits on every level") {
  const char* step = std::getenv("GRADSMITH_SWEEP");
  for (const Function& f : kFunctions) {
    const double worst = sweep(f, step == nullptr ? 4099 : std::max<uint64_t>(1, std::strtoull(step, nullptr, 10)));
    if (step != nullptr)
      MESSAGE(std::string(kMicroNames[static_cast<size_t>(f.op)]) << ": at most " << worst << " ulp");
  }
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
