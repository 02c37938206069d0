// Reductions across lanes of several vectors at once, and masks for the end of a row.
// Included by *_impl.h only.
#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include <concepts>

#include "simd/vec.h"

namespace gradsmith::kernels {

template <class T>
struct LaneIndex {
  alignas(64) static constexpr T kValue[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
};

/// True in lanes 0 … n-1.
template <class V>
GRADSMITH_INLINE typename V::Mask first_lanes(size_t n) {
  using T = typename V::T;
  return V::load(LaneIndex<T>::kValue) < V::splat(static_cast<T>(n));
}

/// n < kLanes elements at p, `fill` in the lanes behind them.
template <class V>
GRADSMITH_INLINE V load_filled(const typename V::T* p, size_t n, V fill) {
  return select(first_lanes<V>(n), V::load_partial(p, n), fill);
}

/// y[i] = all lanes of v[i] combined, for i < kLanes. Op gives combine(V, V) and across(V).
template <class Op, class V>
GRADSMITH_INLINE void reduce_lanes(const V (&v)[V::kLanes], typename V::T* y) {
  for (size_t i = 0; i < V::kLanes; i++) y[i] = Op::across(v[i]);
}

#ifdef __AVX512F__
/// Four rounds of interleaving halve the vectors each time: 15 combines instead of 16 · 4.
template <class Op, class V>
requires std::same_as<V, simd::Vec<float, simd::Avx512>> GRADSMITH_INLINE void reduce_lanes(const V (&v)[16],
                                                                                            float* y) {
  V a[8];  // in each quarter of a[i]: x0 of row 2i, x0 of row 2i+1, x1 of row 2i, x1 of row 2i+1
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++)
    a[i] = Op::combine(V{_mm512_unpacklo_ps(v[2 * i].v, v[2 * i + 1].v)},
                       V{_mm512_unpackhi_ps(v[2 * i].v, v[2 * i + 1].v)});
  V b[4];  // in each quarter of b[i]: rows 4i … 4i+3
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const __m512d even = _mm512_castps_pd(a[2 * i].v), odd = _mm512_castps_pd(a[2 * i + 1].v);
    b[i] = Op::combine(V{_mm512_castpd_ps(_mm512_unpacklo_pd(even, odd))},
                       V{_mm512_castpd_ps(_mm512_unpackhi_pd(even, odd))});
  }
  auto fold = [](V p, V q) {  // the even quarters of p and q with the odd ones
    return Op::combine(V{_mm512_shuffle_f32x4(p.v, q.v, 0x88)}, V{_mm512_shuffle_f32x4(p.v, q.v, 0xdd)});
  };
  fold(fold(b[0], b[1]), fold(b[2], b[3])).store(y);
}
#endif

#ifdef __AVX2__
template <class Op, class V>
requires std::same_as<V, simd::Vec<float, simd::Avx2>> GRADSMITH_INLINE void reduce_lanes(const V (&v)[8], float* y) {
  V a[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++)
    a[i] = Op::combine(V{_mm256_unpacklo_ps(v[2 * i].v, v[2 * i + 1].v)},
                       V{_mm256_unpackhi_ps(v[2 * i].v, v[2 * i + 1].v)});
  V b[2];  // in each half of b[i]: rows 4i … 4i+3
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    const __m256d even = _mm256_castps_pd(a[2 * i].v), odd = _mm256_castps_pd(a[2 * i + 1].v);
    b[i] = Op::combine(V{_mm256_castpd_ps(_mm256_unpacklo_pd(even, odd))},
                       V{_mm256_castpd_ps(_mm256_unpackhi_pd(even, odd))});
  }
  Op::combine(V{_mm256_permute2f128_ps(b[0].v, b[1].v, 0x20)}, V{_mm256_permute2f128_ps(b[0].v, b[1].v, 0x31)})
      .store(y);
}
#endif

}  // namespace gradsmith::kernels
