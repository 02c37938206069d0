// Copying operands into panels that a tile reads front to back. Transposes end here.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_tile.h"
#include "kernels/gemm_transpose.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// `pack` of two terms a row, rows without gaps. The last block first, for the same reason.
template <class T, class Isa>
GRADSMITH_INLINE void pack_pairs(const T* from, ptrdiff_t count, T* to, ptrdiff_t to_row) {
  using V = GemmVec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  ptrdiff_t i = count / kLanes * kLanes;
  if (i < count) turn<T, Isa>(from + 2 * i, 2, count - i, 2, to + i, to_row);
  while ((i -= kLanes) >= 0) {
    V x, y;
    Pairs<T, Isa>::split(V::load(from + 2 * i), V::load(from + 2 * i + kLanes), x, y);
    x.store(to + i);
    y.store(to + to_row + i);
  }
}

/// to[p·to_row + i] = entry p of row i, for `count` rows of k terms: element (i, p) is from[i·row + p·column].
/// to_row >= count. Writes whole vectors, so up to a vector beyond each row: that is the start of the next, which is
/// written later, and `to` has room for a vector more than it seems to need. Of neighbouring rows, `readable` may be
/// read.
template <class T, class Isa, GemmMode kMode>
void pack(const T* from, ptrdiff_t row, ptrdiff_t column, ptrdiff_t count, ptrdiff_t k, T* to, ptrdiff_t to_row,
          ptrdiff_t readable = 0) {
  using V = GemmVec<T, Isa>;
  using E = Entries<T, Isa, kMode>;
  constexpr ptrdiff_t kLanes = V::kLanes, kTerms = E::kTerms;
  const ptrdiff_t whole = k / kTerms, entries = entries_of<T, Isa, kMode>(k), step = kTerms * column;
  // Tiles of few registers have nearly a vector of rows: to read all of it is cheaper than a mask.
  constexpr bool kWhole = kTerms == 1 && !TileShape<Isa>::kManyRegisters;
  if (kWhole && row == 1 && count <= kLanes && readable >= kLanes) {
    for (; k > 0; k--, from += column, to += to_row) E::across(from, column).store(to);
  } else if (row == 1) {
    for (ptrdiff_t p = 0; p < entries; p++) {
      const T* row_p = from + p * step;
      T* to_p = to + p * to_row;
      for (ptrdiff_t t = 0; t < kTerms; t++) prefetch(row_p + kAhead * step + t * column);
      ptrdiff_t i = 0;
      if (p < whole) {
        if (count == 2 * kLanes) {
          for (ptrdiff_t t = 0; t < kTerms; t++) prefetch(row_p + kAhead * step + t * column + kLanes);
          const V x = E::across(row_p, column), y = E::across(row_p + kLanes, column);
          x.store(to_p);
          y.store(to_p + kLanes);
          continue;
        }
        for (; i + kLanes <= count; i += kLanes) E::across(row_p + i, column).store(to_p + i);
      }
      for (; i < count; i += kLanes) {
        E::across(row_p + i, column, static_cast<size_t>(std::min(kLanes, count - i)), p < whole ? kTerms : 1)
            .store(to_p + i);
      }
    }
  } else if (column == 1) {
    if constexpr (kMode == GemmMode::kPlain && Pairs<T, Isa>::kHas) {
      if (row == 2 && k == 2) return pack_pairs<T, Isa>(from, count, to, to_row);
    }
    // What a row's last block writes too much is the next row's first block, which must come later.
    for (ptrdiff_t p = 0; p < k; p += kLanes * kTerms) {
      for (ptrdiff_t i = (count - 1) / kLanes * kLanes; i >= 0; i -= kLanes) {
        turn<T, Isa, kMode>(from + i * row + p, row, std::min(kLanes, count - i), std::min(kLanes * kTerms, k - p),
                            to + p / kTerms * to_row + i, to_row);
      }
    }
  } else {
    for (ptrdiff_t p = 0; p < entries; p++) {
      for (ptrdiff_t i = 0; i < count; i++) {
        to[p * to_row + i] = E::one(from + i * row + p * step, column, p < whole ? kTerms : 1);
      }
    }
  }
}

/// Asks for the lines of `rows` rows of k terms, which are to be packed soon: the share [from, to) of `whole`.
template <class T>
void ask_for_rows(const T* a, ptrdiff_t row, ptrdiff_t column, ptrdiff_t rows, ptrdiff_t k, ptrdiff_t from,
                  ptrdiff_t to, ptrdiff_t whole) {
  constexpr ptrdiff_t kLine = 64 / static_cast<ptrdiff_t>(sizeof(T));
  if (column == 1) {
    const ptrdiff_t lines = (k + kLine - 1) / kLine, all = rows * lines;
    for (ptrdiff_t q = all * from / whole; q < all * to / whole; q++) prefetch(a + q / lines * row + q % lines * kLine);
  } else {
    for (ptrdiff_t p = k * from / whole; p < k * to / whole; p++) prefetch(a + p * column);
  }
}

/// Rows of k contiguous terms as rows of entries: to[i·to_row + p]. Writes whole vectors; to_row has room for them.
template <class T, class Isa, GemmMode kMode>
void pack_rows(const T* from, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k, T* to, ptrdiff_t to_row) {
  using E = Entries<T, Isa, kMode>;
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes, kStep = kLanes * E::kTerms;
  for (ptrdiff_t i = 0; i < rows; i++, from += row, to += to_row) {
    ptrdiff_t p = 0;
    for (; p + kStep <= k; p += kStep) E::along(from + p).store(to + p / E::kTerms);
    if (p < k) E::along(from + p, static_cast<size_t>(k - p)).store(to + p / E::kTerms);
  }
}

/// Columns of B, `width` of them, as rows of `vectors` vectors of entries; lanes beyond `width` hold something.
template <class T, class Isa, GemmMode kMode>
void pack_columns(const T* b, ptrdiff_t b_row, ptrdiff_t b_col, ptrdiff_t width, ptrdiff_t k, T* to,
                  ptrdiff_t vectors) {
  using V = GemmVec<T, Isa>;
  const ptrdiff_t stride = vectors * static_cast<ptrdiff_t>(V::kLanes);
  if (width < stride && b_row != 1 && b_col != 1) {
    for (ptrdiff_t p = 0; p < entries_of<T, Isa, kMode>(k); p++) {
      V::zero().store(to + (p + 1) * stride - static_cast<ptrdiff_t>(V::kLanes));
    }
  }
  pack<T, Isa, kMode>(b, b_col, b_row, width, k, to, stride);
}

/// pack_panels of a matrix whose rows are contiguous: row by row, since B is read in the order it lies in.
template <class T, class Isa, GemmMode kMode>
void pack_panels_by_rows(const T* b, ptrdiff_t b_row, ptrdiff_t columns, ptrdiff_t k, T* to, ptrdiff_t panel) {
  using V = GemmVec<T, Isa>;
  using E = Entries<T, Isa, kMode>;
  constexpr ptrdiff_t kLanes = V::kLanes, kTerms = E::kTerms;
  const ptrdiff_t whole = columns / (2 * kLanes), rest = columns % (2 * kLanes);
  T* const last = to + whole * panel;
  const ptrdiff_t last_row = rest > kLanes ? 2 * kLanes : kLanes;
  const ptrdiff_t entries = entries_of<T, Isa, kMode>(k);
  for (ptrdiff_t p = 0; p < entries; p++, b += kTerms * b_row) {
    T* at = to + p * 2 * kLanes;
    const T* from = b;
    const ptrdiff_t terms = std::min(kTerms, k - p * kTerms);
    if (terms == kTerms) {
      for (ptrdiff_t q = 0; q < whole; q++, at += panel, from += 2 * kLanes) {
        for (ptrdiff_t t = 0; t < kTerms; t++) {
          prefetch(from + (2 + t) * b_row);
          prefetch(from + (2 + t) * b_row + kLanes);
        }
        const V x = E::across(from, b_row), y = E::across(from + kLanes, b_row);
        x.store(at);
        y.store(at + kLanes);
      }
    } else {
      for (ptrdiff_t q = 0; q < whole; q++, at += panel, from += 2 * kLanes) {
        E::across(from, b_row, V::kLanes, terms).store(at);
        E::across(from + kLanes, b_row, V::kLanes, terms).store(at + kLanes);
      }
    }
    if (rest == 0) continue;
    at = last + p * last_row;
    if (rest > kLanes) {
      E::across(from, b_row, V::kLanes, terms).store(at);
      E::across(from + kLanes, b_row, static_cast<size_t>(rest - kLanes), terms).store(at + kLanes);
    } else {
      E::across(from, b_row, static_cast<size_t>(rest), terms).store(at);
    }
  }
}

/// All of B's panels two vectors wide at once, `panel` elements apart; a last one of up to one vector is that wide.
template <class T, class Isa, GemmMode kMode>
void pack_panels(const T* b, ptrdiff_t b_row, ptrdiff_t b_col, ptrdiff_t columns, ptrdiff_t k, T* to, ptrdiff_t panel) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes, kWide = 2 * kLanes;
  if (b_col == 1) return pack_panels_by_rows<T, Isa, kMode>(b, b_row, columns, k, to, panel);
  for (ptrdiff_t j = 0; j < columns; j += kWide, to += panel) {
    const ptrdiff_t width = std::min(kWide, columns - j);
    pack_columns<T, Isa, kMode>(b + j * b_col, b_row, b_col, width, k, to, width > kLanes ? 2 : 1);
  }
}

}  // namespace gradsmith::kernels
