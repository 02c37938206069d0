// Philox 4x32-10 on a vector of counters, and sine and cosine of a turn. Included by random_impl.h only.
#pragma once
#include "kernels/random.h"
#include "kernels/reduce_lanes.h"
#include "simd/math_log.h"

namespace gradsmith::kernels {

/// Blocks of a group: random.h's numbering does not depend on the vector's width.
inline constexpr size_t kGroupBlocks = 16;

/// The four words of each block of a group.
struct PhiloxGroup {
  alignas(64) int32_t w[4][kGroupBlocks];
};

template <class Isa>
GRADSMITH_INLINE int32_t word(uint64_t x) {
  return static_cast<int32_t>(static_cast<uint32_t>(x));
}

/// Blocks 16 · group … 16 · group + 15 of a draw.
template <class Isa>
GRADSMITH_INLINE void philox_group(RandomKey key, uint64_t group, PhiloxGroup& out) {
  using V = simd::Vec<int32_t, Isa>;
  const V m0 = V::splat(word<Isa>(0xD2511F53)), m1 = V::splat(word<Isa>(0xCD9E8D57));
  const V weyl0 = V::splat(word<Isa>(0x9E3779B9)), weyl1 = V::splat(word<Isa>(0xBB67AE85));
  const uint64_t block = group * kGroupBlocks;  // its low four bits are free for the lane
  for (size_t lane = 0; lane < kGroupBlocks; lane += V::kLanes) {
    V c0 = V::splat(word<Isa>(block + lane)) + V::load(LaneIndex<int32_t>::kValue);
    V c1 = V::splat(word<Isa>(block >> 32));
    V c2 = V::splat(word<Isa>(key.draw)), c3 = V::splat(word<Isa>(key.draw >> 32));
    V k0 = V::splat(word<Isa>(key.seed)), k1 = V::splat(word<Isa>(key.seed >> 32));
#pragma GCC unroll 10
    for (int round = 0; round < 10; round++) {
      const V high0 = mulhi_u(m0, c0), low0 = m0 * c0, high1 = mulhi_u(m1, c2), low1 = m1 * c2;
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = k0 + weyl0;
      k1 = k1 + weyl1;
    }
    c0.store(out.w[0] + lane);
    c1.store(out.w[1] + lane);
    c2.store(out.w[2] + lane);
    c3.store(out.w[3] + lane);
  }
}

/// Coefficients of the series of sin(pi/2 f) / f (kOdd) or cos(pi/2 f) in f^2: (-1)^i (pi/2)^k / k!, k = 2i (+ 1).
template <class T, bool kOdd>
struct TurnSeries {
  /// On |f| <= 1/2 the first term left out is below 2^-32 (float32: x^11/11!, x^12/12!), 2^-58 (float64: x^19/19!,
  /// x^18/18!).
  static constexpr size_t kTerms = sizeof(T) == 8 ? 9 : kOdd ? 5 : 6;
  T c[kTerms];
  constexpr TurnSeries() : c{} {
    constexpr double kQuarter = 1.57079632679489661923;
    double term = kOdd ? kQuarter : 1;
    double k = kOdd ? 1 : 0;
    for (T& coefficient : c) {
      coefficient = static_cast<T>(term);
      term *= -kQuarter * kQuarter / ((k + 1) * (k + 2));
      k += 2;
    }
  }
};

template <class V, bool kOdd>
GRADSMITH_INLINE V turn_series(V f2) {
  static constexpr TurnSeries<typename V::T, kOdd> kSeries;
  V y = V::splat(kSeries.c[kSeries.kTerms - 1]);
  for (size_t i = kSeries.kTerms - 1; i-- > 0;) y = fma(y, f2, V::splat(kSeries.c[i]));
  return y;
}

/// sin(2 pi u) and cos(2 pi u) for 0 <= u < 1: the quarter turn is taken off exactly. Error: at most 2 ulp of 1.
template <class V>
GRADSMITH_INLINE void sincos_turn(V u, V& sine, V& cosine) {
  using T = typename V::T;
  using Int = typename V::Int;
  constexpr int kBits = 8 * sizeof(T);
  const V turns = u * V::splat(T(4));
  const V nearest = round(turns);
  const V f = turns - nearest, f2 = f * f;
  const V s = f * turn_series<V, true>(f2), c = turn_series<V, false>(f2);
  const Int quarter = simd::round_to_int(nearest);
  const auto swap = mask_of(shl<kBits - 1>(quarter));
  const Int two = Int::splat(2), one = Int::splat(1);
  sine = V::from_bits(bits(select(swap, c, s)) ^ shl<kBits - 2>(quarter & two));
  cosine = V::from_bits(bits(select(swap, s, c)) ^ shl<kBits - 2>((quarter + one) & two));
}

/// Box-Muller: two independent standard normals from u in (0, 1] and a turn v in [0, 1).
template <class V>
GRADSMITH_INLINE void box_muller(V u, V v, typename V::T* first, typename V::T* second) {
  using T = typename V::T;
  const V r = sqrt(V::splat(T(-2)) * log(u));
  V sine, cosine;
  sincos_turn(v, sine, cosine);
  (r * cosine).store(first);
  (r * sine).store(second);
}

}  // namespace gradsmith::kernels
