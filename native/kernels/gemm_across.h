// Products computed across: tiles of the transposed one, whose vectors run along m. Its rows are columns of B, its
// panels rows of A; a tile takes all terms at once and is turned as it is stored.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_panel.h"
#include "kernels/gemm_part.h"
#include "kernels/gemm_tile.h"

namespace gradsmith::kernels {

/// Columns [n0, n1) of B as rows of tiles find them, into `to`.
template <class T, class Isa, GemmMode kMode>
void pack_across(const GemmView<T>& g, ptrdiff_t n0, ptrdiff_t n1, T* to) {
  for_tile_rows<Isa>(n1 - n0, [&](ptrdiff_t i, int rows) {
    pack<T, Isa, kMode>(g.b + (n0 + i) * g.b_col, g.b_col, g.b_row, rows, g.k, to + i * entries_of<T, Isa, kMode>(g.k),
                        rows);
  });
}

/// A block's rows times columns [n0, n1) of B; `memory` begins with what pack_across left, if the piece packs:
/// store(sums, elements from row to row, columns of B, rows of A, row of the part, column of the part).
template <class T, class Isa, GemmMode kMode, class Store>
GRADSMITH_INLINE void tiles_across(const GemmPiece& p, const GemmView<T>& g, const GemmBlock& b, ptrdiff_t n0,
                                   ptrdiff_t n1, T* memory, Store store) {
  using Shape = TileShape<Isa>;
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  const ptrdiff_t entries = entries_of<T, Isa, kMode>(g.k);
  T* const packed_a = memory;
  T* const packed_b = memory + (p.pack_a ? ((n1 - n0) * entries + kLanes + 63) / 64 * 64 : 0);
  const int most = most_vectors<Isa>(std::min<ptrdiff_t>(n1 - n0, Shape::kMaxRows));
  TileArgs<T> args;
  args.k = entries;
  args.from = nullptr;
  args.alpha = T(1);
  args.add = false;
  args.to_last = static_cast<size_t>(kLanes);
  int vectors;
  for (ptrdiff_t i = b.i0; i < b.i1; i += vectors * kLanes) {
    vectors = panel_vectors<T, Isa>(b.i1 - i, most, p.pack_b, n1 - n0);
    const ptrdiff_t width = std::min<ptrdiff_t>(vectors * kLanes, b.i1 - i);
    set_panel<T, Isa, kMode>(args, g.a + i * g.a_row, g.a_col, g.a_row, width, g.k, vectors, p.pack_b, packed_b, false);
    for_tile_rows<Isa>(n1 - n0, [&](ptrdiff_t q, int rows) {
      alignas(64) T sums[Shape::kMaxAccumulators * kLanes];
      args.a = p.pack_a ? packed_a + q * entries : g.b + (n0 + q) * g.b_col;
      args.a_row = p.pack_a ? 1 : g.b_col;
      args.a_col = p.pack_a ? rows : g.b_row;
      args.next_a = args.a;
      args.next_b = args.b;
      args.to = sums;
      args.to_row = vectors * kLanes;
      args.next_c = sums;
      tile_kernel<T, Isa>(args, rows, vectors)(args);
      store(sums, vectors * kLanes, rows, width, i, n0 + q);
    });
  }
}

}  // namespace gradsmith::kernels
