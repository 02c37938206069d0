// Pairs of bfloat16 on CPUs with AVX512_BF16. Included by isa/gemm_avx512bf16.cc only.
//
// VDPBF16PS takes denormal operands and results for 0, whatever the control register says, and adds its two products to
// the sum with a rounding of its own; so its sums differ from those of FMAs in their last bits.
#pragma once
#include "simd/vec_avx512.h"
// (first, for its care about the intrinsics' warnings)
#include "kernels/gemm_entries.h"
#include "kernels/gemm_tile.h"

namespace gradsmith::kernels {

template <>
struct GemmRegisters<simd::Avx512Bf16> {
  using Tag = simd::Avx512;
};

template <>
struct Entries<float, simd::Avx512Bf16, GemmMode::kPaired> {
  using V = simd::Vec<float, simd::Avx512>;
  static constexpr ptrdiff_t kTerms = 2;
  static GRADSMITH_INLINE V along(const float* p) { return {pair(V::load(p), V::load(p + 16))}; }
  static GRADSMITH_INLINE V along(const float* p, size_t count) {
    if (count <= 16) return {pair(V::load_partial(p, count), V::zero())};
    return {pair(V::load(p), V::load_partial(p + 16, count - 16))};
  }
  static GRADSMITH_INLINE V copied(const uint16_t* p) { return {_mm512_loadu_ps(p)}; }
  static GRADSMITH_INLINE V across(const float* p, ptrdiff_t step) {
    return {interleave(pair(V::load(p), V::load(p + step)))};
  }
  static GRADSMITH_INLINE V across(const float* p, ptrdiff_t step, size_t lanes, ptrdiff_t terms) {
    const V second = terms == 2 ? V::load_partial(p + step, lanes) : V::zero();
    return {interleave(pair(V::load_partial(p, lanes), second))};
  }
  static GRADSMITH_INLINE float one(const float* p, ptrdiff_t step, ptrdiff_t terms) {
    const uint32_t u = round_bits_to_bf16(*p) >> 16 | (terms == 2 ? round_bits_to_bf16(p[step]) : 0);
    float x;
    std::memcpy(&x, &u, sizeof x);
    return x;
  }

 private:
  /// 16 of one, then 16 of the other.
  static GRADSMITH_INLINE __m512 pair(V low, V high) { return (__m512)_mm512_cvtne2ps_pbh(high.v, low.v); }
  static GRADSMITH_INLINE __m512 interleave(__m512 x) {
    const __m512i order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                                           21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_castsi512_ps(_mm512_permutexvar_epi16(order, _mm512_castps_si512(x)));
  }
};

template <>
struct MultiplyAdd<simd::Avx512Bf16> {
  using V = simd::Vec<float, simd::Avx512>;
  static GRADSMITH_INLINE V run(V a, V b, V c) { return {_mm512_dpbf16_ps(c.v, (__m512bh)a.v, (__m512bh)b.v)}; }
};

}  // namespace gradsmith::kernels
