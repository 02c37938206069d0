// Vec on one ISA level, lane by lane against plain C++. Included by one *_test.cc per level, which defines `Isa`, after
// the level's vec_*.h and, where the level needs it, a target pragma.
#pragma once

/// A test case whose body is a function of its own: on a CPU without the level nothing of it may run, and a compiler
/// may use the level's instructions before the first statement.
#define LEVEL_CASE(name) LEVEL_CASE_OF(name, DOCTEST_ANONYMOUS(on_the_level_))
#define LEVEL_CASE_OF(name, body) \
  static void body();             \
  TEST_CASE(name) {               \
    if (level_runs()) body();     \
  }                               \
  __attribute__((noinline)) void body()

namespace gradsmith::simd {
namespace {

template <class T>
std::vector<T> samples() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = {T(0), T(1), T(-1), T(2), T(3), T(-7), T(100), Limits::max(), Limits::lowest(), Limits::min()};
  if constexpr (std::is_floating_point_v<T>) {
    const T more[] = {T(-0.0),
                      T(0.5),
                      T(1.5),
                      T(2.5),
                      T(-0.5),
                      T(-2.5),
                      Limits::infinity(),
                      -Limits::infinity(),
                      Limits::quiet_NaN(),
                      Limits::denorm_min(),
                      T(3e9),
                      T(-3e9),
                      T(1e-3),
                      T(7.25)};
    x.insert(x.end(), std::begin(more), std::end(more));
  }
  while (x.size() < 32) x.push_back(static_cast<T>(x.size() * x.size()));
  return x;
}

template <class T>
bool same(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(a) && std::isnan(b)) return true;
  }
  return std::memcmp(&a, &b, sizeof(T)) == 0;
}

/// All pairs of samples in whole vectors, and what an operation makes of them.
template <class T>
struct Pairs {
  std::vector<T> a, b, have, want;

  Pairs() {
    const std::vector<T> x = samples<T>();
    constexpr size_t kLanes = Vec<T, Isa>::kLanes;
    const size_t whole = (x.size() + kLanes - 1) / kLanes * kLanes;
    for (size_t shift = 0; shift < x.size(); ++shift) {
      for (size_t i = 0; i < whole; ++i) {
        a.push_back(x[i % x.size()]);
        b.push_back(x[(i + shift) % x.size()]);
      }
    }
    have.resize(a.size());
    want.resize(a.size());
  }

  void compare(const char* name) const {
    CAPTURE(name);
    for (size_t i = 0; i < a.size(); ++i) {
      CAPTURE(a[i]);
      CAPTURE(b[i]);
      CAPTURE(want[i]);
      CHECK(same(have[i], want[i]));
    }
  }
};

/// Runs f on vectors of all pairs of samples and g on their lanes. Compiled anew for each f: what checks stands above.
template <class T, class F, class G>
void each_pair(const char* name, F f, G g) {
  using V = Vec<T, Isa>;
  Pairs<T> pairs;
  const T *a = pairs.a.data(), *b = pairs.b.data();
  T *have = pairs.have.data(), *want = pairs.want.data();
  const size_t count = pairs.a.size();
  for (size_t i = 0; i < count; i += V::kLanes) f(V::load(a + i), V::load(b + i)).store(have + i);
  for (size_t i = 0; i < count; ++i) want[i] = g(a[i], b[i]);
  pairs.compare(name);
}

template <class V>
V chosen(typename V::Mask m) {
  return select(m, V::splat(typename V::T(1)), V::splat(typename V::T(2)));
}

#define GRADSMITH_PAIR(vector, scalar) \
  each_pair<T>(                        \
      #vector, [](V a, [[maybe_unused]] V b) { return vector; }, [](T a, [[maybe_unused]] T b) { return T(scalar); })

template <class T>
void check_common() {
  using V = Vec<T, Isa>;
  GRADSMITH_PAIR(min(a, b), a < b ? a : b);
  GRADSMITH_PAIR(max(a, b), a > b ? a : b);
  GRADSMITH_PAIR(chosen<V>(a == b), a == b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>(a != b), a != b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>(a < b), a < b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>(a <= b), a <= b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>(a > b), a > b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>(a >= b), a >= b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>((a < b) & (a == a)), a < b && a == a ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>((a < b) | (a == b)), a < b || a == b ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>((a < b) ^ (a == a)), (a < b) != (a == a) ? 1 : 2);
  GRADSMITH_PAIR(chosen<V>(~(a < b)), !(a < b) ? 1 : 2);
}

template <class T>
void check_float() {
  using V = Vec<T, Isa>;
  const T nan = std::numeric_limits<T>::quiet_NaN();
  check_common<T>();
  GRADSMITH_PAIR(a + b, a + b);
  GRADSMITH_PAIR(a - b, a - b);
  GRADSMITH_PAIR(a * b, a * b);
  GRADSMITH_PAIR(a / b, a / b);
  GRADSMITH_PAIR(-a, -a);
  GRADSMITH_PAIR(abs(a), std::abs(a));
  GRADSMITH_PAIR(sqrt(a), std::sqrt(a));
  GRADSMITH_PAIR(round(a), std::nearbyint(a));
  GRADSMITH_PAIR(fma(a, b, b), std::fma(a, b, b));
  GRADSMITH_PAIR(fnma(a, b, a), std::fma(-a, b, a));
  each_pair<T>(
      "max_nan", [](V a, V b) { return max_nan(a, b); },
      [nan](T a, T b) { return std::isnan(a) || std::isnan(b) ? nan
                               : a > b                        ? a
                                                              : b; });
  each_pair<T>(
      "min_nan", [](V a, V b) { return min_nan(a, b); },
      [nan](T a, T b) { return std::isnan(a) || std::isnan(b) ? nan
                               : a < b                        ? a
                                                              : b; });
  for (int n = -160; n <= 160; ++n) {
    using Int = typename V::Int;
    T y[V::kLanes];
    scale2(V::splat(T(1.25)), Int::splat(n)).store(y);
    CHECK(y[V::kLanes - 1] == std::ldexp(T(1.25), n));
    small_int_to<V>(Int::splat(n)).store(y);
    CHECK(y[0] == T(n));
    typename Int::T i[V::kLanes];
    round_to_int(V::splat(T(n) + T(0.25))).store(i);
    CHECK(i[0] == n);
  }
}

/// load, store, partial and reductions: lanes hold 1, 2, 3 …
template <class T>
void check_memory() {
  using V = Vec<T, Isa>;
  for (size_t n = 0; n <= V::kLanes; ++n) {
    std::vector<T> x(V::kLanes), y(V::kLanes), z(V::kLanes, T(-1));
    for (size_t i = 0; i < V::kLanes; ++i) x[i] = static_cast<T>(i + 1);
    std::vector<T> exact(x.begin(), x.begin() + static_cast<std::ptrdiff_t>(n));  // ends where the part does
    V::load_partial(exact.data(), n).store(y.data());
    V::load(x.data()).store_partial(z.data(), n);
    for (size_t i = 0; i < V::kLanes; ++i) {
      CHECK(y[i] == (i < n ? x[i] : T(0)));
      CHECK(z[i] == (i < n ? x[i] : T(-1)));
    }
  }
}

template <class T>
void check_reduce() {
  using V = Vec<T, Isa>;
  std::vector<T> x(V::kLanes);
  for (size_t i = 0; i < V::kLanes; ++i) x[i] = static_cast<T>((i * 5) % V::kLanes + 1);
  std::vector<T> tree = x;  // lane i with lane i + n/2
  for (size_t n = V::kLanes / 2; n > 0; n /= 2) {
    for (size_t i = 0; i < n; ++i) tree[i] = static_cast<T>(tree[i] + tree[i + n]);
  }
  CHECK(reduce_add(V::load(x.data())) == tree[0]);
  CHECK(reduce_max(V::load(x.data())) == static_cast<T>(V::kLanes));
  CHECK(reduce_min(V::load(x.data())) == T(1));
}

LEVEL_CASE("float lanes") {
  check_float<float>();
  check_memory<float>();
  check_reduce<float>();
}

LEVEL_CASE("double lanes") {
  check_float<double>();
  check_memory<double>();
  check_reduce<double>();
}

LEVEL_CASE("float sums follow the stated tree") {
  using V = Vec<float, Isa>;
  std::vector<float> x(V::kLanes);
  for (size_t i = 0; i < V::kLanes; ++i) x[i] = 1.0f / static_cast<float>(3 * i + 1);
  std::vector<float> tree = x;
  for (size_t n = V::kLanes / 2; n > 0; n /= 2) {
    for (size_t i = 0; i < n; ++i) tree[i] += tree[i + n];
  }
  CHECK(reduce_add(V::load(x.data())) == tree[0]);
}

LEVEL_CASE("a float fma rounds once, whatever the bits and however near the terms cancel") {
  using V = Vec<float, Isa>;
  uint64_t state = 1;
  const auto next = [&] {
    return static_cast<uint32_t>((state = state * 6364136223846793005u + 1442695040888963407u) >> 32);
  };
  const auto any = [&](uint32_t word) {
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  };
  size_t different = 0;
  for (int i = 0; i < 400000; ++i) {
    const uint32_t near = next() & 0x83ffffff, word = next();
    const float a = any(i % 2 == 0 ? word : 0x3c000000 | near), b = any(i % 2 == 0 ? next() : 0x3e000000 | near >> 3);
    const float product = a * b;
    float c = any(next());
    if (i % 3 == 0) c = -product;
    if (i % 3 == 1) c = product * 0x1p-24f;
    float y[V::kLanes];
    fma(V::splat(a), V::splat(b), V::splat(c)).store(y);
    different += !same(y[0], std::fma(a, b, c));
  }
  CHECK(different == 0);
}

LEVEL_CASE("int32 lanes") {
  using T = int32_t;
  using V = Vec<T, Isa>;
  const auto u = [](T x) { return static_cast<uint32_t>(x); };
  check_common<T>();
  check_memory<T>();
  check_reduce<T>();
  each_pair<T>(
      "add", [](V a, V b) { return a + b; }, [u](T a, T b) { return static_cast<T>(u(a) + u(b)); });
  each_pair<T>(
      "sub", [](V a, V b) { return a - b; }, [u](T a, T b) { return static_cast<T>(u(a) - u(b)); });
  each_pair<T>(
      "mul", [](V a, V b) { return a * b; }, [u](T a, T b) { return static_cast<T>(u(a) * u(b)); });
  each_pair<T>(
      "neg", [](V a, V) { return -a; }, [u](T a, T) { return static_cast<T>(0 - u(a)); });
  each_pair<T>(
      "abs", [](V a, V) { return abs(a); }, [u](T a, T) { return a < 0 ? static_cast<T>(0 - u(a)) : a; });
  each_pair<T>(
      "mulhi_u", [](V a, V b) { return mulhi_u(a, b); },
      [u](T a, T b) { return static_cast<T>(static_cast<uint64_t>(u(a)) * u(b) >> 32); });
  GRADSMITH_PAIR(a & b, a & b);
  GRADSMITH_PAIR(a | b, a | b);
  GRADSMITH_PAIR(a ^ b, a ^ b);
  each_pair<T>(
      "shl", [](V a, V) { return shl<5>(a); }, [u](T a, T) { return static_cast<T>(u(a) << 5); });
  each_pair<T>(
      "shr", [](V a, V) { return shr<5>(a); }, [u](T a, T) { return static_cast<T>(u(a) >> 5); });
  GRADSMITH_PAIR(sra<5>(a), a >> 5);
  GRADSMITH_PAIR(V::lanes_of(a < b), a < b ? -1 : 0);
  GRADSMITH_PAIR(chosen<V>(mask_of(a)), a < 0 ? 1 : 2);
}

LEVEL_CASE("int64 lanes: what double needs") {
  using T = int64_t;
  using V = Vec<T, Isa>;
  const auto u = [](T x) { return static_cast<uint64_t>(x); };
  check_memory<T>();
  each_pair<T>(
      "add", [](V a, V b) { return a + b; }, [u](T a, T b) { return static_cast<T>(u(a) + u(b)); });
  each_pair<T>(
      "sub", [](V a, V b) { return a - b; }, [u](T a, T b) { return static_cast<T>(u(a) - u(b)); });
  each_pair<T>(
      "shl", [](V a, V) { return shl<52>(a); }, [u](T a, T) { return static_cast<T>(u(a) << 52); });
  each_pair<T>(
      "shr", [](V a, V) { return shr<3>(a); }, [u](T a, T) { return static_cast<T>(u(a) >> 3); });
  GRADSMITH_PAIR(sra<52>(a), a >> 52);
  GRADSMITH_PAIR((a & b) ^ (a | b), (a & b) ^ (a | b));
  GRADSMITH_PAIR(V::lanes_of(a < b), a < b ? -1 : 0);
  GRADSMITH_PAIR(V::lanes_of(a >= b), a >= b ? -1 : 0);
}

LEVEL_CASE("float to int32 truncates and saturates, NaN gives 0; int32 to float rounds to nearest") {
  using V = Vec<float, Isa>;
  using I = Vec<int32_t, Isa>;
  for (const float x : samples<float>()) {
    CAPTURE(x);
    int32_t y[V::kLanes];
    to_int(V::splat(x)).store(y);
    const double limited = std::isnan(x) ? 0 : std::min(std::max<double>(x, -2147483648.0), 2147483647.0);
    CHECK(y[V::kLanes - 1] == static_cast<int32_t>(limited));
  }
  for (const int32_t i : {0, 1, -1, 16777217, -16777219, INT32_MAX, INT32_MIN}) {
    float y[V::kLanes];
    V::from_int(I::splat(i)).store(y);
    CHECK(y[0] == static_cast<float>(i));
  }
}

template <class T>
void check_bytes() {
  using V = Vec<T, Isa>;
  std::vector<uint8_t> bytes(V::kLanes), back(V::kLanes);
  for (size_t i = 0; i < V::kLanes; ++i) bytes[i] = static_cast<uint8_t>(250 - 37 * i);
  std::vector<T> lanes(V::kLanes);
  V::load_u8(bytes.data()).store(lanes.data());
  for (size_t i = 0; i < V::kLanes; ++i) CHECK(lanes[i] == bytes[i]);
  (V::load(lanes.data()) + V::splat(T(-512))).store_u8(back.data());
  CHECK(back == bytes);
}

LEVEL_CASE("bytes to lanes and back, the low byte kept") {
  check_bytes<int32_t>();
  check_bytes<int64_t>();
}

}  // namespace
}  // namespace gradsmith::simd
