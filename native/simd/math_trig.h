#pragma once
#include "simd/math_pi.h"

namespace gradsmith::simd {

inline constexpr UlpBound kSinUlp = {1.75, 1.75};
inline constexpr UlpBound kCosUlp = {1.75, 1.75};

/// |x| = quadrant·pi/2 + r with |r| <= pi/4.
template <class V>
struct Angle {
  V r;
  typename V::Int quadrant;
};

template <class V>
GRADSMITH_INLINE Angle<V> reduce_angle(V m) {
  using T = typename V::T;
  constexpr bool kSingle = kIsSingle<T>;
  auto n = round_to_int(m * V::splat(T(0x1.45f306dc9c883p-1)));
  const V nf = small_int_to<V>(n);
  // pi/2 in three parts: 72 (159) bits; with fma the first difference is exact up to the limit below.
  V r = fnma(nf, V::splat(T(kSingle ? 0x1.921fb6p+0 : 0x1.921fb54442d18p+0)), m);
  r = fnma(nf, V::splat(T(kSingle ? -0x1.777a5cp-25 : 0x1.1a62633145c07p-54)), r);
  r = fnma(nf, V::splat(T(kSingle ? -0x1.ee59dap-50 : -0x1.f1976b7ed8fbcp-110)), r);
  const T limit = T(kSingle ? 65536.0 : 1048576.0);
  if (any(m > V::splat(limit))) {
    T angle[V::kLanes], rest[V::kLanes];
    typename V::Int::T quadrant[V::kLanes];
    m.store(angle);
    r.store(rest);
    n.store(quadrant);
    for (size_t i = 0; i < V::kLanes; ++i) {
      if (!(angle[i] > limit && angle[i] - angle[i] == T(0))) continue;
      double exact;
      quadrant[i] = LargeAngle<V>::reduce(static_cast<double>(angle[i]), exact);
      rest[i] = static_cast<T>(exact);
    }
    r = V::load(rest);
    n = V::Int::load(quadrant);
  }
  return {r, n};
}

/// sin(r + quadrant·pi/2) for |r| <= pi/4. Polynomials of Cephes' sinf and fdlibm's k_sin and k_cos.
template <class V>
GRADSMITH_INLINE V sin_of(Angle<V> a) {
  using T = typename V::T;
  const V z = a.r * a.r;
  V s, c;
  if constexpr (kIsSingle<T>) {
    constexpr T kS[] = {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f};
    constexpr T kC[] = {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f};
    s = horner(z, kS);
    c = horner(z, kC);
  } else {
    constexpr T kS[] = {1.58969099521155010221e-10,  -2.50507602534068634195e-08, 2.75573137070700676789e-06,
                        -1.98412698298579493134e-04, 8.33333333332248946124e-03,  -1.66666666666666324348e-01};
    constexpr T kC[] = {-1.13596475577881948265e-11, 2.08757232129817482790e-09,  -2.75573143513906633035e-07,
                        2.48015872894767294178e-05,  -1.38888888888741095749e-03, 4.16666666666666019037e-02};
    s = horner(z, kS);
    c = horner(z, kC);
  }
  s = fma(a.r * z, s, a.r);
  c = fma(z * z, c, fnma(V::splat(T(0.5)), z, V::splat(T(1))));
  constexpr int kTop = kIsSingle<T> ? 31 : 63;
  const V y = select(mask_of(shl<kTop>(a.quadrant)), c, s);  // odd quadrants
  return V::from_bits(bits(y) ^ shl<kTop>(shr<1>(a.quadrant)));
}

/// Sine for every x (NaN at ±inf), small or large.
template <class V>
GRADSMITH_INLINE V sin(V x) {
  const V m = abs(x);
  const V y = sin_of(reduce_angle(m));
  const V signed_y = V::from_bits(bits(y) ^ (bits(x) & bits(V::splat(typename V::T(-0.0)))));
  return select(m < V::splat(typename V::T(__builtin_inf())), signed_y, x - x);
}

/// Cosine for every x (NaN at ±inf), small or large.
template <class V>
GRADSMITH_INLINE V cos(V x) {
  const V m = abs(x);
  Angle<V> a = reduce_angle(m);
  a.quadrant = a.quadrant + V::Int::splat(1);
  return select(m < V::splat(typename V::T(__builtin_inf())), sin_of(a), x - x);
}

}  // namespace gradsmith::simd
