// Vec of one lane in plain C++: the reference, and what runs where no SIMD level fits.
#pragma once
#include "simd/vec.h"

namespace gradsmith::simd {

template <>
struct LaneMask<Scalar, 32> {
  bool m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {a.m && b.m}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {a.m || b.m}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {a.m != b.m}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {!a.m}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return a.m; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return a.m; }
};

template <>
struct LaneMask<Scalar, 64> {
  bool m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {a.m && b.m}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {a.m || b.m}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {a.m != b.m}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {!a.m}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return a.m; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return a.m; }
};

template <>
struct Vec<int32_t, Scalar> {
  using T = int32_t;
  using U = uint32_t;  // wraps
  using Mask = LaneMask<Scalar, 32>;
  static constexpr size_t kLanes = 1;
  T v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {*p}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) { return {n != 0 ? *p : T(0)}; }
  static GRADSMITH_INLINE Vec splat(T x) { return {x}; }
  static GRADSMITH_INLINE Vec zero() { return {T(0)}; }
  GRADSMITH_INLINE void store(T* p) const { *p = v; }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    if (n != 0) *p = v;
  }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u16(const uint16_t* p) { return {*p}; }
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) { return {*p}; }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const { *p = static_cast<uint8_t>(v & 255); }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return wrap(U(a.v) + U(b.v)); }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return wrap(U(a.v) - U(b.v)); }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return wrap(U(0) - U(a.v)); }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return wrap(U(a.v) * U(b.v)); }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {a.v & b.v}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {a.v | b.v}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {a.v ^ b.v}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return wrap(U(a.v) << N);
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return wrap(U(a.v) >> N);
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {a.v >> N};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {a.v == b.v}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {a.v != b.v}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {a.v < b.v}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {a.v <= b.v}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {a.v > b.v}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {a.v >= b.v}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return m.m ? a : b; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return a.v < b.v ? a : b; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return a.v > b.v ? a : b; }
  friend GRADSMITH_INLINE T reduce_add(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_max(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_min(Vec a) { return a.v; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {m.m ? T(-1) : T(0)}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return {a.v < 0}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return a.v < 0 ? -a : a; }
  /// High 32 bits of the unsigned 32 x 32 products.
  friend GRADSMITH_INLINE Vec mulhi_u(Vec a, Vec b) {
    return wrap(static_cast<U>((static_cast<uint64_t>(U(a.v)) * U(b.v)) >> 32));
  }

 private:
  static GRADSMITH_INLINE Vec wrap(U x) { return {static_cast<T>(x)}; }
};

template <>
struct Vec<int64_t, Scalar> {
  using T = int64_t;
  using U = uint64_t;  // wraps
  using Mask = LaneMask<Scalar, 64>;
  static constexpr size_t kLanes = 1;
  T v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {*p}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) { return {n != 0 ? *p : T(0)}; }
  static GRADSMITH_INLINE Vec splat(T x) { return {x}; }
  static GRADSMITH_INLINE Vec zero() { return {T(0)}; }
  GRADSMITH_INLINE void store(T* p) const { *p = v; }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    if (n != 0) *p = v;
  }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) { return {*p}; }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const { *p = static_cast<uint8_t>(v & 255); }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return wrap(U(a.v) + U(b.v)); }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return wrap(U(a.v) - U(b.v)); }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return wrap(U(0) - U(a.v)); }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return wrap(U(a.v) * U(b.v)); }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {a.v & b.v}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {a.v | b.v}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {a.v ^ b.v}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return wrap(U(a.v) << N);
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return wrap(U(a.v) >> N);
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {a.v >> N};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {a.v == b.v}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {a.v != b.v}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {a.v < b.v}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {a.v <= b.v}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {a.v > b.v}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {a.v >= b.v}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return m.m ? a : b; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return a.v < b.v ? a : b; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return a.v > b.v ? a : b; }
  friend GRADSMITH_INLINE T reduce_add(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_max(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_min(Vec a) { return a.v; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {m.m ? T(-1) : T(0)}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return {a.v < 0}; }

 private:
  static GRADSMITH_INLINE Vec wrap(U x) { return {static_cast<T>(x)}; }
};

/// a·b + c rounded once. Where the CPU's baseline has no such instruction, libm's function would cost more than all the
/// rest: the product is exact in double, the sum is rounded to odd there (which keeps the second rounding honest).
GRADSMITH_INLINE float fma_single(float a, float b, float c) {
#if defined(__FP_FAST_FMAF)
  return __builtin_fmaf(a, b, c);
#else
  const double product = static_cast<double>(a) * static_cast<double>(b), addend = static_cast<double>(c);
  const double sum = product + addend;
  const double part = sum - product;
  const double lost = (product - (sum - part)) + (addend - part);  // NaN where the sum is not finite: nothing to do
  int64_t word = __builtin_bit_cast(int64_t, sum);
  if ((word & 1) == 0 && (lost > 0 || lost < 0)) word += (lost > 0) == (sum > 0) ? 1 : -1;
  return static_cast<float>(__builtin_bit_cast(double, word));
#endif
}

template <>
struct Vec<float, Scalar> {
  using T = float;
  using Int = Vec<int32_t, Scalar>;
  using Mask = LaneMask<Scalar, 32>;
  static constexpr size_t kLanes = 1;
  T v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {*p}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) { return {n != 0 ? *p : T(0)}; }
  static GRADSMITH_INLINE Vec splat(T x) { return {x}; }
  static GRADSMITH_INLINE Vec zero() { return {T(0)}; }
  GRADSMITH_INLINE void store(T* p) const { *p = v; }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    if (n != 0) *p = v;
  }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {__builtin_bit_cast(T, i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {__builtin_bit_cast(int32_t, a.v)}; }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {a.v / b.v}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {-a.v}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {fma_single(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {fma_single(-a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {__builtin_sqrtf(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {__builtin_fabsf(a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) { return {__builtin_rintf(a.v)}; }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {a.v == b.v}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {a.v != b.v}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {a.v < b.v}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {a.v <= b.v}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {a.v > b.v}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {a.v >= b.v}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return m.m ? a : b; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return a.v < b.v ? a : b; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return a.v > b.v ? a : b; }
  friend GRADSMITH_INLINE T reduce_add(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_max(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_min(Vec a) { return a.v; }

  /// Rounded to nearest.
  static GRADSMITH_INLINE Vec from_int(Int i) { return {static_cast<float>(i.v)}; }
  /// Towards zero; saturates; NaN gives 0.
  friend GRADSMITH_INLINE Int to_int(Vec a) {
    if (a.v != a.v) return {0};
    if (a.v >= 2147483648.0f) return {INT32_MAX};
    if (a.v <= -2147483648.0f) return {INT32_MIN};
    return {static_cast<int32_t>(a.v)};
  }
};

template <>
struct Vec<double, Scalar> {
  using T = double;
  using Int = Vec<int64_t, Scalar>;
  using Mask = LaneMask<Scalar, 64>;
  static constexpr size_t kLanes = 1;
  T v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {*p}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) { return {n != 0 ? *p : T(0)}; }
  static GRADSMITH_INLINE Vec splat(T x) { return {x}; }
  static GRADSMITH_INLINE Vec zero() { return {T(0)}; }
  GRADSMITH_INLINE void store(T* p) const { *p = v; }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const {
    if (n != 0) *p = v;
  }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {__builtin_bit_cast(T, i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {__builtin_bit_cast(int64_t, a.v)}; }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {a.v + b.v}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {a.v - b.v}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {a.v * b.v}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {a.v / b.v}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {-a.v}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {__builtin_fma(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {__builtin_fma(-a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {__builtin_sqrt(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {__builtin_fabs(a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) { return {__builtin_rint(a.v)}; }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {a.v == b.v}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {a.v != b.v}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {a.v < b.v}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {a.v <= b.v}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {a.v > b.v}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {a.v >= b.v}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return m.m ? a : b; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return a.v < b.v ? a : b; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return a.v > b.v ? a : b; }
  friend GRADSMITH_INLINE T reduce_add(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_max(Vec a) { return a.v; }
  friend GRADSMITH_INLINE T reduce_min(Vec a) { return a.v; }
};

}  // namespace gradsmith::simd
