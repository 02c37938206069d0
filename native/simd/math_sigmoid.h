#pragma once
#include "simd/math_exp.h"

namespace gradsmith::simd {

inline constexpr UlpBound kSigmoidUlp = {2.5, 2.5};
inline constexpr UlpBound kTanhUlp = {1.5, 1.5};

/// 1 / (1 + e^-x) for every x, without overflow: with e = e^-|x| it is 1/(1+e) or e/(1+e).
template <class V>
GRADSMITH_INLINE V sigmoid(V x) {
  const V one = V::splat(typename V::T(1));
  const V e = exp(-abs(x));
  return select(x < V::zero(), e, one) / (one + e);
}

/// Hyperbolic tangent for every x. |x| < 0.625: Cephes' tanhf and tanh; else 1 - 2/(e^2|x| + 1).
template <class V>
GRADSMITH_INLINE V tanh(V x) {
  using T = typename V::T;
  const V one = V::splat(T(1)), two = V::splat(T(2));
  const V m = abs(x);
  const V z = m * m;
  V near;
  if constexpr (kIsSingle<T>) {
    constexpr T kP[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f,
                        -3.33332819422e-1f};
    near = fma(m * z, horner(z, kP), m);
  } else {
    constexpr T kP[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3};
    constexpr T kQ[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3};
    near = fma(m * z, horner(z, kP) / horner(z, kQ), m);
  }
  const V far = one - two / (exp(m + m) + one);
  return with_sign_of(x, select(m < V::splat(T(0.625)), near, far));
}

}  // namespace gradsmith::simd
