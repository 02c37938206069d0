// The loops of one part of a product without batch: blocks of columns, of rows, of terms; the tiles and dot products of
// each; and what is done with a block whose sums are final.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm.h"
#include "kernels/gemm_across.h"
#include "kernels/gemm_copied.h"
#include "kernels/gemm_dot.h"
#include "kernels/gemm_finish.h"
#include "kernels/gemm_panel.h"
#include "kernels/gemm_part.h"
#include "kernels/gemm_row.h"
#include "kernels/gemm_tile.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

template <class T, class Isa, GemmMode kMode>
class GemmRunner {
 public:
  using V = GemmVec<T, Isa>;
  using Shape = TileShape<Isa>;
  static constexpr ptrdiff_t kLanes = V::kLanes;

  GemmRunner(const GemmPlan& plan, const GemmPointers& pointers, const GemmView<T>& view, const GemmSink<T>& sink,
             void* scratch)
      : plan_(plan), pointers_(pointers), g_(view), sink_(sink) {
    char* free = static_cast<char*>(scratch);
    for (int32_t i = 0; i < plan.pieces; i++) {
      memory_[i] = reinterpret_cast<T*>(free);
      free += plan.piece[i].scratch_bytes;
    }
    kept_ = reinterpret_cast<T*>(free);
    copied_ = reinterpret_cast<T*>(static_cast<char*>(scratch) + plan.copied_at);
  }

  /// Columns [n0[i], n1[i]) of the part belong to piece i (empty where n0 >= n1).
  void run(const ptrdiff_t* n0, const ptrdiff_t* n1) const {
    for (int32_t i = 0; i < plan_.pieces; i++) pack_once(plan_.piece[i], n0[i], n1[i], memory_[i]);
    if constexpr (kMode != GemmMode::kPlain) {
      if (g_.b_copy != nullptr) pack_rows<T, Isa, kMode>(g_.a, g_.a_row, g_.m, g_.k, copied_, plan_.copied_row);
    }
    GemmBlock b;
    for (b.j0 = 0; b.j0 < g_.n; b.j0 = b.j1) {
      b.j1 = std::min(g_.n, b.j0 + plan_.nc);
      for (b.top = 0; b.top < g_.m; b.top += plan_.mc) {
        const ptrdiff_t bottom = std::min(g_.m, b.top + plan_.mc);
        const bool once = plan_.kc >= g_.k;
        b.packed = once && b.top > 0;
        b.single = (once ? g_.m : bottom - b.top) <= Shape::kMaxRows;
        b.k0 = 0;
        do {
          b.k = std::min(plan_.kc, g_.k - b.k0);
          b.first = b.k0 == 0;
          b.final = b.k0 + b.k >= g_.k;
          for (b.i0 = b.top; b.i0 < bottom; b.i0 = b.i1) {
            b.i1 = b.i0 + even_step(bottom - b.i0, plan_.block_rows);
            for (int32_t i = 0; i < plan_.pieces; i++) piece(i, b, n0[i], n1[i]);
            if (b.final && plan_.buffered) deliver(b);
          }
          b.k0 += b.k;
        } while (b.k0 < g_.k);
      }
    }
  }

 private:
  const GemmPlan& plan_;
  const GemmPointers& pointers_;
  const GemmView<T>& g_;
  const GemmSink<T>& sink_;
  T* memory_[2];
  T* kept_;
  T* copied_;  // A's rows, for products with a copy of B

  /// The next of steps that cover `size` as evenly as steps of at most `most` can.
  static ptrdiff_t even_step(ptrdiff_t size, ptrdiff_t most) {
    const ptrdiff_t steps = (size + most - 1) / most;
    return (size + steps - 1) / steps;
  }

  T* kept(const GemmBlock& b, ptrdiff_t i, ptrdiff_t j) const {
    return kept_ + (i - b.top) * plan_.kept_row + (j - b.j0);
  }
  T* c(ptrdiff_t i, ptrdiff_t j) const { return sink_.c + i * sink_.c_row + j; }

  /// A block whose sums are final goes to the hook.
  void deliver(const GemmBlock& b) const {
    hand_over(plan_, pointers_, sink_.row0 + b.i0, sink_.row0 + b.i1, sink_.column0 + b.j0, sink_.column0 + b.j1,
              kept(b, b.i0, b.j0), plan_.kept_row);
  }

  void piece(int32_t index, const GemmBlock& b, ptrdiff_t n0, ptrdiff_t n1) const {
    const GemmPiece& p = plan_.piece[index];
    n0 = std::max(n0, b.j0);
    n1 = std::min(n1, b.j1);
    if (n0 >= n1) return;
    if (p.method == GemmMethod::kTiles && !p.across) {
      if (p.streams) return stream_row(b, n0, n1);
      tiles(p, b, n0, n1, memory_[index]);
    } else if (!b.final) {
      return;  // these take all terms at once
    } else if (p.method == GemmMethod::kTiles) {
      tiles_across<T, Isa, kMode>(p, g_, b, n0, n1, memory_[index],
                                  [&](const T* sums, ptrdiff_t sums_row, int rows, ptrdiff_t columns, ptrdiff_t i,
                                      ptrdiff_t j) { store(b, sums, sums_row, rows, columns, i, j, true); });
    } else if (kMode != GemmMode::kPlain && g_.b_copy != nullptr) {
      copied_dots<Isa, kMode>(plan_, g_, b, n0, n1, copied_,
                              [&](const T* sums, ptrdiff_t sums_row, int rows, int columns, ptrdiff_t i, ptrdiff_t j) {
                                store(b, sums, sums_row, rows, columns, i, j, false);
                              });
    } else {
      dots(p, b, n0, n1, memory_[index]);
    }
  }

  void stream_row(const GemmBlock& b, ptrdiff_t n0, ptrdiff_t n1) const {
    constexpr ptrdiff_t kMost = kRowBytes / static_cast<ptrdiff_t>(sizeof(T));
    alignas(64) T sums[kMost];
    for (ptrdiff_t j = n0; j < n1; j += kMost) {
      const ptrdiff_t columns = std::min(kMost, n1 - j);
      row_times_matrix<T, Isa>(g_.a, g_.a_col, g_.b + j, g_.b_row, columns, b.k, sums);
      store(b, sums, kMost, 1, columns, 0, j, false);
    }
  }

  /// What a part packs before all else: the operand that every block of rows meets again.
  void pack_once(const GemmPiece& p, ptrdiff_t n0, ptrdiff_t n1, T* memory) const {
    if (n0 >= n1) return;
    const T* b = g_.b + n0 * g_.b_col;
    if (p.method == GemmMethod::kDots && p.pack_b) {
      const ptrdiff_t row = dot_stride();
      if (p.across) {
        pack<T, Isa, GemmMode::kPlain>(g_.a, g_.a_col, g_.a_row, g_.k, g_.m, memory, row);
      } else {
        pack<T, Isa, GemmMode::kPlain>(b, g_.b_row, g_.b_col, g_.k, n1 - n0, memory, row);
      }
    } else if (p.method == GemmMethod::kTiles && p.across && p.pack_a) {
      pack_across<T, Isa, kMode>(g_, n0, n1, memory);
    }
  }
  static ptrdiff_t entries(ptrdiff_t terms) { return entries_of<T, Isa, kMode>(terms); }
  ptrdiff_t dot_stride() const { return (g_.k + kLanes - 1) / kLanes * kLanes; }

  /// Vectors along n, rows of A one by one: over all panels of B, a row of tiles after the other; where blocks are
  /// tall, over all of the block's rows of tiles, a panel after the other.
  void tiles(const GemmPiece& p, const GemmBlock& b, ptrdiff_t n0, ptrdiff_t n1, T* memory) const {
    T* const packed_a = memory;
    Panels panels;
    panels.n0 = n0, panels.n1 = n1;
    panels.shared = p.pack_b && !b.single;  // by several rows of tiles
    panels.apart = panel_elements(entries(b.k), kLanes);
    if (plan_.shares_b && p.packs_panels()) {
      panels.at = shared_panels<T, Isa, kMode>(plan_, pointers_, b.k0) + n0 / (2 * kLanes) * panels.apart;
      panels.shared = panels.done = true;
    } else {
      panels.at = memory + (p.pack_a ? plan_.packed_rows : 0);
      // At once where that reads B in order, or, with few registers, where tiles then find all panels in L2: one call
      // takes a row of them.
      constexpr ptrdiff_t kMost = Shape::kManyRegisters ? 0 : Shape::kL2Bytes / 4 / static_cast<ptrdiff_t>(sizeof(T));
      const bool small = (n1 - n0) * b.k <= kMost;
      const bool at_once = panels.shared && (g_.b_col == 1 || small);
      if (at_once && b.i0 == b.top && !b.packed) {
        pack_panels<T, Isa, kMode>(g_.b + b.k0 * g_.b_row + n0 * g_.b_col, g_.b_row, g_.b_col, n1 - n0, b.k, panels.at,
                                   panels.apart);
      }
      panels.done = at_once || b.packed || b.i0 > b.top;
    }
    if (plan_.tall && p.pack_a) {
      tall_tiles(p, b, panels, packed_a);
    } else {
      rows_of_tiles(p, b, panels, packed_a);
    }
  }

  /// B's panels as a block's tiles find them: columns [n0, n1) of the part.
  struct Panels {
    ptrdiff_t n0, n1;
    T* at;
    ptrdiff_t apart;
    bool shared;  // kept for the next row of tiles
    bool done;    // packed already
  };

  /// The panel from column j on; returns how many vectors wide it is.
  GRADSMITH_INLINE int take_panel(TileArgs<T>& args, const GemmPiece& p, const GemmBlock& b, const Panels& panels,
                                  ptrdiff_t j, int most, bool done) const {
    const int vectors = panel_vectors<T, Isa>(panels.n1 - j, most, p.pack_b, g_.m);
    set_panel<T, Isa, kMode>(args, g_.b + b.k0 * g_.b_row + j * g_.b_col, g_.b_row, g_.b_col,
                             std::min<ptrdiff_t>(vectors * kLanes, panels.n1 - j), b.k, vectors, p.pack_b,
                             panels.at + (panels.shared ? (j - panels.n0) / (2 * kLanes) * panels.apart : 0), done);
    return vectors;
  }
  /// Where the panel behind the one in `args` begins.
  GRADSMITH_INLINE const T* panel_behind(const TileArgs<T>& args, const GemmPiece& p, const Panels& panels,
                                         int vectors) const {
    return panels.shared ? args.b + panels.apart : p.pack_b ? args.b : args.b + vectors * kLanes;
  }

  /// How many tiles more the kernel takes beside the one at column j: those whose panels are there already.
  static GRADSMITH_INLINE ptrdiff_t tiles_beside(const GemmPiece& p, const GemmBlock& b, const Panels& panels,
                                                 ptrdiff_t j, int vectors, bool packed) {
    if (!b.first || (p.pack_b && !(panels.shared && packed))) return 0;
    return std::max<ptrdiff_t>(1, (panels.n1 - j) / (vectors * kLanes)) - 1;
  }

  void rows_of_tiles(const GemmPiece& p, const GemmBlock& b, const Panels& panels, T* packed_a) const {
    for_tile_rows<Isa>(b.i1 - b.i0, [&](ptrdiff_t i, int rows) {
      i += b.i0;
      TileArgs<T> args;
      args.k = entries(b.k);
      args.a = g_.a + i * g_.a_row + b.k0 * g_.a_col;
      args.a_row = g_.a_row;
      args.a_col = g_.a_col;
      if (p.pack_a) set_packed_rows(args, rows, b.k, packed_a, g_.m - i);
      // All rows of tiles that share a packed panel must cut it alike.
      const int most = most_vectors<Isa>(panels.shared ? Shape::kMaxRows : rows);
      const bool below = i + rows < b.i1, packed = panels.done || i > b.i0;
      const bool asks = p.pack_a && below;  // for rows that are to be packed, bit by bit, between tiles
      ptrdiff_t end;
      for (ptrdiff_t j = panels.n0; j < panels.n1; j = end) {
        const int vectors = take_panel(args, p, b, panels, j, most, packed);
        args.next_a = args.a;
        args.next_b = args.b;
        args.further = asks ? 0 : tiles_beside(p, b, panels, j, vectors, packed);
        args.b_apart = panels.shared ? panels.apart : vectors * kLanes;
        end = j + (1 + args.further) * vectors * kLanes;
        ptrdiff_t next_i = i, next_j = end;
        if (asks) {
          const T* a = g_.a + (i + rows) * g_.a_row + b.k0 * g_.a_col;
          const ptrdiff_t before = j - panels.n0, after = std::min(end, panels.n1) - panels.n0;
          ask_for_rows(a, g_.a_row, g_.a_col, rows, b.k, before, after, panels.n1 - panels.n0);
        }
        if (next_j < panels.n1) {
          args.next_b = panel_behind(args, p, panels, vectors) + args.further * args.b_apart;
        } else if (below) {
          next_i = i + rows, next_j = panels.n0;
          if (!p.pack_a) args.next_a = args.a + rows * g_.a_row;
        } else {
          next_j = j;
        }
        tile(args, b, i, j, next_i, next_j, rows, panels.n1 - j, vectors);
      }
    });
  }

  void tall_tiles(const GemmPiece& p, const GemmBlock& b, const Panels& panels, T* packed_a) const {
    const ptrdiff_t height = b.i1 - b.i0;
    TileArgs<T> args;
    for_tile_rows<Isa>(height, [&](ptrdiff_t i, int rows) {
      args.a = g_.a + (b.i0 + i) * g_.a_row + b.k0 * g_.a_col;
      set_packed_rows(args, rows, b.k, packed_a + i * plan_.packed_row, height - i);
    });
    args.k = entries(b.k);
    int vectors;
    for (ptrdiff_t j = panels.n0; j < panels.n1; j += vectors * kLanes) {
      vectors = take_panel(args, p, b, panels, j, most_vectors<Isa>(Shape::kMaxRows), panels.done);
      for_tile_rows<Isa>(height, [&](ptrdiff_t i, int rows) {
        args.a = packed_a + i * plan_.packed_row;
        if (args.a_row == 1) args.a_col = rows;
        ptrdiff_t next_i = i + rows, next_j = j;
        args.next_b = args.b;
        if (next_i == height) {
          next_i = 0;
          if (j + vectors * kLanes < panels.n1) {
            next_j = j + vectors * kLanes;
            args.next_b = panel_behind(args, p, panels, vectors);
          }
        }
        args.next_a = packed_a + next_i * plan_.packed_row;
        tile(args, b, b.i0 + i, j, b.i0 + next_i, next_j, rows, panels.n1 - j, vectors);
      });
    }
  }

  /// Rows of A, packed into `to`: by entries, or as they lie where the copy rounds anyway and they run along k.
  GRADSMITH_INLINE void set_packed_rows(TileArgs<T>& args, int rows, ptrdiff_t k, T* to, ptrdiff_t readable) const {
    if (kMode != GemmMode::kPlain && g_.a_col == 1) {
      args.a_row = plan_.packed_row;
      args.a_col = 1;
      pack_rows<T, Isa, kMode>(args.a, g_.a_row, rows, k, to, args.a_row);
    } else {
      args.a_row = 1;
      args.a_col = rows;
      pack<T, Isa, kMode>(args.a, g_.a_row, g_.a_col, rows, k, to, rows, readable);
    }
    args.a = to;
  }

  GRADSMITH_INLINE void tile(TileArgs<T>& args, const GemmBlock& b, ptrdiff_t i, ptrdiff_t j, ptrdiff_t next_i,
                             ptrdiff_t next_j, int rows, ptrdiff_t left, int vectors) const {
    const ptrdiff_t columns = std::min<ptrdiff_t>(vectors * kLanes, left);
    const bool to_kept = b.final ? plan_.buffered : plan_.keeps;
    T* const waiting = plan_.keeps ? kept(b, i, j) : c(i, j);
    const ptrdiff_t waiting_row = plan_.keeps ? plan_.kept_row : sink_.c_row;
    args.from = b.first ? nullptr : waiting;
    args.from_row = waiting_row;
    args.to = b.final && !plan_.buffered ? c(i, j) : waiting;
    args.to_row = b.final && !plan_.buffered ? sink_.c_row : waiting_row;
    args.alpha = b.final ? sink_.alpha : T(1);
    args.add = b.final && sink_.add;
    // Sums that go on are loaded first of all, so they are asked for a tile earlier.
    args.next_c = b.first ? args.to : plan_.keeps ? kept(b, next_i, next_j) : c(next_i, next_j);
    args.to_last = V::kLanes;
    const bool spare = to_kept ? Shape::kMaskedLoads : !sink_.padded;  // what lies behind a ragged end
    const bool ragged = columns < vectors * kLanes && spare;
    if (ragged) args.to_last = static_cast<size_t>(columns - (vectors - 1) * kLanes);
    const TileFn<T> kernel = tile_kernel<T, Isa>(args, rows, vectors);
    if (ragged && !Shape::kMaskedLoads) {
      ragged_tile<T, Isa>(args, kernel, rows, columns);
    } else {
      kernel(args);
    }
  }

  /// Sums that lie in a buffer, all their terms included, to where they belong; `across`: those of the transposed
  /// product.
  GRADSMITH_INLINE void store(const GemmBlock& b, const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns,
                              ptrdiff_t i, ptrdiff_t j, bool across) const {
    T* const to = plan_.buffered ? kept(b, i, j) : c(i, j);
    const ptrdiff_t to_row = plan_.buffered ? plan_.kept_row : sink_.c_row;
    if (across) {
      scale_across<T, Isa>(sums, sums_row, rows, columns, sink_.alpha, sink_.add, to, to_row);
    } else {
      scale<T, Isa>(sums, sums_row, rows, columns, sink_.alpha, sink_.add, to, to_row);
    }
  }

  /// Vectors along k. A's rows are contiguous; so are B's columns, once packed.
  void dots(const GemmPiece& p, const GemmBlock& b, ptrdiff_t n0, ptrdiff_t n1, T* memory) const {
    // The dots' rows: A's, or across, B's columns. Its columns are the other operand's.
    const T* rows_at = p.across ? g_.b + n0 * g_.b_col : g_.a + b.i0 * g_.a_row;
    const ptrdiff_t row = p.across ? g_.b_col : g_.a_row;
    const T* columns_at = p.across ? g_.a + b.i0 * g_.a_row : g_.b + n0 * g_.b_col;
    ptrdiff_t column = p.across ? g_.a_row : g_.b_col;
    if (p.pack_b) {
      column = dot_stride();
      columns_at = memory + (p.across ? b.i0 * column : 0);
    }
    const ptrdiff_t m = p.across ? n1 - n0 : b.i1 - b.i0, n = p.across ? b.i1 - b.i0 : n1 - n0;
    constexpr ptrdiff_t kRow = std::max<ptrdiff_t>(kLanes, kDotColumns);
    alignas(64) T sums[8 * kRow];
    for (ptrdiff_t j = 0; j < n; j += kDotColumns) {
      const int columns = static_cast<int>(std::min<ptrdiff_t>(kDotColumns, n - j));
      for (ptrdiff_t i = 0; i < m;) {
        const int rows = static_cast<int>(std::min<ptrdiff_t>(dot_rows(Shape::kManyRegisters, columns), m - i));
        dot_kernel<T, Isa, kMode>(rows, columns)(rows_at + i * row, row, columns_at + j * column, column, g_.k, sums,
                                                 kRow);
        if (p.across) {
          store(b, sums, kRow, rows, columns, b.i0 + j, n0 + i, true);
        } else {
          store(b, sums, kRow, rows, columns, b.i0 + i, n0 + j, false);
        }
        i += rows;
      }
    }
  }
};

}  // namespace gradsmith::kernels
