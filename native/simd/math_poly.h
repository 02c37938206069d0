// What the math functions share: polynomials, signs, and how an error bound is stated.
#pragma once
#include "simd/vec.h"

namespace gradsmith::simd {

/// Largest error in units in the last place over every input, denormal results included; the tests read these numbers.
struct UlpBound {
  double float32, float64;
};

template <class T>
inline constexpr bool kIsSingle = sizeof(T) == 4;

/// c[0]·x^(N-1) + … + c[N-1], by Horner's rule.
template <class V, size_t N>
GRADSMITH_INLINE V horner(V x, const typename V::T (&c)[N]) {
  V p = V::splat(c[0]);
#pragma GCC unroll 16
  for (size_t i = 1; i < N; ++i) p = fma(p, x, V::splat(c[i]));
  return p;
}

/// `magnitude` (not negative) with the sign of `x` on top.
template <class V>
GRADSMITH_INLINE V with_sign_of(V x, V magnitude) {
  return V::from_bits(bits(magnitude) | (bits(x) & bits(V::splat(typename V::T(-0.0)))));
}

}  // namespace gradsmith::simd
