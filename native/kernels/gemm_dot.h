// Products whose operands both run along k in memory and whose result is thin: vectors along k, lanes added at the end.
// A block of kRows x kColumns dot products shares its loads; 8 accumulators or more keep both FMA ports busy.
#pragma once
#include <array>
#include <cstddef>
#include <utility>

#include "kernels/gemm_tile.h"
#include "kernels/gemm_unroll.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

inline constexpr int kDotColumns = 4;

/// to[j] = reduce_add(v[j])
template <class V, size_t kCount>
GRADSMITH_INLINE void add_lanes(const V (&v)[kCount], typename V::T* to) {
  GRADSMITH_UNROLL(4)
  for (size_t j = 0; j < kCount; j++) to[j] = reduce_add(v[j]);
}

#ifdef __AVX2__
/// Four folded sums across their lanes together, in reduce_add's order.
GRADSMITH_INLINE void add_quarters(__m128 a, __m128 b, __m128 c, __m128 d, float* to) {
  const __m128 ab = _mm_add_ps(_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
  const __m128 cd = _mm_add_ps(_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
  _mm_storeu_ps(to, _mm_add_ps(_mm_movelh_ps(ab, cd), _mm_movehl_ps(cd, ab)));
}
#endif
#if defined(__AVX512F__)
GRADSMITH_INLINE void add_lanes(const simd::Vec<float, simd::Avx512> (&v)[4], float* to) {
  const auto folded = [](__m512 x) {
    const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    return _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1));
  };
  add_quarters(folded(v[0].v), folded(v[1].v), folded(v[2].v), folded(v[3].v), to);
}
#elif defined(__AVX2__)
GRADSMITH_INLINE void add_lanes(const simd::Vec<float, simd::Avx2> (&v)[4], float* to) {
  const auto folded = [](__m256 x) { return _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1)); };
  add_quarters(folded(v[0].v), folded(v[1].v), folded(v[2].v), folded(v[3].v), to);
}
#endif

/// sums[i·lanes + j] = dot of row i of a and row j of b, both of k contiguous elements.
template <class T, class Isa, GemmMode kMode, int kRows, int kColumns>
GRADSMITH_GUARDED_BY_PAGES void gemm_dot(const T* a, ptrdiff_t a_row, const T* b, ptrdiff_t b_row, ptrdiff_t k, T* sums,
                                         ptrdiff_t sums_row) {
  using V = GemmVec<T, Isa>;
  using E = Entries<T, Isa, kMode>;
  constexpr ptrdiff_t kStep = static_cast<ptrdiff_t>(V::kLanes) * E::kTerms;
  V acc[kRows][kColumns];
  GRADSMITH_UNROLL(8)
  for (int i = 0; i < kRows; i++) {
    GRADSMITH_UNROLL(4)
    for (int j = 0; j < kColumns; j++) acc[i][j] = V::zero();
  }
  const auto step = [&](ptrdiff_t p, auto load) {
    V y[kColumns];
    GRADSMITH_UNROLL(4)
    for (int j = 0; j < kColumns; j++) y[j] = load(b + j * b_row + p);
    GRADSMITH_UNROLL(8)
    for (int i = 0; i < kRows; i++) {
      const V x = load(a + i * a_row + p);
      GRADSMITH_UNROLL(4)
      for (int j = 0; j < kColumns; j++) acc[i][j] = MultiplyAdd<Isa>::run(x, y[j], acc[i][j]);
    }
  };
  ptrdiff_t p = 0;
  for (; p + kStep <= k; p += kStep) step(p, [](const T* q) { return E::along(q); });
  if (p < k) {
    const auto n = static_cast<size_t>(k - p);
    step(p, [n](const T* q) { return E::along(q, n); });
  }
  GRADSMITH_UNROLL(8)
  for (int i = 0; i < kRows; i++) add_lanes(acc[i], sums + i * sums_row);
}

template <class T>
using DotFn = void (*)(const T*, ptrdiff_t, const T*, ptrdiff_t, ptrdiff_t, T*, ptrdiff_t);

template <class T, class Isa, GemmMode kMode, int kColumns, int... kRowsLess1>
constexpr auto dot_row(std::integer_sequence<int, kRowsLess1...>) {
  return std::array<DotFn<T>, sizeof...(kRowsLess1)>{&gemm_dot<T, Isa, kMode, kRowsLess1 + 1, kColumns>...};
}

template <class T, class Isa, GemmMode kMode>
GRADSMITH_INLINE DotFn<T> dot_kernel(int rows, int columns) {
  constexpr bool kMany = TileShape<Isa>::kManyRegisters;
  static constexpr auto k1 = dot_row<T, Isa, kMode, 1>(std::make_integer_sequence<int, dot_rows(kMany, 1)>());
  static constexpr auto k2 = dot_row<T, Isa, kMode, 2>(std::make_integer_sequence<int, dot_rows(kMany, 2)>());
  static constexpr auto k3 = dot_row<T, Isa, kMode, 3>(std::make_integer_sequence<int, dot_rows(kMany, 3)>());
  static constexpr auto k4 = dot_row<T, Isa, kMode, 4>(std::make_integer_sequence<int, dot_rows(kMany, 4)>());
  const auto i = static_cast<size_t>(rows - 1);
  return columns == 4 ? k4[i] : columns == 3 ? k3[i] : columns == 2 ? k2[i] : k1[i];
}

}  // namespace gradsmith::kernels
