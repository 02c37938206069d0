// What a reduction combines: Sum (mean is a divided sum), Max, Min over vectors, scalars and totals.
// Included by *_impl.h only. Isa is in every type, so that no code is shared between levels.
#pragma once
#include <limits>

#include "kernels/rows.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// The sum of block sums. float32 blocks are added in float64.
template <class Isa, class T>
struct SumTotal {
  double sum = 0;
  GRADSMITH_INLINE void add(T block) { sum += static_cast<double>(block); }
  GRADSMITH_INLINE T value() const { return static_cast<T>(sum); }
  GRADSMITH_INLINE T mean(double count) const { return static_cast<T>(sum / count); }
};
/// float64 blocks are added with Neumaier's compensation. An infinite or NaN sum has a NaN compensation: left out.
template <class Isa>
struct SumTotal<Isa, double> {
  double sum = 0;
  double lost = 0;
  GRADSMITH_INLINE void add(double block) {
    const double next = sum + block;
    lost += __builtin_fabs(sum) >= __builtin_fabs(block) ? (sum - next) + block : (block - next) + sum;
    sum = next;
  }
  GRADSMITH_INLINE double value() const { return __builtin_isfinite(sum) ? sum + lost : sum; }
  GRADSMITH_INLINE double mean(double count) const { return value() / count; }
};

template <class Isa, class T>
struct Sum {
  using Element = T;
  using Total = SumTotal<Isa, T>;
  static constexpr T kIdentity = 0;
  /// Is what one block combines to the result?
  static constexpr bool kFinished = true;
  template <class V>
  static GRADSMITH_INLINE V combine(V a, V b) {
    return a + b;
  }
  template <class V>
  static GRADSMITH_INLINE T across(V v) {
    return reduce_add(v);
  }
  static GRADSMITH_INLINE T finish(const Total& total, const ReduceAxes&) { return total.value(); }
  static GRADSMITH_INLINE T finish(T sum, const ReduceAxes&) { return sum; }
};

template <class Isa, class T>
struct Mean : Sum<Isa, T> {
  using Total = SumTotal<Isa, T>;
  static constexpr bool kFinished = false;
  static GRADSMITH_INLINE T finish(const Total& total, const ReduceAxes& axes) { return total.mean(axes.count); }
  static GRADSMITH_INLINE T finish(T sum, const ReduceAxes& axes) {
    return static_cast<T>(static_cast<double>(sum) / axes.count);
  }
};

/// kMax: the largest, else the smallest; NaN wins.
template <class Isa, class T, bool kMax>
struct Extreme {
  using Element = T;
  using Limits = std::numeric_limits<T>;
  static constexpr T kInfinite = Limits::has_infinity ? Limits::infinity() : kMax ? Limits::lowest() : Limits::max();
  static constexpr T kIdentity = kMax && Limits::has_infinity ? -kInfinite : kInfinite;
  static constexpr bool kFinished = true;
  struct Total {
    T best = kIdentity;
    GRADSMITH_INLINE void add(T x) { best = better(x, best) ? x : best; }
  };
  /// x replaces best: also when x is NaN, but not when best already is.
  static GRADSMITH_INLINE bool better(T x, T best) {
    if constexpr (Limits::has_infinity) {
      if (best != best) return false;
      return kMax ? !(x <= best) : !(x >= best);
    } else {
      return kMax ? x > best : x < best;
    }
  }
  template <class V>
  static GRADSMITH_INLINE V combine(V a, V b) {
    return kMax ? max_nan(a, b) : min_nan(a, b);
  }
  /// Across lanes, any NaN first: reduce_max and reduce_min drop some.
  template <class V>
  static GRADSMITH_INLINE T across(V v) {
    if (any(v != v)) return Limits::quiet_NaN();
    return kMax ? reduce_max(v) : reduce_min(v);
  }
  static GRADSMITH_INLINE T finish(const Total& total, const ReduceAxes&) { return total.best; }
  static GRADSMITH_INLINE T finish(T best, const ReduceAxes&) { return best; }
};

/// Integers: scalar loops that the compiler vectorises; sums wrap.
template <class Isa, class T>
struct WrappingSum {
  using Element = T;
  static constexpr T kIdentity = 0;
  static GRADSMITH_INLINE T combine(T a, T b) {
    return static_cast<T>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
  }
};
template <class Isa, class T, bool kMax>
struct IntegerExtreme {
  using Element = T;
  static constexpr T kIdentity = Extreme<Isa, T, kMax>::kIdentity;
  static GRADSMITH_INLINE T combine(T a, T b) { return Extreme<Isa, T, kMax>::better(b, a) ? b : a; }
};

}  // namespace gradsmith::kernels
