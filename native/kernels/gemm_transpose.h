// Transposing blocks of lanes x lanes elements in registers: what packing and tiles stored across C are made of.
#pragma once
#include <cstddef>

#include "kernels/gemm_entries.h"
#include "kernels/gemm_unroll.h"
#if defined(__AVX512F__)
#include "simd/vec_avx512.h"
#elif defined(__AVX2__)
#include "simd/vec_avx2.h"
#elif defined(__aarch64__)
#include "simd/vec_neon.h"
#endif
#include "simd/vec.h"

namespace gradsmith::kernels {

/// run(r): r[i] lane j becomes r[j] lane i, for all kLanes rows. The general form is that of one lane.
template <class T, class Isa>
struct Transposer {
  static_assert(simd::Vec<T, Isa>::kLanes == 1);
  static GRADSMITH_INLINE void run(simd::Vec<T, Isa>*) {}
};

#if defined(__AVX512F__)
template <>
struct Transposer<float, simd::Avx512> {
  static GRADSMITH_INLINE void run(simd::Vec<float, simd::Avx512>* r) {
    __m512 t[16], u[16];
    GRADSMITH_UNROLL(8)
    for (int i = 0; i < 16; i += 2) {
      t[i] = _mm512_unpacklo_ps(r[i].v, r[i + 1].v);
      t[i + 1] = _mm512_unpackhi_ps(r[i].v, r[i + 1].v);
    }
    const auto low = [](__m512 a, __m512 b) {
      return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    };
    const auto high = [](__m512 a, __m512 b) {
      return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
    };
    GRADSMITH_UNROLL(4)
    for (int g = 0; g < 16; g += 4) {  // quarter q of u[g + c] holds column 4q + c of rows g … g + 3
      u[g] = low(t[g], t[g + 2]);
      u[g + 1] = high(t[g], t[g + 2]);
      u[g + 2] = low(t[g + 1], t[g + 3]);
      u[g + 3] = high(t[g + 1], t[g + 3]);
    }
    GRADSMITH_UNROLL(4)
    for (int c = 0; c < 4; c++) {
      const __m512 a = _mm512_shuffle_f32x4(u[c], u[4 + c], 0x44);
      const __m512 b = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0x44);
      const __m512 d = _mm512_shuffle_f32x4(u[c], u[4 + c], 0xEE);
      const __m512 e = _mm512_shuffle_f32x4(u[8 + c], u[12 + c], 0xEE);
      r[c].v = _mm512_shuffle_f32x4(a, b, 0x88);
      r[4 + c].v = _mm512_shuffle_f32x4(a, b, 0xDD);
      r[8 + c].v = _mm512_shuffle_f32x4(d, e, 0x88);
      r[12 + c].v = _mm512_shuffle_f32x4(d, e, 0xDD);
    }
  }
};

template <>
struct Transposer<double, simd::Avx512> {
  static GRADSMITH_INLINE void run(simd::Vec<double, simd::Avx512>* r) {
    __m512d t[8];
    GRADSMITH_UNROLL(4)
    for (int i = 0; i < 8; i += 2) {
      t[i] = _mm512_unpacklo_pd(r[i].v, r[i + 1].v);
      t[i + 1] = _mm512_unpackhi_pd(r[i].v, r[i + 1].v);
    }
    GRADSMITH_UNROLL(2)
    for (int c = 0; c < 2; c++) {
      const __m512d a = _mm512_shuffle_f64x2(t[c], t[2 + c], 0x44);
      const __m512d b = _mm512_shuffle_f64x2(t[4 + c], t[6 + c], 0x44);
      const __m512d d = _mm512_shuffle_f64x2(t[c], t[2 + c], 0xEE);
      const __m512d e = _mm512_shuffle_f64x2(t[4 + c], t[6 + c], 0xEE);
      r[c].v = _mm512_shuffle_f64x2(a, b, 0x88);
      r[2 + c].v = _mm512_shuffle_f64x2(a, b, 0xDD);
      r[4 + c].v = _mm512_shuffle_f64x2(d, e, 0x88);
      r[6 + c].v = _mm512_shuffle_f64x2(d, e, 0xDD);
    }
  }
};
#endif

#if defined(__AVX2__) && !defined(__AVX512F__)
template <>
struct Transposer<float, simd::Avx2> {
  static GRADSMITH_INLINE void run(simd::Vec<float, simd::Avx2>* r) {
    __m256 t[8], u[8];
    GRADSMITH_UNROLL(4)
    for (int i = 0; i < 8; i += 2) {
      t[i] = _mm256_unpacklo_ps(r[i].v, r[i + 1].v);
      t[i + 1] = _mm256_unpackhi_ps(r[i].v, r[i + 1].v);
    }
    GRADSMITH_UNROLL(2)
    for (int g = 0; g < 8; g += 4) {  // half q of u[g + c] holds column 4q + c of rows g … g + 3
      u[g] = _mm256_shuffle_ps(t[g], t[g + 2], 0x44);
      u[g + 1] = _mm256_shuffle_ps(t[g], t[g + 2], 0xEE);
      u[g + 2] = _mm256_shuffle_ps(t[g + 1], t[g + 3], 0x44);
      u[g + 3] = _mm256_shuffle_ps(t[g + 1], t[g + 3], 0xEE);
    }
    GRADSMITH_UNROLL(4)
    for (int c = 0; c < 4; c++) {
      r[c].v = _mm256_permute2f128_ps(u[c], u[4 + c], 0x20);
      r[4 + c].v = _mm256_permute2f128_ps(u[c], u[4 + c], 0x31);
    }
  }
};

template <>
struct Transposer<double, simd::Avx2> {
  static GRADSMITH_INLINE void run(simd::Vec<double, simd::Avx2>* r) {
    const __m256d a = _mm256_unpacklo_pd(r[0].v, r[1].v), b = _mm256_unpackhi_pd(r[0].v, r[1].v);
    const __m256d c = _mm256_unpacklo_pd(r[2].v, r[3].v), d = _mm256_unpackhi_pd(r[2].v, r[3].v);
    r[0].v = _mm256_permute2f128_pd(a, c, 0x20);
    r[1].v = _mm256_permute2f128_pd(b, d, 0x20);
    r[2].v = _mm256_permute2f128_pd(a, c, 0x31);
    r[3].v = _mm256_permute2f128_pd(b, d, 0x31);
  }
};
#endif

#if defined(__aarch64__)
template <>
struct Transposer<float, simd::Neon> {
  static GRADSMITH_INLINE void run(simd::Vec<float, simd::Neon>* r) {
    const auto wide = [](float32x4_t x) { return vreinterpretq_f64_f32(x); };
    const auto back = [](float64x2_t x) { return vreinterpretq_f32_f64(x); };
    const float32x4_t a = vzip1q_f32(r[0].v, r[1].v), b = vzip2q_f32(r[0].v, r[1].v);
    const float32x4_t c = vzip1q_f32(r[2].v, r[3].v), d = vzip2q_f32(r[2].v, r[3].v);
    r[0].v = back(vzip1q_f64(wide(a), wide(c)));
    r[1].v = back(vzip2q_f64(wide(a), wide(c)));
    r[2].v = back(vzip1q_f64(wide(b), wide(d)));
    r[3].v = back(vzip2q_f64(wide(b), wide(d)));
  }
};

template <>
struct Transposer<double, simd::Neon> {
  static GRADSMITH_INLINE void run(simd::Vec<double, simd::Neon>* r) {
    const float64x2_t a = r[0].v;
    r[0].v = vzip1q_f64(a, r[1].v);
    r[1].v = vzip2q_f64(a, r[1].v);
  }
};
#endif

/// Two vectors of pairs (x0 y0 x1 y1 …) as one of their first and one of their second elements, and back. The general
/// form says that there is none.
template <class T, class Isa>
struct Pairs {
  static constexpr bool kHas = false;
};

#if defined(__AVX512F__)
template <>
struct Pairs<float, simd::Avx512> {
  using V = simd::Vec<float, simd::Avx512>;
  static constexpr bool kHas = true;
  static GRADSMITH_INLINE void split(V a, V b, V& x, V& y) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    x.v = _mm512_permutex2var_ps(a.v, even, b.v);
    y.v = _mm512_permutex2var_ps(a.v, _mm512_add_epi32(even, _mm512_set1_epi32(1)), b.v);
  }
  static GRADSMITH_INLINE void join(V x, V y, V& a, V& b) {
    const __m512i low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    a.v = _mm512_permutex2var_ps(x.v, low, y.v);
    b.v = _mm512_permutex2var_ps(x.v, _mm512_add_epi32(low, _mm512_set1_epi32(8)), y.v);
  }
};
#elif defined(__AVX2__)
template <>
struct Pairs<float, simd::Avx2> {
  using V = simd::Vec<float, simd::Avx2>;
  static constexpr bool kHas = true;
  static GRADSMITH_INLINE void split(V a, V b, V& x, V& y) {
    const auto in_order = [](__m256 q) {  // of the quarters a0 b0 a1 b1
      return _mm256_castpd_ps(_mm256_permute4x64_pd(_mm256_castps_pd(q), 0xD8));
    };
    x.v = in_order(_mm256_shuffle_ps(a.v, b.v, 0x88));
    y.v = in_order(_mm256_shuffle_ps(a.v, b.v, 0xDD));
  }
  static GRADSMITH_INLINE void join(V x, V y, V& a, V& b) {
    const __m256 low = _mm256_unpacklo_ps(x.v, y.v), high = _mm256_unpackhi_ps(x.v, y.v);
    a.v = _mm256_permute2f128_ps(low, high, 0x20);
    b.v = _mm256_permute2f128_ps(low, high, 0x31);
  }
};
#elif defined(__aarch64__)
template <>
struct Pairs<float, simd::Neon> {
  using V = simd::Vec<float, simd::Neon>;
  static constexpr bool kHas = true;
  static GRADSMITH_INLINE void split(V a, V b, V& x, V& y) {
    x.v = vuzp1q_f32(a.v, b.v);
    y.v = vuzp2q_f32(a.v, b.v);
  }
  static GRADSMITH_INLINE void join(V x, V y, V& a, V& b) {
    a.v = vzip1q_f32(x.v, y.v);
    b.v = vzip2q_f32(x.v, y.v);
  }
};
#endif

/// to[j·to_row + i] = entry j of row i of `from`, for `rows` rows of `terms` elements: no more rows than lanes, no more
/// terms than a vector of entries holds. Reads nothing else; writes whole vectors to[j·to_row …], in ascending order of
/// j, whose lanes beyond `rows` hold anything.
template <class T, class Isa, GemmMode kMode = GemmMode::kPlain>
GRADSMITH_GUARDED_BY_PAGES void turn(const T* from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t terms, T* to,
                                     ptrdiff_t to_row) {
  using V = GemmVec<T, Isa>;
  using E = Entries<T, Isa, kMode>;
  using Turn = Transposer<T, typename GemmRegisters<Isa>::Tag>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  V r[kLanes];
  if (terms == kLanes * E::kTerms) {
    if (rows == kLanes) {  // nothing to ask at each row
      GRADSMITH_UNROLL(16)
      for (ptrdiff_t i = 0; i < kLanes; i++) r[i] = E::along(from + i * from_row);
    } else {
      GRADSMITH_UNROLL(16)
      for (ptrdiff_t i = 0; i < kLanes; i++) r[i] = E::along(from + (i < rows ? i : 0) * from_row);
    }
    Turn::run(r);
    GRADSMITH_UNROLL(16)
    for (ptrdiff_t j = 0; j < kLanes; j++) r[j].store(to + j * to_row);
  } else {
    GRADSMITH_UNROLL(16)
    for (ptrdiff_t i = 0; i < kLanes; i++) {
      r[i] = E::along(from + (i < rows ? i : 0) * from_row, static_cast<size_t>(terms));
    }
    Turn::run(r);
    GRADSMITH_UNROLL(16)
    for (ptrdiff_t j = 0; j < kLanes; j++) {
      if (j * E::kTerms < terms) r[j].store(to + j * to_row);
    }
  }
}

}  // namespace gradsmith::kernels
