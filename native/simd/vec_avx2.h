// Vec for AVX2 + FMA: 256-bit registers, masks are lanes of all ones or all zeros.
#pragma once
#include <immintrin.h>

#include "simd/vec.h"

namespace gradsmith::simd {

template <>
struct LaneMask<Avx2, 32> {
  __m256i m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {_mm256_and_si256(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {_mm256_or_si256(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {_mm256_xor_si256(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {_mm256_xor_si256(a.m, _mm256_set1_epi32(-1))}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return _mm256_testz_si256(a.m, a.m) == 0; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return _mm256_testc_si256(a.m, _mm256_set1_epi32(-1)) != 0; }
  static GRADSMITH_INLINE LaneMask first(size_t n) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return {_mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), index)};
  }
};

template <>
struct LaneMask<Avx2, 64> {
  __m256i m;
  friend GRADSMITH_INLINE LaneMask operator&(LaneMask a, LaneMask b) { return {_mm256_and_si256(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator|(LaneMask a, LaneMask b) { return {_mm256_or_si256(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator^(LaneMask a, LaneMask b) { return {_mm256_xor_si256(a.m, b.m)}; }
  friend GRADSMITH_INLINE LaneMask operator~(LaneMask a) { return {_mm256_xor_si256(a.m, _mm256_set1_epi32(-1))}; }
  friend GRADSMITH_INLINE bool any(LaneMask a) { return _mm256_testz_si256(a.m, a.m) == 0; }
  friend GRADSMITH_INLINE bool all(LaneMask a) { return _mm256_testc_si256(a.m, _mm256_set1_epi32(-1)) != 0; }
  static GRADSMITH_INLINE LaneMask first(size_t n) {
    const __m256i index = _mm256_setr_epi64x(0, 1, 2, 3);
    return {_mm256_cmpgt_epi64(_mm256_set1_epi64x(static_cast<int64_t>(n)), index)};
  }
};

/// The first `bytes` bytes of a register, a multiple of 4, by stores of 16, 8 and 4: a masked store takes some forty
/// micro-operations and twice as long on Zen 3.
GRADSMITH_INLINE void store_first(void* to, __m256i v, size_t bytes) {
  char* p = static_cast<char*>(to);
  if (bytes >= 32) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v);
  __m128i x = _mm256_castsi256_si128(v);
  if (bytes & 16) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), x);
    x = _mm256_extracti128_si256(v, 1);
    p += 16;
  }
  if (bytes & 8) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), x);
    x = _mm_unpackhi_epi64(x, x);
    p += 8;
  }
  if (bytes & 4) _mm_storeu_si32(p, x);
}

template <>
struct Vec<int32_t, Avx2> {
  using T = int32_t;
  using Mask = LaneMask<Avx2, 32>;
  static constexpr size_t kLanes = 8;
  __m256i v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    return {_mm256_maskload_epi32(p, Mask::first(n).m)};
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm256_set1_epi32(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm256_setzero_si256()}; }
  GRADSMITH_INLINE void store(T* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { store_first(p, v, n * sizeof(T)); }
  /// kLanes words of 16 bits, zero-extended.
  static GRADSMITH_INLINE Vec load_u16(const uint16_t* p) {
    return {_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) {
    return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
  }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const {
    const __m256i low = _mm256_and_si256(v, _mm256_set1_epi32(255));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
  }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm256_sub_epi32(_mm256_setzero_si256(), a.v)}; }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {_mm256_and_si256(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {_mm256_or_si256(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {_mm256_xor_si256(a.v, b.v)}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return {_mm256_slli_epi32(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return {_mm256_srli_epi32(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    return {_mm256_srai_epi32(a.v, N)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {_mm256_cmpeq_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {_mm256_cmpgt_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return b > a; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return ~(a == b); }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return ~(a > b); }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return ~(b > a); }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {_mm256_blendv_epi8(b.v, a.v, m.m)}; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {m.m}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return zero() > a; }

  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mullo_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_epi32(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {_mm256_abs_epi32(a.v)}; }
  /// High 32 bits of the unsigned 32 x 32 products.
  friend GRADSMITH_INLINE Vec mulhi_u(Vec a, Vec b) {
    const __m256i even = _mm256_mul_epu32(a.v, b.v);
    const __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a.v, 32), _mm256_srli_epi64(b.v, 32));
    return {_mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA)};
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
    const __m128i q = f(_mm256_castsi256_si128(a.v), _mm256_extracti128_si256(a.v, 1));
    const __m128i d = f(q, _mm_unpackhi_epi64(q, q));
    return _mm_cvtsi128_si32(f(d, _mm_shuffle_epi32(d, 1)));
  }
};

template <>
struct Vec<int64_t, Avx2> {
  using T = int64_t;
  using Mask = LaneMask<Avx2, 64>;
  static constexpr size_t kLanes = 4;
  __m256i v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) {
    return {_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), Mask::first(n).m)};
  }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm256_set1_epi64x(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm256_setzero_si256()}; }
  GRADSMITH_INLINE void store(T* p) const { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { store_first(p, v, n * sizeof(T)); }
  /// kLanes bytes, zero-extended; store_u8 keeps the low byte of each lane.
  static GRADSMITH_INLINE Vec load_u8(const uint8_t* p) {
    int32_t four;
    std::memcpy(&four, p, 4);
    return {_mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four))};
  }
  GRADSMITH_INLINE void store_u8(uint8_t* p) const {
    const __m256i pick = _mm256_set1_epi32(static_cast<int>(0x80800800));  // bytes 0 and 8 of each half
    const __m256i pairs = _mm256_shuffle_epi8(v, pick);
    const __m128i lo = _mm256_castsi256_si128(pairs);
    const __m128i hi = _mm256_extracti128_si256(pairs, 1);
    const int32_t four = _mm_cvtsi128_si32(_mm_unpacklo_epi16(lo, hi));
    std::memcpy(p, &four, 4);
  }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_epi64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_epi64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm256_sub_epi64(_mm256_setzero_si256(), a.v)}; }
  friend GRADSMITH_INLINE Vec operator&(Vec a, Vec b) { return {_mm256_and_si256(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator|(Vec a, Vec b) { return {_mm256_or_si256(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator^(Vec a, Vec b) { return {_mm256_xor_si256(a.v, b.v)}; }
  template <int N>
  friend GRADSMITH_INLINE Vec shl(Vec a) {
    return {_mm256_slli_epi64(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec shr(Vec a) {
    return {_mm256_srli_epi64(a.v, N)};
  }
  template <int N>
  friend GRADSMITH_INLINE Vec sra(Vec a) {
    const __m256i sign = _mm256_cmpgt_epi64(_mm256_setzero_si256(), a.v);
    return {_mm256_or_si256(_mm256_srli_epi64(a.v, N), _mm256_slli_epi64(sign, 64 - N))};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return {_mm256_cmpeq_epi64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return {_mm256_cmpgt_epi64(a.v, b.v)}; }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return b > a; }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return ~(a == b); }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return ~(a > b); }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return ~(b > a); }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) { return {_mm256_blendv_epi8(b.v, a.v, m.m)}; }
  static GRADSMITH_INLINE Vec lanes_of(Mask m) { return {m.m}; }
  friend GRADSMITH_INLINE Mask mask_of(Vec a) { return zero() > a; }
};

template <>
struct Vec<float, Avx2> {
  using T = float;
  using Int = Vec<int32_t, Avx2>;
  using Mask = LaneMask<Avx2, 32>;
  static constexpr size_t kLanes = 8;
  __m256 v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm256_loadu_ps(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) { return {_mm256_maskload_ps(p, Mask::first(n).m)}; }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm256_set1_ps(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm256_setzero_ps()}; }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {_mm256_castsi256_ps(i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {_mm256_castps_si256(a.v)}; }
  GRADSMITH_INLINE void store(T* p) const { _mm256_storeu_ps(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { store_first(p, _mm256_castps_si256(v), n * sizeof(T)); }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mul_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {_mm256_div_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm256_xor_ps(a.v, _mm256_set1_ps(-T(0)))}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_ps(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_ps(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_ps(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {_mm256_sqrt_ps(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-T(0)), a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) {
    return {_mm256_round_ps(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return mask(_mm256_cmp_ps(a.v, b.v, _CMP_EQ_OQ)); }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return mask(_mm256_cmp_ps(a.v, b.v, _CMP_NEQ_UQ)); }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return mask(_mm256_cmp_ps(a.v, b.v, _CMP_LT_OQ)); }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return mask(_mm256_cmp_ps(a.v, b.v, _CMP_LE_OQ)); }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return mask(_mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ)); }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return mask(_mm256_cmp_ps(a.v, b.v, _CMP_GE_OQ)); }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) {
    return {_mm256_blendv_ps(b.v, a.v, _mm256_castsi256_ps(m.m))};
  }

  /// Rounded to nearest.
  static GRADSMITH_INLINE Vec from_int(Int i) { return {_mm256_cvtepi32_ps(i.v)}; }
  /// Towards zero; saturates; NaN gives 0.
  friend GRADSMITH_INLINE Int to_int(Vec a) {
    const __m256i t = _mm256_and_si256(_mm256_cvttps_epi32(a.v), (a == a).m);
    // Out of range gives INT32_MIN; flipping every bit turns that into INT32_MAX where a is large.
    return {_mm256_xor_si256(t, (a >= splat(2147483648.0f)).m)};
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
  static GRADSMITH_INLINE Mask mask(__m256 m) { return {_mm256_castps_si256(m)}; }
  template <class F>
  static GRADSMITH_INLINE T reduce(Vec a, F f) {
    const __m128 q = f(_mm256_castps256_ps128(a.v), _mm256_extractf128_ps(a.v, 1));
    const __m128 d = f(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(f(d, _mm_shuffle_ps(d, d, 1)));
  }
};

template <>
struct Vec<double, Avx2> {
  using T = double;
  using Int = Vec<int64_t, Avx2>;
  using Mask = LaneMask<Avx2, 64>;
  static constexpr size_t kLanes = 4;
  __m256d v;

  static GRADSMITH_INLINE Vec load(const T* p) { return {_mm256_loadu_pd(p)}; }
  static GRADSMITH_INLINE Vec load_partial(const T* p, size_t n) { return {_mm256_maskload_pd(p, Mask::first(n).m)}; }
  static GRADSMITH_INLINE Vec splat(T x) { return {_mm256_set1_pd(x)}; }
  static GRADSMITH_INLINE Vec zero() { return {_mm256_setzero_pd()}; }
  static GRADSMITH_INLINE Vec from_bits(Int i) { return {_mm256_castsi256_pd(i.v)}; }
  friend GRADSMITH_INLINE Int bits(Vec a) { return {_mm256_castpd_si256(a.v)}; }
  GRADSMITH_INLINE void store(T* p) const { _mm256_storeu_pd(p, v); }
  GRADSMITH_INLINE void store_partial(T* p, size_t n) const { store_first(p, _mm256_castpd_si256(v), n * sizeof(T)); }

  friend GRADSMITH_INLINE Vec operator+(Vec a, Vec b) { return {_mm256_add_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a, Vec b) { return {_mm256_sub_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator*(Vec a, Vec b) { return {_mm256_mul_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator/(Vec a, Vec b) { return {_mm256_div_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec operator-(Vec a) { return {_mm256_xor_pd(a.v, _mm256_set1_pd(-T(0)))}; }
  friend GRADSMITH_INLINE Vec fma(Vec a, Vec b, Vec c) { return {_mm256_fmadd_pd(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec fnma(Vec a, Vec b, Vec c) { return {_mm256_fnmadd_pd(a.v, b.v, c.v)}; }
  friend GRADSMITH_INLINE Vec min(Vec a, Vec b) { return {_mm256_min_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec max(Vec a, Vec b) { return {_mm256_max_pd(a.v, b.v)}; }
  friend GRADSMITH_INLINE Vec sqrt(Vec a) { return {_mm256_sqrt_pd(a.v)}; }
  friend GRADSMITH_INLINE Vec abs(Vec a) { return {_mm256_andnot_pd(_mm256_set1_pd(-T(0)), a.v)}; }
  friend GRADSMITH_INLINE Vec round(Vec a) {
    return {_mm256_round_pd(a.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
  }
  friend GRADSMITH_INLINE Mask operator==(Vec a, Vec b) { return mask(_mm256_cmp_pd(a.v, b.v, _CMP_EQ_OQ)); }
  friend GRADSMITH_INLINE Mask operator!=(Vec a, Vec b) { return mask(_mm256_cmp_pd(a.v, b.v, _CMP_NEQ_UQ)); }
  friend GRADSMITH_INLINE Mask operator<(Vec a, Vec b) { return mask(_mm256_cmp_pd(a.v, b.v, _CMP_LT_OQ)); }
  friend GRADSMITH_INLINE Mask operator<=(Vec a, Vec b) { return mask(_mm256_cmp_pd(a.v, b.v, _CMP_LE_OQ)); }
  friend GRADSMITH_INLINE Mask operator>(Vec a, Vec b) { return mask(_mm256_cmp_pd(a.v, b.v, _CMP_GT_OQ)); }
  friend GRADSMITH_INLINE Mask operator>=(Vec a, Vec b) { return mask(_mm256_cmp_pd(a.v, b.v, _CMP_GE_OQ)); }
  friend GRADSMITH_INLINE Vec select(Mask m, Vec a, Vec b) {
    return {_mm256_blendv_pd(b.v, a.v, _mm256_castsi256_pd(m.m))};
  }

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
  static GRADSMITH_INLINE Mask mask(__m256d m) { return {_mm256_castpd_si256(m)}; }
  template <class F>
  static GRADSMITH_INLINE T reduce(Vec a, F f) {
    const __m128d q = f(_mm256_castpd256_pd128(a.v), _mm256_extractf128_pd(a.v, 1));
    return _mm_cvtsd_f64(f(q, _mm_unpackhi_pd(q, q)));
  }
};

}  // namespace gradsmith::simd
