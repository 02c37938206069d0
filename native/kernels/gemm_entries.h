// How operands come from memory into registers: as they are, or rounded to bfloat16.
//
// An *entry* is an element of a panel. It holds one term of k, or two where the CPU multiplies and adds pairs of
// bfloat16 (VDPBF16PS): the terms 2p and 2p + 1, each of 16 bits, in the place of a float. Tiles and dot products count
// in entries and are the same code for both.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "simd/vec.h"

namespace gradsmith::kernels {

enum class GemmMode {
  kPlain,
  kRounded,  // float, each operand rounded to the nearest bfloat16
  kPaired,   // the same, two terms in an entry
};

/// The registers a tag's kernels work in. A level that only multiplies in another way has those of the level below.
template <class Isa>
struct GemmRegisters {
  using Tag = Isa;
};
template <class T, class Isa>
using GemmVec = simd::Vec<T, typename GemmRegisters<Isa>::Tag>;

/// The nearest bfloat16, ties to even, as a float. NaN stays NaN.
template <class V>
GRADSMITH_INLINE V round_to_bf16(V x) {
  using I = typename V::Int;
  const I u = bits(x), high = I::splat(static_cast<int32_t>(0xFFFF0000));
  const I rounded = (u + I::splat(0x7FFF) + (shr<16>(u) & I::splat(1))) & high;
  return select(x != x, V::from_bits((u | I::splat(0x00400000)) & high), V::from_bits(rounded));
}
GRADSMITH_INLINE uint32_t round_bits_to_bf16(float x) {
  uint32_t u;
  std::memcpy(&u, &x, sizeof u);
  return ((x != x ? u | 0x00400000u : u + 0x7FFFu + (u >> 16 & 1u)) & 0xFFFF0000u);
}

/// along(p): entries of as many terms as a vector holds, side by side in memory; the first `count` terms exist, others
/// are 0. across(p, step): an entry for each of a vector's lanes, whose elements are side by side; the next term is
/// `step` elements on, and `terms` exist. one: the same of one lane. copied(p): as along, from elements that were
/// rounded before and are kept in 16 bits each.
template <class T, class Isa, GemmMode kMode>
struct Entries {
  using V = GemmVec<T, Isa>;
  static constexpr ptrdiff_t kTerms = 1;
  static GRADSMITH_INLINE V along(const T* p) { return rounded(V::load(p)); }
  static GRADSMITH_INLINE V along(const T* p, size_t count) { return rounded(V::load_partial(p, count)); }
  static GRADSMITH_INLINE V across(const T* p, ptrdiff_t) { return rounded(V::load(p)); }
  static GRADSMITH_INLINE V across(const T* p, ptrdiff_t, size_t lanes, ptrdiff_t) {
    return rounded(V::load_partial(p, lanes));
  }
  static GRADSMITH_INLINE V copied(const uint16_t* p) { return V::from_bits(shl<16>(V::Int::load_u16(p))); }
  static GRADSMITH_INLINE T one(const T* p, ptrdiff_t, ptrdiff_t) {
    if constexpr (kMode == GemmMode::kPlain) return *p;
    const uint32_t u = round_bits_to_bf16(static_cast<float>(*p));
    float x;
    std::memcpy(&x, &u, sizeof x);
    return x;
  }

 private:
  static GRADSMITH_INLINE V rounded(V x) {
    if constexpr (kMode == GemmMode::kPlain) return x;
    return round_to_bf16(x);
  }
};

template <class T, class Isa, GemmMode kMode>
constexpr ptrdiff_t entries_of(ptrdiff_t terms) {
  constexpr ptrdiff_t kTerms = Entries<T, Isa, kMode>::kTerms;
  return (terms + kTerms - 1) / kTerms;
}

}  // namespace gradsmith::kernels
