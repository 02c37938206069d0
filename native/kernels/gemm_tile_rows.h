// Where a tile finds its rows of A: element (i, k) at row(i)[0] once `step` has been taken k times.
#pragma once
#include <cstddef>

#include "kernels/gemm_unroll.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// Rows of A by one or two base pointers and three strides (1, 3 and 5 rows: what scaled addresses reach is 0 … 6),
/// since a register for each of 14 rows is more than there are.
template <class T, int kRows, bool kUnitRows>
struct StridedRows {
  static constexpr bool kInPlace = false;
  const char* low;
  const char* high;
  ptrdiff_t one, three, five;
  GRADSMITH_INLINE StridedRows(const T* a, ptrdiff_t a_row)
      : low(reinterpret_cast<const char*>(a)),
        high(reinterpret_cast<const char*>(kRows > 7 ? a + 7 * a_row : a)),
        one(a_row * static_cast<ptrdiff_t>(sizeof(T))),
        three(3 * one),
        five(5 * one) {
#if defined(__GNUC__)
    if constexpr (!kUnitRows && kRows > 3) asm("" : "+r"(three));  // keeps the compiler from undoing the above
    if constexpr (!kUnitRows && kRows > 5) asm("" : "+r"(five));
    if constexpr (!kUnitRows && kRows > 7) asm("" : "+r"(high));
#endif
  }
  GRADSMITH_INLINE const T* row(int i) const {
    if constexpr (kUnitRows) return reinterpret_cast<const T*>(low) + i;
    const char* base = i < 7 ? low : high;
    switch (i % 7) {
      case 0:
        return reinterpret_cast<const T*>(base);
      case 1:
        return reinterpret_cast<const T*>(base + one);
      case 2:
        return reinterpret_cast<const T*>(base + 2 * one);
      case 3:
        return reinterpret_cast<const T*>(base + three);
      case 4:
        return reinterpret_cast<const T*>(base + 4 * one);
      case 5:
        return reinterpret_cast<const T*>(base + five);
      default:
        return reinterpret_cast<const T*>(base + 2 * three);
    }
  }
  GRADSMITH_INLINE void step(ptrdiff_t bytes) {
    low += bytes;
    if constexpr (!kUnitRows && kRows > 7) high += bytes;
#if defined(__GNUC__)
    // An address it cannot follow: g++ 12 vectorises the scalar level's loop over k by loading a step too many, which
    // may lie on a page that is not ours.
    asm("" : "+r"(low));
#endif
  }
};

/// Rows of A by a pointer each, for tiles of few rows: a load whose address is a sum of registers costs more than one
/// from a pointer. (On Zen 3, tiles with such loads took a fifth longer in busy moments, and as long in quiet ones.)
template <class T, int kRows>
struct SeparateRows {
  /// Pointers and sums take nearly all registers there are: products are to be added where a sum is.
  static constexpr bool kInPlace = true;
  const char* at[kRows];
  GRADSMITH_INLINE SeparateRows(const T* a, ptrdiff_t a_row) {
    GRADSMITH_UNROLL(8)
    for (int i = 0; i < kRows; i++) at[i] = reinterpret_cast<const char*>(a + i * a_row);
  }
  GRADSMITH_INLINE const T* row(int i) const { return reinterpret_cast<const T*>(at[i]); }
  GRADSMITH_INLINE void step(ptrdiff_t bytes) {
    GRADSMITH_UNROLL(8)
    for (int i = 0; i < kRows; i++) {
      at[i] += bytes;
#if defined(__GNUC__)
      asm("" : "+r"(at[i]));  // keeps the compiler from making one pointer and sums of them
#endif
    }
  }
};

}  // namespace gradsmith::kernels
