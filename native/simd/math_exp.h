#pragma once
#include "simd/math_poly.h"

namespace gradsmith::simd {

inline constexpr UlpBound kExpUlp = {1.1, 1.1};

/// e^(x + low) = (1 + q) · 2^n, |q| < 0.42.
template <class V>
struct ExpParts {
  V q;
  typename V::Int n;
  GRADSMITH_INLINE V value() const { return scale2(q + V::splat(typename V::T(1)), n); }
};

/// x + low = n·ln 2 + r with |r| <= ln 2 / 2; e^r by a polynomial (float: Cephes' expf; double: Taylor's series, whose
/// rest is below 2^-57). `low`, if kLow, is small beside an ulp of a large x: what its rounding lost. Where e^x is 0 or
/// inf, n is past the limits of scale2's result.
template <bool kLow, class V>
GRADSMITH_INLINE ExpParts<V> exp_parts(V x, [[maybe_unused]] V low) {
  using T = typename V::T;
  constexpr bool kSingle = kIsSingle<T>;
  // Beyond these the result is inf or 0 anyway. The operands' order lets NaN pass.
  const V c = max(V::splat(T(kSingle ? -120.0 : -800.0)), min(V::splat(T(kSingle ? 89.0 : 710.0)), x));
  const auto n = round_to_int(c * V::splat(T(0x1.71547652b82fep+0)));
  const V nf = small_int_to<V>(n);
  V r = fnma(nf, V::splat(T(kSingle ? 0x1.62e43p-1 : 0x1.62e42fefa39efp-1)), c);
  r = fnma(nf, V::splat(T(kSingle ? -0x1.05c61p-29 : 0x1.abc9e3b39803fp-56)), r);
  if constexpr (kLow) r = r + low;
  if constexpr (kSingle) {
    constexpr T kP[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                        4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};
    return {fma(horner(r, kP), r * r, r), n};
  } else {
    constexpr T kP[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                        1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      1.0 / 2};
    return {fma(horner(r, kP), r * r, r), n};
  }
}

/// e^x for every x: +inf above the range, 0 below it, NaN for NaN.
template <class V>
GRADSMITH_INLINE V exp(V x) {
  return exp_parts<false>(x, x).value();
}

}  // namespace gradsmith::simd
