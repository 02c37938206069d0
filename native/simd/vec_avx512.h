// Vec for AVX-512 (F, BW, DQ, VL): 512-bit registers, mask registers.
#pragma once
// GCC 12 takes the deliberate self-initialisation in _mm512_undefined_* for a mistake (its PR 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop

#include "simd/vec.h"

namespace gradsmith::simd {

template <>
struct LaneMask<Avx512, 32> {
  __mmask16 m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {static_cast<__mmask16>(a.m & b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {static_cast<__mmask16>(a.m | b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {static_cast<__mmask16>(a.m ^ b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {static_cast<__mmask16>(~a.m)}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return a.m != 0; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return a.m == static_cast<__mmask16>(~0u); }
  static GRADSMITH_INLINE LaneMask first(size_t n) { return {static_cast<__mmask16>((1u << n) - 1u)}; }
};

template <>
struct LaneMask<Avx512, 64> {
  __mmask8 m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {static_cast<__mmask8>(a.m & b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {static_cast<__mmask8>(a.m | b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {static_cast<__mmask8>(a.m ^ b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {static_cast<__mmask8>(~a.m)}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return a.m != 0; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return a.m == static_cast<__mmask8>(~0u); }
  static GRADSMITH_INLINE LaneMask first(size_t n) { return {static_cast<__mmask8>((1u << n) - 1u)}; }
};

template <>
struct Vec<int32_t, Avx512> {
  using T = int32_t;
  using Mask = LaneMask<Avx512, 32>;
  static constexpr size_t kLanes = 16;
  __m512i v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm512_loadu_epi32(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    return {_mm512_maskz_loadu_epi32(Mask::first(n).m, p)};
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm512_set1_epi32(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm512_setzero_si512()}; }
  GRADSMITH_INLINE void store(T* p) const { _mm512_storeu_epi32(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { _mm512_mask_storeu_epi32(p, Mask::first(n).m, v); }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u16(const uint16_t* p) {
    return {_mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
  }
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) {
    return {_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(v));
  }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm512_sub_epi32(_mm512_setzero_si512(), a.v)}; }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {_mm512_and_si512(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {_mm512_or_si512(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {_mm512_xor_si512(a.v, b.v)}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return {_mm512_slli_epi32(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return {_mm512_srli_epi32(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {_mm512_srai_epi32(a.v, N)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {_mm512_cmp_epi32_mask(a.v, b.v, _MM_CMPINT_EQ)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {_mm512_cmp_epi32_mask(a.v, b.v, _MM_CMPINT_NE)}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {_mm512_cmp_epi32_mask(a.v, b.v, _MM_CMPINT_LT)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {_mm512_cmp_epi32_mask(a.v, b.v, _MM_CMPINT_LE)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {_mm512_cmp_epi32_mask(a.v, b.v, _MM_CMPINT_NLE)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {_mm512_cmp_epi32_mask(a.v, b.v, _MM_CMPINT_NLT)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_epi32(m.m, b.v, a.v)}; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {_mm512_movm_epi32(m.m)}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return {_mm512_movepi32_mask(a.v)}; }

  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mullo_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {_mm512_min_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {_mm512_max_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {_mm512_abs_epi32(a.v)}; }
  /// High 32 bits of the unsigned 32 x 32 products.
  friend GRADSMITH_INLINE Vec mulhi_u(Vec a, Vec b) {
    const __m512i even = _mm512_mul_epu32(a.v, b.v);
    const __m512i odd = _mm512_mul_epu32(_mm512_srli_epi64(a.v, 32), _mm512_srli_epi64(b.v, 32));
    return {_mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd)};
  }
  friend GRADSMITH_INLINE T reduce_add(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_add_epi32(x, y); });
  }
  friend GRADSMITH_INLINE T reduce_max(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_max_epi32(x, y); });
  }
  friend GRADSMITH_INLINE T reduce_min(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_min_epi32(x, y); });
  }

 private:
  template <class F>
  static GRADSMITH_INLINE T reduce(Vec a, F f) {
    const __m128i q0 = f(_mm512_castsi512_si128(a.v), _mm512_extracti32x4_epi32(a.v, 2));
    const __m128i q1 = f(_mm512_extracti32x4_epi32(a.v, 1), _mm512_extracti32x4_epi32(a.v, 3));
    const __m128i q = f(q0, q1);
    const __m128i d = f(q, _mm_unpackhi_epi64(q, q));
    return _mm_cvtsi128_si32(f(d, _mm_shuffle_epi32(d, 1)));
  }
};

template <>
struct Vec<int64_t, Avx512> {
  using T = int64_t;
  using Mask = LaneMask<Avx512, 64>;
  static constexpr size_t kLanes = 8;
  __m512i v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm512_loadu_epi64(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    return {_mm512_maskz_loadu_epi64(Mask::first(n).m, p)};
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm512_set1_epi64(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm512_setzero_si512()}; }
  GRADSMITH_INLINE void store(T* p) const { _mm512_storeu_epi64(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { _mm512_mask_storeu_epi64(p, Mask::first(n).m, v); }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) {
    return {_mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
  }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm512_cvtepi64_epi8(v));
  }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_epi64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_epi64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm512_sub_epi64(_mm512_setzero_si512(), a.v)}; }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {_mm512_and_si512(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {_mm512_or_si512(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {_mm512_xor_si512(a.v, b.v)}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return {_mm512_slli_epi64(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return {_mm512_srli_epi64(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {_mm512_srai_epi64(a.v, N)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {_mm512_cmp_epi64_mask(a.v, b.v, _MM_CMPINT_EQ)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {_mm512_cmp_epi64_mask(a.v, b.v, _MM_CMPINT_NE)}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {_mm512_cmp_epi64_mask(a.v, b.v, _MM_CMPINT_LT)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {_mm512_cmp_epi64_mask(a.v, b.v, _MM_CMPINT_LE)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {_mm512_cmp_epi64_mask(a.v, b.v, _MM_CMPINT_NLE)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {_mm512_cmp_epi64_mask(a.v, b.v, _MM_CMPINT_NLT)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_epi64(m.m, b.v, a.v)}; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {_mm512_movm_epi64(m.m)}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return {_mm512_movepi64_mask(a.v)}; }
};

template <>
struct Vec<float, Avx512> {
  using T = float;
  using Int = Vec<int32_t, Avx512>;
  using Mask = LaneMask<Avx512, 32>;
  static constexpr size_t kLanes = 16;
  __m512 v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm512_loadu_ps(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    return {_mm512_maskz_loadu_ps(Mask::first(n).m, p)};
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm512_set1_ps(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm512_setzero_ps()}; }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {_mm512_castsi512_ps(i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {_mm512_castps_si512(a.v)}; }
  GRADSMITH_INLINE void store(T* p) const { _mm512_storeu_ps(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { _mm512_mask_storeu_ps(p, Mask::first(n).m, v); }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mul_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {_mm512_div_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm512_xor_ps(a.v, _mm512_set1_ps(-T(0)))}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_ps(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {_mm512_min_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {_mm512_max_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {_mm512_sqrt_ps(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {_mm512_andnot_ps(_mm512_set1_ps(-T(0)), a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) {
    return {_mm512_roundscale_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  friend GRADSMITH_INLINE Vec scale2(Vec a, Int n) { return {_mm512_scalef_ps(a.v, _mm512_cvtepi32_ps(n.v))}; }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_EQ_OQ)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_NEQ_UQ)}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LE_OQ)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GT_OQ)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_GE_OQ)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_ps(m.m, b.v, a.v)}; }

  /// Rounded to nearest.
  static GRADSMITH_INLINE Vec from_int(Int i) { return {_mm512_cvtepi32_ps(i.v)}; }
  /// Towards zero; saturates; NaN gives 0.
  friend GRADSMITH_INLINE Int to_int(Vec a) {
    const __m512i t = _mm512_maskz_cvttps_epi32((a == a).m, a.v);
    return {_mm512_mask_mov_epi32(t, (a >= splat(2147483648.0f)).m, _mm512_set1_epi32(INT32_MAX))};
  }

  friend GRADSMITH_INLINE T reduce_add(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_add_ps(x, y); });
  }
  friend GRADSMITH_INLINE T reduce_max(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_max_ps(x, y); });
  }
  friend GRADSMITH_INLINE T reduce_min(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_min_ps(x, y); });
  }

 private:
  template <class F>
  static GRADSMITH_INLINE T reduce(Vec a, F f) {
    const __m128 q0 = f(_mm512_castps512_ps128(a.v), _mm512_extractf32x4_ps(a.v, 2));
    const __m128 q1 = f(_mm512_extractf32x4_ps(a.v, 1), _mm512_extractf32x4_ps(a.v, 3));
    const __m128 q = f(q0, q1);
    const __m128 d = f(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(f(d, _mm_shuffle_ps(d, d, 1)));
  }
};

template <>
struct Vec<double, Avx512> {
  using T = double;
  using Int = Vec<int64_t, Avx512>;
  using Mask = LaneMask<Avx512, 64>;
  static constexpr size_t kLanes = 8;
  __m512d v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm512_loadu_pd(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    return {_mm512_maskz_loadu_pd(Mask::first(n).m, p)};
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm512_set1_pd(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm512_setzero_pd()}; }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {_mm512_castsi512_pd(i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {_mm512_castpd_si512(a.v)}; }
  GRADSMITH_INLINE void store(T* p) const { _mm512_storeu_pd(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { _mm512_mask_storeu_pd(p, Mask::first(n).m, v); }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm512_add_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm512_sub_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {_mm512_mul_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {_mm512_div_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm512_xor_pd(a.v, _mm512_set1_pd(-T(0)))}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm512_fmadd_pd(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm512_fnmadd_pd(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {_mm512_min_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {_mm512_max_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {_mm512_sqrt_pd(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {_mm512_andnot_pd(_mm512_set1_pd(-T(0)), a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) {
    return {_mm512_roundscale_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  friend GRADSMITH_INLINE Vec scale2(Vec a, Int n) { return {_mm512_scalef_pd(a.v, _mm512_cvtepi64_pd(n.v))}; }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_EQ_OQ)}; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_NEQ_UQ)}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LT_OQ)}; }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_LE_OQ)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_GT_OQ)}; }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return {_mm512_cmp_pd_mask(a.v, b.v, _CMP_GE_OQ)}; }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {_mm512_mask_blend_pd(m.m, b.v, a.v)}; }

  friend GRADSMITH_INLINE T reduce_add(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_add_pd(x, y); });
  }
  friend GRADSMITH_INLINE T reduce_max(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_max_pd(x, y); });
  }
  friend GRADSMITH_INLINE T reduce_min(Vec a) {
    return reduce(a, [](auto x, auto y) { return _mm_min_pd(x, y); });
  }

 private:
  template <class F>
  static GRADSMITH_INLINE T reduce(Vec a, F f) {
    const __m128d q0 = f(_mm512_castpd512_pd128(a.v), _mm512_extractf64x2_pd(a.v, 2));
    const __m128d q1 = f(_mm512_extractf64x2_pd(a.v, 1), _mm512_extractf64x2_pd(a.v, 3));
    const __m128d q = f(q0, q1);
    return _mm_cvtsd_f64(f(q, _mm_unpackhi_pd(q, q)));
  }
};

}  // namespace gradsmith::simd
