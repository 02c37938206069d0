// Copying operands into panels that a tile reads front to back. Transposes end here.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_tile.h"
#include "kernels/gemm_transpose.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// Rows of a matrix this far ahead are asked for while a panel is copied: a step from row to row is more than the CPU
/// foresees.
inline constexpr ptrdiff_t kAhead = 16;

/// to[p·to_row + i] = from[i·row + p·column] for i < count, p < k. to_row >= count.
/// Writes whole vectors, so up to a vector beyond each row: that is the start of the next, which is written later, and
/// `to` has room for a vector more than it seems to need.
template <class T, class Isa>
void pack(const T* from, ptrdiff_t row, ptrdiff_t column, ptrdiff_t count, ptrdiff_t k, T* to, ptrdiff_t to_row) {
  using V = simd::Vec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  if (row == 1) {
    if (count == 2 * kLanes) {
      for (ptrdiff_t p = 0; p < k; p++) {
        const T* row_p = from + p * column;
        prefetch(row_p + kAhead * column);
        prefetch(row_p + kAhead * column + kLanes);
        const V x = V::load(row_p), y = V::load(row_p + kLanes);
        x.store(to + p * to_row);
        y.store(to + p * to_row + kLanes);
      }
      return;
    }
    for (ptrdiff_t p = 0; p < k; p++) {
      const T* row_p = from + p * column;
      T* to_p = to + p * to_row;
      prefetch(row_p + kAhead * column);
      ptrdiff_t i = 0;
      for (; i + kLanes <= count; i += kLanes) V::load(row_p + i).store(to_p + i);
      if (i < count) V::load_partial(row_p + i, static_cast<size_t>(count - i)).store(to_p + i);
    }
  } else if (column == 1) {
    // What a row's last block writes too much is the next row's first block, which must come later.
    for (ptrdiff_t p = 0; p < k; p += kLanes) {
      for (ptrdiff_t i = (count - 1) / kLanes * kLanes; i >= 0; i -= kLanes) {
        turn<T, Isa>(from + i * row + p, row, std::min(kLanes, count - i), std::min(kLanes, k - p), to + p * to_row + i,
                     to_row);
      }
    }
  } else {
    for (ptrdiff_t p = 0; p < k; p++) {
      for (ptrdiff_t i = 0; i < count; i++) to[p * to_row + i] = from[i * row + p * column];
    }
  }
}

/// Columns of B, `width` of them, as k rows of `vectors` vectors; lanes beyond `width` hold something.
template <class T, class Isa>
void pack_columns(const T* b, ptrdiff_t b_row, ptrdiff_t b_col, ptrdiff_t width, ptrdiff_t k, T* to,
                  ptrdiff_t vectors) {
  using V = simd::Vec<T, Isa>;
  const ptrdiff_t stride = vectors * static_cast<ptrdiff_t>(V::kLanes);
  if (width < stride && b_row != 1 && b_col != 1) {
    for (ptrdiff_t p = 0; p < k; p++) V::zero().store(to + (p + 1) * stride - static_cast<ptrdiff_t>(V::kLanes));
  }
  pack<T, Isa>(b, b_col, b_row, width, k, to, stride);
}

/// All of B's panels two vectors wide at once, `panel` elements apart; a last one of up to one vector is that wide. Row
/// by row, since B is read in the order it lies in.
template <class T, class Isa>
void pack_panels(const T* b, ptrdiff_t b_row, ptrdiff_t columns, ptrdiff_t k, T* to, ptrdiff_t panel) {
  using V = simd::Vec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  const ptrdiff_t whole = columns / (2 * kLanes), rest = columns % (2 * kLanes);
  T* const last = to + whole * panel;
  const ptrdiff_t last_row = rest > kLanes ? 2 * kLanes : kLanes;
  for (ptrdiff_t p = 0; p < k; p++, b += b_row) {
    T* at = to + p * 2 * kLanes;
    const T* from = b;
    for (ptrdiff_t q = 0; q < whole; q++, at += panel, from += 2 * kLanes) {
      prefetch(from + 2 * b_row);
      prefetch(from + 2 * b_row + kLanes);
      const V x = V::load(from), y = V::load(from + kLanes);
      x.store(at);
      y.store(at + kLanes);
    }
    if (rest == 0) continue;
    at = last + p * last_row;
    if (rest > kLanes) {
      V::load(from).store(at);
      V::load_partial(from + kLanes, static_cast<size_t>(rest - kLanes)).store(at + kLanes);
    } else {
      V::load_partial(from, static_cast<size_t>(rest)).store(at);
    }
  }
}

}  // namespace gradsmith::kernels
