#pragma once
#include "simd/math_exp.h"

namespace gradsmith::simd {

inline constexpr UlpBound kGeluUlp = {3.75, 3.75};
/// Of the larger of its terms, Φ(x) and |x|·φ(x): near -0.75 they cancel.
inline constexpr UlpBound kGeluSlopeUlp = {4.25, 4};

/// What both are made of, for t = min(|x|, limit): e^(-t²/2), and w with e^(-t²/2)·w/(t + c) = 1 - Φ(t).
/// t² is rounded; the exponential is told its error, since at t = 14 half an ulp of t²/2 is 2^-18 of the result. The
/// tail falls like 1/t beside e^(-t²/2), so w is smooth in (t-c)/(t+c): our own Chebyshev interpolant, computed with 70
/// digits, which loses few of them by cancellation.
template <class V>
struct NormalTail {
  V t, shifted, share;  // t, t + c, t / (t + c)
  V w;
  ExpParts<V> e;
};

template <class V>
GRADSMITH_INLINE NormalTail<V> normal_tail(V x) {
  using T = typename V::T;
  const V t = min(V::splat(T(kIsSingle<T> ? 15.0 : 39.0)), abs(x));  // there e is 0; the operands' order lets NaN pass
  const V minus_half = V::splat(T(-0.5));
  const V square = t * t;
  const ExpParts<V> e = exp_parts<true>(minus_half * square, minus_half * fma(t, t, -square));
  const V shifted = t + V::splat(T(kIsSingle<T> ? 2.5 : 4.0));
  const V share = t / shifted;
  const V s = fma(V::splat(T(2)), share, V::splat(T(-1)));  // exact enough for small t, too
  if constexpr (kIsSingle<T>) {
    constexpr T kW[] = {-1.590002741e-4f, -3.145891754e-4f, 6.8405651e-4f,   2.52684632e-3f,  -1.599698015e-3f,
                        -1.638708928e-2f, 9.235507824e-3f,  1.319870717e-1f, -4.33691986e-1f, 7.066566583e-1f};
    return {t, shifted, share, horner(s, kW), e};
  } else {
    constexpr T kW[] = {
        -9.653425420228504669e-10, 7.269545479026689456e-11, 1.39240239935017101e-8,  1.457859334703645972e-8,
        -7.63808205349045035e-8,   -1.542632053677107395e-7, 2.636824857640762506e-7, 1.019804851813517266e-6,
        -6.251321040478680193e-7,  -5.918892731763236447e-6, 7.150055959216098661e-7, 3.514418115776097273e-5,
        -1.907866531661357434e-6,  -2.310948183193762113e-4, 1.333442540190491162e-4, 1.630818441890359596e-3,
        -3.479692362242533344e-3,  -7.540188965593059021e-3, 6.039657489069946413e-2, -1.865218579596941633e-1,
        3.871374007422188786e-1,   -6.078966419718917589e-1, 7.552851304157514799e-1};
    return {t, shifted, share, horner(s, kW), e};
  }
}

/// x·Φ(x), Φ the distribution function of the standard normal, for every x; exact form, no approximation by tanh.
/// Relative error is kept below 0 too, where 1 + erf(x/√2) loses all digits; -0 at -inf, its limit.
template <class V>
GRADSMITH_INLINE V gelu(V x) {
  const NormalTail<V> tail = normal_tail(x);
  const V p = tail.share * tail.w;
  const V lost = fma(tail.share, tail.w, -p);
  const V below = with_sign_of(x, scale2(p + fma(p, tail.e.q, lost), tail.e.n));  // x·(1 - Φ(|x|))
  return select(x > V::zero(), x - below, below);
}

/// Its derivative, Φ(x) + x·φ(x).
template <class V>
GRADSMITH_INLINE V gelu_slope(V x) {
  using T = typename V::T;
  const NormalTail<V> tail = normal_tail(x);
  const V d = fma(tail.t, V::splat(T(0.39894228040143267794)), -(tail.w / tail.shifted));
  const V below = scale2(fma(d, tail.e.q, d), tail.e.n);
  return select(x < V::zero(), -below, V::splat(T(1)) + below);
}

}  // namespace gradsmith::simd
