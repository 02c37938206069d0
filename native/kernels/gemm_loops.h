// The loops around the register tiles and the dot products, for one product without batch.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm.h"
#include "kernels/gemm_dot.h"
#include "kernels/gemm_finish.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_tile.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// One product without batch, in the orientation it is computed in. For the transposed product (`across`) element (i,
/// j) lies at c[j·c_row + i], else at c[i·c_row + j].
template <class T>
struct GemmView {
  ptrdiff_t m, n, k;
  const T* a;
  ptrdiff_t a_row, a_col;
  const T* b;
  ptrdiff_t b_row, b_col;
  T* c;
  ptrdiff_t c_row;
  const T* bias;  // along C's columns, or null
  T alpha;
  bool accumulate;
  Activation activation;
  bool across;
};

/// The loops of one view; everything is reached through `this` so that the loops stay readable.
template <class T, class Isa>
struct GemmRunner {
  using V = simd::Vec<T, Isa>;
  using Shape = TileShape<Isa>;
  static constexpr ptrdiff_t kLanes = V::kLanes;

  const GemmView<T>& g;

  /// Sums of a block of k (the first: `first`, the last: `final`) at (i, j), by way of a buffer.
  GRADSMITH_INLINE void store_sums(const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t i,
                                   ptrdiff_t j, bool first, bool final) const {
    const T* bias = final && g.bias ? g.bias + (g.across ? i : j) : nullptr;
    const Finish<T> f{g.alpha, !first || g.accumulate, bias, final ? g.activation : Activation::kNone};
    if (g.across) {
      finish_across<T, Isa>(sums, sums_row, rows, columns, f, g.c + j * g.c_row + i, g.c_row);
    } else {
      finish<T, Isa>(sums, sums_row, rows, columns, f, g.c + i * g.c_row + j, g.c_row);
    }
  }

  /// One register tile: rows [i, i + rows), columns [j, j + columns); `args` has its operands.
  GRADSMITH_INLINE void tile(TileArgs<T>& args, TileFn<T> kernel, int rows, int vectors, ptrdiff_t columns, ptrdiff_t i,
                             ptrdiff_t j, bool first, bool final) const {
    const bool plain =
        !g.across && columns == vectors * kLanes && !(final && (g.bias || g.activation != Activation::kNone));
    if (plain) {
      args.raw = nullptr;
      args.c = g.c + i * g.c_row + j;
      args.c_row = g.c_row;
      args.alpha = g.alpha;
      args.add = !first || g.accumulate;
      kernel(args);
    } else {
      alignas(64) T sums[Shape::kMaxAccumulators * kLanes];
      args.raw = sums;
      kernel(args);
      store_sums(sums, vectors * kLanes, rows, columns, i, j, first, final);
    }
  }

  /// How many vectors wide the next panel is, `left` columns from the end. Where parts of vectors are not loaded from B
  /// itself, a ragged last vector is a panel of its own.
  static GRADSMITH_INLINE int panel_vectors(ptrdiff_t left, int most, bool packed) {
    const ptrdiff_t vectors =
        packed || Shape::kMaskedLoads ? (left + kLanes - 1) / kLanes : std::max<ptrdiff_t>(left / kLanes, 1);
    int width = most;
    while (width > vectors) width /= 2;
    return width;
  }

  static GRADSMITH_INLINE int most_vectors(ptrdiff_t rows) {
    return rows <= Shape::kLowRows ? 8 : rows <= Shape::kMidRows ? 4 : 2;
  }

  /// Vectors along n. Loops, outermost first: blocks of nc columns, of kc terms, of mc rows, panels of B, tiles.
  /// A panel of B is packed just before its first use, so that it is in L1 then; where one block holds all rows, one
  /// panel's memory is enough.
  void tiles(const GemmPiece& piece, T* scratch) const {
    const bool one_row_block = g.m <= piece.mc;
    T* const packed_a = scratch;
    T* const packed_b = scratch + (piece.pack_a ? (piece.mc * piece.kc + kLanes + 63) / 64 * 64 : 0);
    for (ptrdiff_t jc = 0; jc < g.n; jc += piece.nc) {
      const ptrdiff_t jend = std::min(g.n, jc + piece.nc);
      ptrdiff_t pc = 0;
      do {
        const ptrdiff_t kb = std::min(piece.kc, g.k - pc);
        const bool first = pc == 0, final = pc + kb >= g.k;
        for (ptrdiff_t ic = 0; ic < g.m; ic += piece.mc) {
          const ptrdiff_t mb = std::min(piece.mc, g.m - ic);
          // Balanced: 64 rows are 4 tiles of 13 and one of 12, not 4 of 14 and one of 8.
          const ptrdiff_t count = (mb + Shape::kMaxRows - 1) / Shape::kMaxRows;
          const int small = static_cast<int>(mb / count);
          const ptrdiff_t big_tiles = mb - count * small;
          const int most = most_vectors(small + (big_tiles ? 1 : 0));
          if (piece.pack_a) {
            ptrdiff_t i = 0;
            for (ptrdiff_t q = 0; q < count; q++) {
              const int rows = small + (q < big_tiles ? 1 : 0);
              pack<T, Isa>(g.a + (ic + i) * g.a_row + pc * g.a_col, g.a_row, g.a_col, rows, kb, packed_a + i * kb,
                           rows);
              i += rows;
            }
          }
          const bool unit_rows = piece.pack_a || g.a_row == 1;
          int vectors;
          for (ptrdiff_t j = jc; j < jend; j += vectors * kLanes) {
            vectors = panel_vectors(jend - j, most, piece.pack_b);
            const ptrdiff_t columns = std::min<ptrdiff_t>(vectors * kLanes, jend - j);
            TileArgs<T> args;
            args.k = kb;
            const T* from = g.b + pc * g.b_row + j * g.b_col;
            const bool ragged = columns < vectors * kLanes;
            if (piece.pack_b || (ragged && !Shape::kMaskedLoads)) {
              T* to = packed_b + (one_row_block || !piece.pack_b ? 0 : (j - jc) * kb);
              if (ic == 0 || one_row_block || !piece.pack_b)
                pack_columns<T, Isa>(from, g.b_row, g.b_col, columns, kb, to, vectors);
              args.b = to;
              args.b_row = vectors * kLanes;
              args.last = V::kLanes;
            } else {
              args.b = from;
              args.b_row = g.b_row;
              args.last = static_cast<size_t>(columns - (vectors - 1) * kLanes);
            }
            ptrdiff_t i = 0;
            for (ptrdiff_t q = 0; q < count; q++) {
              const int rows = small + (q < big_tiles ? 1 : 0);
              if (piece.pack_a) {
                args.a = packed_a + i * kb;
                args.a_row = 1;
                args.a_col = rows;
              } else {
                args.a = g.a + (ic + i) * g.a_row + pc * g.a_col;
                args.a_row = g.a_row;
                args.a_col = g.a_col;
              }
              const TileFn<T> kernel =
                  unit_rows ? tile_kernel<T, Isa, true>(rows, vectors) : tile_kernel<T, Isa, false>(rows, vectors);
              tile(args, kernel, rows, vectors, columns, ic + i, j, first, final);
              i += rows;
            }
          }
        }
        pc += piece.kc;
      } while (pc < g.k);
    }
  }

  /// Vectors along k. A's rows are contiguous; so are B's columns, once packed.
  void dots(const GemmPiece& piece, T* scratch) const {
    const T* b = g.b;
    ptrdiff_t b_col = g.b_col;
    if (piece.pack_b) {
      b_col = (g.k + kLanes - 1) / kLanes * kLanes;
      pack<T, Isa>(g.b, g.b_row, g.b_col, g.k, g.n, scratch, b_col);
      b = scratch;
    }
    constexpr ptrdiff_t kRow = std::max<ptrdiff_t>(kLanes, kDotColumns);
    alignas(64) T sums[8 * kRow];
    for (ptrdiff_t j = 0; j < g.n; j += kDotColumns) {
      const int columns = static_cast<int>(std::min<ptrdiff_t>(kDotColumns, g.n - j));
      for (ptrdiff_t i = 0; i < g.m;) {
        const int rows = static_cast<int>(std::min<ptrdiff_t>(dot_rows(columns), g.m - i));
        dot_kernel<T, Isa>(rows, columns)(g.a + i * g.a_row, g.a_row, b + j * b_col, b_col, g.k, sums, kRow);
        store_sums(sums, kRow, rows, columns, i, j, true, true);
        i += rows;
      }
    }
  }
};

}  // namespace gradsmith::kernels
