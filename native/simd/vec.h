// Vec<T, Isa>: one SIMD register of T on one ISA level. Kernels are templates over it, so one text serves every level.
//
// Every operation is correctly rounded and nothing is reassociated, so a kernel without reductions across lanes gives
// the same bits on every level (which NaN comes out of an operation on NaNs is the exception: its sign and payload are
// the CPU's business). The tag in each type's name keeps the linker from mixing code of different levels; an isa/*.cc
// file uses its own tag only.
//
//   load(p) load_partial(p, n)     unaligned; partial touches n lanes only (0 <= n <= kLanes), the others read 0
//   splat(x) zero()
//   v.store(p) v.store_partial(p, n)
//   + - * / -v fma(a, b, c) = a·b + c, fnma(a, b, c) = c - a·b, sqrt abs
//   min(a, b) = a < b ? a : b and max(a, b) = a > b ? a : b: b where either is NaN; min_nan and max_nan: NaN where
//   either is
//   == != < <= > >=                give a Mask (IEEE: NaN is unequal to all); & | ^ ~ any(m) all(m) select(m, a, b)
//   round(x)                       to the nearest integer, ties to even
//   bits(x) from_bits(i)           the same bits as integer lanes of the same width (V::Int), and back
//   shl<N> shr<N> sra<N>           of integer lanes: shr brings in zeros, sra the sign
//   lanes_of(m) mask_of(i)         a mask as integer lanes 0 / -1, and back (the lane's sign bit counts)
//   reduce_add reduce_max reduce_min  over lanes: lane i with lane i + n/2, then again, down to one (reduce_max/min:
//   NaN as max/min)
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#define GRADSMITH_INLINE inline __attribute__((always_inline))

namespace gradsmith::simd {

struct Scalar {
  static constexpr const char* kName = "scalar";
};
struct Avx2 {
  static constexpr const char* kName = "avx2";
};
struct Avx512 {
  static constexpr const char* kName = "avx512";
};
/// AVX-512 with AVX512_BF16: a tag for kernels, which work in vectors of Avx512.
struct Avx512Bf16 {
  static constexpr const char* kName = "avx512bf16";
};
/// The same with AMX_BF16.
struct Avx512Amx {
  static constexpr const char* kName = "avx512amx";
};
struct Neon {
  static constexpr const char* kName = "neon";
};

/// T is float, double, int32_t or int64_t (the last only as the integer view of double: no multiplication).
template <class T, class Isa>
struct Vec;

/// One truth value per lane of kBits bits; shared by the float and the integer vector of that width.
template <class Isa, int kBits>
struct LaneMask;

/// 1.5 · 2^(mantissa bits): adding it rounds to an integer and leaves that integer in the low bits.
template <class T>
inline constexpr T kRounder = T(sizeof(T) == 4 ? 12582912.0 : 6755399441055744.0);

template <class V>
GRADSMITH_INLINE V min_nan(V a, V b) {
  return select(a != a, a, min(a, b));
}
template <class V>
GRADSMITH_INLINE V max_nan(V a, V b) {
  return select(a != a, a, max(a, b));
}

/// x rounded to the nearest integer, as integer lanes. |x| < 2^22 (float), 2^51 (double).
template <class V>
GRADSMITH_INLINE typename V::Int round_to_int(V x) {
  const V magic = V::splat(kRounder<typename V::T>);
  return bits(x + magic) - bits(magic);
}
/// Integer lanes as V, exact for |i| < 2^22 (float), 2^51 (double).
template <class V>
GRADSMITH_INLINE V small_int_to(typename V::Int i) {
  const V magic = V::splat(kRounder<typename V::T>);
  return V::from_bits(bits(magic) + i) - magic;
}

/// 2^n for n in the exponent range of normal numbers.
template <class V>
GRADSMITH_INLINE V exp2_int(typename V::Int n) {
  constexpr bool kSingle = sizeof(typename V::T) == 4;
  return V::from_bits(shl < kSingle ? 23 : 52 > (n + V::Int::splat(kSingle ? 127 : 1023)));
}
/// x · 2^n, rounded once (also into the denormals) for x near 1 and |n| < 250 (float), 2000 (double).
template <class V>
GRADSMITH_INLINE V scale2(V x, typename V::Int n) {
  const typename V::Int half = sra<1>(n);
  return x * exp2_int<V>(half) * exp2_int<V>(n - half);
}

}  // namespace gradsmith::simd
