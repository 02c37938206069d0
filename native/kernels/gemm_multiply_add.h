// What all products are made of: a term added to a sum.
#pragma once
#include <type_traits>

#include "simd/vec.h"
#if defined(__AVX2__) && !defined(__AVX512F__)
#include "simd/vec_avx2.h"
#endif

namespace gradsmith::kernels {

/// a·b + c, rounded once where the CPU can do so in one instruction. gemm_pairs_avx512.h has that of pairs.
template <class Isa>
struct MultiplyAdd {
  template <class V>
  static GRADSMITH_INLINE V run(V a, V b, V c) {
    if constexpr (Isa::kName[0] == 's') {
      return a * b + c;
    } else {
      return fma(a, b, c);
    }
  }
};

/// sum += a·b; kInPlace: in the register where it is, whatever else the compiler could do.
template <class Isa, bool kInPlace, class V>
GRADSMITH_INLINE void add_product(V& sum, V a, V b) {
#if defined(__AVX2__) && !defined(__AVX512F__) && defined(__GNUC__) && !defined(__clang__)
  // Of the instruction's three forms, g++ 12 takes those that overwrite a factor, too; then 12 sums and their factors
  // want more than 16 registers, and in the middle of a tile a sum waits in memory.
  if constexpr (kInPlace && std::is_same_v<Isa, simd::Avx2>) {
    if constexpr (sizeof(typename V::T) == 4) {
      asm("vfmadd231ps %2, %1, %0" : "+x"(sum.v) : "x"(a.v), "x"(b.v));
    } else {
      asm("vfmadd231pd %2, %1, %0" : "+x"(sum.v) : "x"(a.v), "x"(b.v));
    }
    return;
  }
#endif
  sum = MultiplyAdd<Isa>::run(a, b, sum);
}

}  // namespace gradsmith::kernels
