// random: Philox against its published vectors, the numbering of elements against a plain reading of random.h, the same
// bits on every ISA level and for any cut, and the distributions' statistics for fixed seeds.
#include <algorithm>
#include <array>
#include <cmath>

#include "rows_testing.h"

namespace gradsmith::plan::testing {
namespace {

using Words = std::array<uint32_t, 4>;

/// Philox 4x32-10 as in Salmon et al. 2011, one block at a time.
Words philox(Words counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; round++) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

Words block_words(uint64_t seed, uint64_t draw, uint64_t block) {
  const auto low = [](uint64_t x) { return static_cast<uint32_t>(x); };
  return philox({low(block), low(block >> 32), low(draw), low(draw >> 32)}, {low(seed), low(seed >> 32)});
}

enum Kind : int32_t { kUniform, kNormal, kInteger };

struct Draw {
  int32_t kind;
  double seed = 42, draw = 7, low = 0, high = 0;
};

template <class T>
std::vector<T> draw_of(const kernels::KernelTable& table, Draw d, int64_t n, bool backwards = false) {
  std::vector<T> y(static_cast<size_t>(n) + 1, T(99));
  Instruction instruction{11, {d.kind}, {packed(0, dtype_of<T>(), {n})}};
  const int32_t operands = d.kind == kInteger ? 5 : 3;
  for (int32_t i = 1; i < operands; i++) instruction.operands.push_back(packed(i, DType::kFloat64, {}));
  run(kRandomRow, instruction, {y.data(), &d.seed, &d.draw, &d.low, &d.high}, table, backwards);
  CHECK(y.back() == T(99));
  y.pop_back();
  return y;
}

const kernels::KernelTable& best() { return *kernels::available_tables().back(); }

TEST_CASE("Philox 4x32-10 gives the published known answers") {
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("elements are numbered as random.h says") {
  struct Key {
    uint64_t seed, draw;
  };
  for (const Key& key : {Key{0, 0}, Key{42, 7}, Key{uint64_t{1} << 53, (uint64_t{1} << 52) + 12345}}) {
    const Draw d{kUniform, static_cast<double>(key.seed), static_cast<double>(key.draw), -1000, 1e6};
    each_table([&](const kernels::KernelTable& table) {
      const size_t n = 1000;
      Draw integer = d;
      integer.kind = kInteger;
      const auto floats = draw_of<float>(table, d, n);
      const auto doubles = draw_of<double>(table, d, n);
      const auto integers = draw_of<int32_t>(table, integer, n);
      for (size_t i = 0; i < n; i++) {
        const Words f = block_words(key.seed, key.draw, 16 * (i / 64) + i % 16);
        CHECK(floats[i] == static_cast<float>(f[i % 64 / 16] >> 8) * 0x1p-24f);
        const Words w = block_words(key.seed, key.draw, 16 * (i / 32) + i % 16);
        const size_t k = 2 * (i % 32 / 16);
        const uint64_t wide = uint64_t{w[k]} << 32 | w[k + 1];
        CHECK(doubles[i] == static_cast<double>(wide >> 11) * 0x1p-53);
        const long double scaled = std::floor(static_cast<long double>(wide) * 1001000.0L / 0x1p64L);
        CHECK(integers[i] == static_cast<int32_t>(scaled) - 1000);
      }
    });
  }
}

TEST_CASE("normals are Box-Muller of the words that random.h names") {
  each_table([&](const kernels::KernelTable& table) {
    const size_t n = 6400;
    const auto floats = draw_of<float>(table, {kNormal}, n);
    const auto doubles = draw_of<double>(table, {kNormal}, n);
    double worst_float = 0, worst_double = 0;
    for (size_t i = 0; i < n; i++) {
      const double turn = 2 * std::acos(-1.0);
      const Words f = block_words(42, 7, 16 * (i / 64) + i % 16);
      const size_t k = 2 * (i % 64 / 32);
      const double u = static_cast<double>(static_cast<float>((f[k] + 1.0) * 0x1p-32));
      const double r = std::sqrt(-2 * std::log(u)), t = turn * (f[k + 1] >> 8) * 0x1p-24;
      const double want = i % 32 < 16 ? r * std::cos(t) : r * std::sin(t);
      worst_float = std::max(worst_float, std::abs(static_cast<double>(floats[i]) - want) / (1 + r));
      const Words w = block_words(42, 7, 16 * (i / 32) + i % 16);
      const auto upper = [&](size_t at) { return static_cast<double>((uint64_t{w[at]} << 32 | w[at + 1]) >> 11); };
      const double rd = std::sqrt(-2 * std::log((upper(0) + 1) * 0x1p-53)), td = turn * upper(2) * 0x1p-53;
      const double want_double = i % 32 < 16 ? rd * std::cos(td) : rd * std::sin(td);
      worst_double = std::max(worst_double, std::abs(doubles[i] - want_double) / (1 + rd));
    }
    CHECK(worst_float <= 4 * 0x1p-24);
    CHECK(worst_double <= 8 * 0x1p-53);
  });
}

template <class T>
void check_same_everywhere(const Draw& d) {
  const int64_t n = 50001;
  const std::vector<T> want = draw_of<T>(best(), d, n);
  each_table([&](const kernels::KernelTable& table) {
    CHECK(same_bits(draw_of<T>(table, d, n), want));
    CHECK(same_bits(draw_of<T>(table, d, n, true), want));
    for (const int64_t shorter : {0, 1, 15, 16, 17, 31, 33, 63, 64, 65, 129})
      CHECK(same_bits(draw_of<T>(table, d, shorter), std::vector<T>(want.begin(), want.begin() + shorter)));
  });
}

TEST_CASE("the same bits on every ISA level, for every length and any order of parts") {
  for (const double seed : {0.0, 1.0, 9007199254740992.0}) {
    check_same_everywhere<float>({kUniform, seed});
    check_same_everywhere<double>({kUniform, seed});
    check_same_everywhere<float>({kNormal, seed});
    check_same_everywhere<double>({kNormal, seed});
    check_same_everywhere<int32_t>({kInteger, seed, 3, -10, 11});
    check_same_everywhere<uint8_t>({kInteger, seed, 3, 0, 256});
  }
}

TEST_CASE("any range of elements can be computed on its own") {
  const kernels::RandomKey key{5, 6};
  each_table([&](const kernels::KernelTable& table) {
    std::vector<float> all(700), piece(700);
    table.random.normal[0](all.data(), key, 0, all.size());
    for (const size_t first : {0u, 1u, 17u, 63u, 64u, 300u})
      for (const size_t last : {first, first + 1, first + 50, first + 200}) {
        std::fill(piece.begin(), piece.end(), 99.0f);
        table.random.normal[0](piece.data(), key, first, last);
        for (size_t i = 0; i < piece.size(); i++) CHECK(piece[i] == (i >= first && i < last ? all[i] : 99.0f));
      }
  });
}

TEST_CASE("another seed or draw gives other numbers") {
  const auto a = draw_of<int32_t>(best(), {kInteger, 1, 1, -2147483648.0, 2147483648.0}, 1000);
  for (const Draw& other :
       {Draw{kInteger, 2, 1}, Draw{kInteger, 1, 2}, Draw{kInteger, 1 + 0x1p32, 1}, Draw{kInteger, 1, 1 + 0x1p32}}) {
    Draw d = other;
    d.low = -2147483648.0;
    d.high = 2147483648.0;
    const auto b = draw_of<int32_t>(best(), d, 1000);
    size_t equal = 0;
    for (size_t i = 0; i < a.size(); i++) equal += a[i] == b[i] ? 1 : 0;
    CHECK(equal == 0);
  }
}

/// The largest distance of the empirical distribution from `cdf`, times sqrt(n): above 1.95 once in 1000 seeds.
template <class T, class F>
double kolmogorov_smirnov(std::vector<T> x, F cdf) {
  std::sort(x.begin(), x.end());
  const double n = static_cast<double>(x.size());
  double worst = 0;
  for (size_t i = 0; i < x.size(); i++) {
    const double p = cdf(static_cast<double>(x[i]));
    worst = std::max({worst, p - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - p});
  }
  return worst * std::sqrt(n);
}

struct Moments {
  double mean = 0, variance = 0, skewness = 0, kurtosis = 0, lag = 0;
};
template <class T>
Moments moments(const std::vector<T>& x) {
  const double n = static_cast<double>(x.size());
  Moments m;
  for (const T v : x) m.mean += static_cast<double>(v) / n;
  double previous = 0;
  for (const T v : x) {
    const double d = static_cast<double>(v) - m.mean;
    m.variance += d * d / n;
    m.skewness += d * d * d / n;
    m.kurtosis += d * d * d * d / n;
    m.lag += d * previous / n;
    previous = d;
  }
  return m;
}

/// Five standard errors of each moment, for the fixed seeds below.
TEST_CASE_TEMPLATE("uniform numbers are uniform", T, float, double) {
  const int64_t n = 1 << 20;
  for (const double seed : {1.0, 2.0, 3.0}) {
    const auto x = draw_of<T>(best(), {kUniform, seed}, n);
    CHECK(*std::min_element(x.begin(), x.end()) >= 0);
    CHECK(*std::max_element(x.begin(), x.end()) < 1);
    const Moments m = moments(x);
    const double error = 5 / std::sqrt(static_cast<double>(n));
    CHECK(std::abs(m.mean - 0.5) < error * std::sqrt(1 / 12.0));
    CHECK(std::abs(m.variance - 1 / 12.0) < error * std::sqrt(1 / 180.0));
    CHECK(std::abs(m.lag) < error / 12);
    CHECK(kolmogorov_smirnov(x, [](double v) { return v; }) < 1.95);
  }
}

TEST_CASE_TEMPLATE("normal numbers are normal", T, float, double) {
  const int64_t n = 1 << 20;
  for (const double seed : {1.0, 2.0, 3.0}) {
    const auto x = draw_of<T>(best(), {kNormal, seed}, n);
    const Moments m = moments(x);
    const double error = 5 / std::sqrt(static_cast<double>(n));
    CHECK(std::abs(m.mean) < error);
    CHECK(std::abs(m.variance - 1) < error * std::sqrt(2));
    CHECK(std::abs(m.skewness) < error * std::sqrt(15));
    CHECK(std::abs(m.kurtosis - 3) < error * std::sqrt(96));
    CHECK(std::abs(m.lag) < error);
    CHECK(kolmogorov_smirnov(x, [](double v) { return std::erfc(-v / std::sqrt(2)) / 2; }) < 1.95);
    const auto beyond = std::count_if(x.begin(), x.end(), [](T v) { return std::abs(v) > 4; });
    CHECK(std::abs(static_cast<double>(beyond) - 66.4) < 5 * std::sqrt(66.4));  // 2 · Q(4) · 2^20
  }
}

TEST_CASE("integers are even over their range") {
  const double ranges[] = {1, 2, 3, 10, 1000};
  for (const double range : ranges) {
    const int64_t n = 200000;
    const auto x = draw_of<int32_t>(best(), {kInteger, 4, 0, -5, -5 + range}, n);
    std::vector<double> counts(static_cast<size_t>(range));
    for (const int32_t v : x) {
      REQUIRE(v >= -5);
      REQUIRE(v < -5 + range);
      counts[static_cast<size_t>(v + 5)] += 1;
    }
    double chi_square = 0;
    const double each = static_cast<double>(n) / range;
    for (const double count : counts) chi_square += (count - each) * (count - each) / each;
    CHECK(chi_square <= range - 1 + 5 * std::sqrt(2 * range));
  }
}

TEST_CASE("integers reach the ends of int32, and an empty range is its low end") {
  const auto x = draw_of<int32_t>(best(), {kInteger, 1, 1, -2147483648.0, 2147483648.0}, 100000);
  CHECK(*std::min_element(x.begin(), x.end()) < -2147000000);
  CHECK(*std::max_element(x.begin(), x.end()) > 2147000000);
  for (const double high : {3.0, -100.0, static_cast<double>(NAN)})
    CHECK(draw_of<int32_t>(best(), {kInteger, 1, 1, 3, high}, 5) == std::vector<int32_t>(5, 3));
}

TEST_CASE("random refuses what does not fit, and says why") {
  const Operand scalar = packed(kScalars, DType::kFloat64, {});
  const Operand y = packed(0, DType::kFloat32, {4});
  const auto random = [&](int32_t kind, const std::vector<Operand>& operands) {
    return complaint(kRandomRow, {11, {kind}, operands});
  };
  CHECK(random(0, {y, scalar, scalar}) == "");
  CHECK(random(3, {y, scalar, scalar}) == "random: kind must be 0 to 2, but is 3");
  CHECK(random(1, {y, scalar}) == "random: takes 3 operands, but has 2");
  CHECK(random(2, {y, scalar, scalar}) == "random: takes 5 operands, but has 3");
  CHECK(random(2, {y, scalar, scalar, scalar, scalar}) == "random: y of integers must be int32 or uint8");
  CHECK(random(0, {packed(0, DType::kInt32, {4}), scalar, scalar}) ==
        "random: y must be float32 or float64, but is int32");
  CHECK(random(0, {view(0, DType::kFloat32, {4}, {2}), scalar, scalar}) == "random: y must be contiguous");
  CHECK(random(0, {y, y, scalar}) == "random: seed must be float64, but is float32");
}

}  // namespace
}  // namespace gradsmith::plan::testing
