// Copying operands into panels that a tile reads front to back. Transposes end here.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_transpose.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// to[p·to_row + i] = from[i·row + p·column] for i < count, p < k. to_row >= count; nothing else is written.
template <class T, class Isa>
void pack(const T* from, ptrdiff_t row, ptrdiff_t column, ptrdiff_t count, ptrdiff_t k, T* to, ptrdiff_t to_row) {
  using V = simd::Vec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  if (row == 1) {
    ptrdiff_t i = 0;
    for (; i + 2 * kLanes <= count; i += 2 * kLanes) {
      for (ptrdiff_t p = 0; p < k; p++) {
        const V x = V::load(from + p * column + i), y = V::load(from + p * column + i + kLanes);
        x.store(to + p * to_row + i);
        y.store(to + p * to_row + i + kLanes);
      }
    }
    for (; i < count; i += kLanes) {
      const auto n = static_cast<size_t>(std::min(kLanes, count - i));
      for (ptrdiff_t p = 0; p < k; p++) V::load_partial(from + p * column + i, n).store_partial(to + p * to_row + i, n);
    }
  } else if (column == 1) {
    for (ptrdiff_t i = 0; i < count; i += kLanes) {
      for (ptrdiff_t p = 0; p < k; p += kLanes) {
        transpose_part<T, Isa>(from + i * row + p, row, std::min(kLanes, count - i), std::min(kLanes, k - p),
                               to + p * to_row + i, to_row);
      }
    }
  } else {
    for (ptrdiff_t p = 0; p < k; p++) {
      for (ptrdiff_t i = 0; i < count; i++) to[p * to_row + i] = from[i * row + p * column];
    }
  }
}

/// Columns of B, `width` of them, as k rows of `vectors` vectors; lanes beyond `width` are 0.
template <class T, class Isa>
void pack_columns(const T* b, ptrdiff_t b_row, ptrdiff_t b_col, ptrdiff_t width, ptrdiff_t k, T* to,
                  ptrdiff_t vectors) {
  using V = simd::Vec<T, Isa>;
  const ptrdiff_t stride = vectors * static_cast<ptrdiff_t>(V::kLanes);
  if (width < stride) {
    for (ptrdiff_t p = 0; p < k; p++) V::zero().store(to + (p + 1) * stride - static_cast<ptrdiff_t>(V::kLanes));
  }
  pack<T, Isa>(b, b_col, b_row, width, k, to, stride);
}

}  // namespace gradsmith::kernels
