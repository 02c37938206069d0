// How a product is cut into tiles, and which panel of B a tile reads: how wide it is, and whether it lies in place or
// is packed.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_pack.h"
#include "kernels/gemm_tile.h"

namespace gradsmith::kernels {

/// Vectors of a tile of so many rows.
template <class Isa>
GRADSMITH_INLINE int most_vectors(ptrdiff_t rows) {
  using Shape = TileShape<Isa>;
  return rows <= Shape::kLowRows ? 8 : rows <= Shape::kMidRows ? 4 : 2;
}

/// f(first row, rows) for each row of tiles. Balanced: 64 rows are 4 tiles of 13 and one of 12, not 4 of 14 and one
/// of 8.
template <class Isa, class F>
GRADSMITH_INLINE void for_tile_rows(ptrdiff_t m, F f) {
  const ptrdiff_t count = (m + TileShape<Isa>::kMaxRows - 1) / TileShape<Isa>::kMaxRows;
  const ptrdiff_t small = m / count, bigger = m % count;
  ptrdiff_t i = 0;
  for (ptrdiff_t q = 0; q < count; q++) {
    const int rows = static_cast<int>(small + (q < bigger ? 1 : 0));
    f(i, rows);
    i += rows;
  }
}

/// How many vectors wide the next panel is, `left` columns from the end. Where parts of vectors are not loaded from B
/// itself, a panel with a ragged last vector is packed, once for all rows of tiles: so its width must not depend on
/// how many rows one of them has. `rows` are all that use it; if they are few, it has a vector only.
template <class T, class Isa>
GRADSMITH_INLINE int panel_vectors(ptrdiff_t left, int most, bool packed, ptrdiff_t rows) {
  using Shape = TileShape<Isa>;
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  const ptrdiff_t whole = left / kLanes, all = (left + kLanes - 1) / kLanes;
  const bool with_rest = packed || Shape::kMaskedLoads || (whole < 2 && rows > Shape::kMidRows);
  const ptrdiff_t vectors = with_rest ? all : std::max<ptrdiff_t>(whole, 1);
  int width = most;
  while (width > vectors) width /= 2;
  return width;
}

/// A panel of `columns` columns of a matrix as the tiles' operand: in place, or packed into `to`, now or (`done`)
/// earlier.
template <class T, class Isa, GemmMode kMode>
GRADSMITH_INLINE void set_panel(TileArgs<T>& args, const T* from, ptrdiff_t row, ptrdiff_t column, ptrdiff_t columns,
                                ptrdiff_t k, int vectors, bool packed, T* to, bool done) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  if (packed || (columns < vectors * kLanes && !TileShape<Isa>::kMaskedLoads)) {
    if (!done) pack_columns<T, Isa, kMode>(from, row, column, columns, k, to, vectors);
    args.b = to;
    args.b_row = vectors * kLanes;
    args.last = static_cast<size_t>(kLanes);
  } else {
    args.b = from;
    args.b_row = row;
    args.last = static_cast<size_t>(columns - (vectors - 1) * kLanes);
  }
}

}  // namespace gradsmith::kernels
