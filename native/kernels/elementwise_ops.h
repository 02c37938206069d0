// The light ops of the elementwise machine on one vector. Truth values are lanes of all ones or all zeros, as a float
// vector.
#pragma once
#include "simd/vec.h"

namespace gradsmith::kernels {

template <class V>
GRADSMITH_INLINE V truth(typename V::Mask m) {
  return V::from_bits(V::Int::lanes_of(m));
}

template <class V>
struct Light {
  using T = typename V::T;
  static GRADSMITH_INLINE V Copy(V a) { return a; }
  static GRADSMITH_INLINE V Neg(V a) { return -a; }
  static GRADSMITH_INLINE V Abs(V a) { return abs(a); }
  /// NaN for NaN, ±0 for ±0.
  static GRADSMITH_INLINE V Sign(V a) {
    return select(a > V::zero(), V::splat(T(1)), select(a < V::zero(), V::splat(T(-1)), a));
  }
  static GRADSMITH_INLINE V Sqrt(V a) { return sqrt(a); }
  static GRADSMITH_INLINE V Square(V a) { return a * a; }
  static GRADSMITH_INLINE V Reciprocal(V a) { return V::splat(T(1)) / a; }
  static GRADSMITH_INLINE V Relu(V a) { return select(a <= V::zero(), V::zero(), a); }
  static GRADSMITH_INLINE V LogicalNot(V a) { return V::from_bits(bits(a) ^ V::Int::splat(-1)); }

  static GRADSMITH_INLINE V Add(V a, V b) { return a + b; }
  static GRADSMITH_INLINE V Sub(V a, V b) { return a - b; }
  static GRADSMITH_INLINE V Mul(V a, V b) { return a * b; }
  static GRADSMITH_INLINE V Div(V a, V b) { return a / b; }
  static GRADSMITH_INLINE V Maximum(V a, V b) { return max_nan(a, b); }
  static GRADSMITH_INLINE V Minimum(V a, V b) { return min_nan(a, b); }
  static GRADSMITH_INLINE V Equal(V a, V b) { return truth<V>(a == b); }
  static GRADSMITH_INLINE V NotEqual(V a, V b) { return truth<V>(a != b); }
  static GRADSMITH_INLINE V Less(V a, V b) { return truth<V>(a < b); }
  static GRADSMITH_INLINE V LessEqual(V a, V b) { return truth<V>(a <= b); }
  static GRADSMITH_INLINE V Greater(V a, V b) { return truth<V>(a > b); }
  static GRADSMITH_INLINE V GreaterEqual(V a, V b) { return truth<V>(a >= b); }
  static GRADSMITH_INLINE V LogicalAnd(V a, V b) { return V::from_bits(bits(a) & bits(b)); }
  static GRADSMITH_INLINE V LogicalOr(V a, V b) { return V::from_bits(bits(a) | bits(b)); }
};

}  // namespace gradsmith::kernels
