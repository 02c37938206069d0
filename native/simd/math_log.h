#pragma once
#include "simd/math_poly.h"

namespace gradsmith::simd {

inline constexpr UlpBound kLogUlp = {1, 1};

/// Natural logarithm: -inf at ±0, NaN below, +inf at +inf.
/// x = 2^e·(1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); polynomials of Cephes' logf and fdlibm's log.
template <class V>
GRADSMITH_INLINE V log(V x) {
  using T = typename V::T;
  using Int = typename V::Int;
  constexpr bool kSingle = kIsSingle<T>;
  constexpr int kMantissa = kSingle ? 23 : 52;
  const auto denormal = x < V::splat(T(kSingle ? 0x1p-126 : 0x1p-1022));
  const V scaled = select(denormal, x * V::splat(T(kSingle ? 0x1p25 : 0x1p54)), x);
  const Int root_half = bits(V::splat(T(0x1.6a09e667f3bcdp-1)));
  const Int offset = bits(scaled) - root_half;
  const Int fraction = Int::splat((typename Int::T(1) << kMantissa) - 1);
  const V f = V::from_bits((offset & fraction) + root_half) - V::splat(T(1));
  const V e = small_int_to<V>(sra<kMantissa>(offset)) - select(denormal, V::splat(T(kSingle ? 25 : 54)), V::zero());
  const V half_square = V::splat(T(0.5)) * f * f;
  V y;
  if constexpr (kSingle) {
    constexpr T kP[] = {7.0376836292e-2f,  -1.1514610310e-1f, 1.1676998740e-1f,  -1.2420140846e-1f, 1.4249322787e-1f,
                        -1.6668057665e-1f, 2.0000714765e-1f,  -2.4999993993e-1f, 3.3333331174e-1f};
    const V rest = fma(e, V::splat(-2.12194440e-4f), f * f * f * horner(f, kP)) - half_square;
    y = fma(e, V::splat(0.693359375f), f + rest);
  } else {
    constexpr T kP[] = {1.479819860511658591e-01, 1.531383769920937332e-01, 1.818357216161805012e-01,
                        2.222219843214978396e-01, 2.857142874366239149e-01, 3.999999999940941908e-01,
                        6.666666666666735130e-01};
    const V s = f / (V::splat(2.0) + f);
    const V z = s * s;
    const V rest = fma(s, half_square + z * horner(z, kP), e * V::splat(1.90821492927058770002e-10));
    y = fma(e, V::splat(6.93147180369123816490e-01), f - (half_square - rest));
  }
  const V inf = V::splat(T(__builtin_inf()));
  y = select(x < inf, y, x);  // +inf and NaN stay
  y = select(x < V::zero(), V::splat(T(__builtin_nan(""))), y);
  return select(x == V::zero(), -inf, y);
}

}  // namespace gradsmith::simd
