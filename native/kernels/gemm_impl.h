// The loops around the register tiles, on one ISA level: included by isa/*.cc only.
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

/// Rows [m0, m1) and columns [n0, n1) of one product.
template <class T, class Isa>
void run_piece(const GemmShape& s, const GemmPiece& piece, const T* a, const T* b, T* c, const T* bias, T alpha,
               ptrdiff_t m0, ptrdiff_t m1, ptrdiff_t n0, ptrdiff_t n1, T* scratch) {
  GemmView<T> g{m1 - m0,
                n1 - n0,
                s.k,
                a + m0 * s.a_row,
                s.a_row,
                s.a_col,
                b + n0 * s.b_col,
                s.b_row,
                s.b_col,
                c + m0 * s.c_row + n0,
                s.c_row,
                bias ? bias + n0 : nullptr,
                alpha,
                s.accumulate,
                s.activation,
                piece.across};
  if (piece.across) {
    std::swap(g.m, g.n);
    std::swap(g.a, g.b);
    std::swap(g.a_row, g.b_col);
    std::swap(g.a_col, g.b_row);
  }
  const GemmRunner<T, Isa> runner{g};
  if (piece.method == GemmMethod::kDots) {
    runner.dots(piece, scratch);
  } else {
    runner.tiles(piece, scratch);
  }
}

template <class T, class Isa>
void run_gemm(const GemmPlan& plan, const GemmPointers& pointers, size_t part, void* scratch) {
  const GemmShape& s = plan.shape;
  const auto p = static_cast<ptrdiff_t>(part);
  const ptrdiff_t in_n = p % plan.grid_n, in_m = p / plan.grid_n % plan.grid_m,
                  in_batch = p / plan.grid_n / plan.grid_m;
  const ptrdiff_t m0 = std::min(s.m, in_m * plan.m_step), m1 = std::min(s.m, m0 + plan.m_step);
  const ptrdiff_t n0 = std::min(s.n, in_n * plan.n_step), n1 = std::min(s.n, n0 + plan.n_step);
  if (m0 >= m1 || n0 >= n1) return;
  const ptrdiff_t first = plan.batch_count * in_batch / plan.grid_batch;
  const ptrdiff_t last = plan.batch_count * (in_batch + 1) / plan.grid_batch;
  const T alpha = s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);  // a sum of nothing is 0, whatever alpha is
  for (ptrdiff_t q = first; q < last; q++) {
    const T* a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a);
    const T* b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b);
    T* c = static_cast<T*>(pointers.c);
    ptrdiff_t rest = q;
    for (int32_t d = s.batch_rank - 1; d >= 0; d--) {
      const ptrdiff_t index = rest % s.batch_dims[d];
      rest /= s.batch_dims[d];
      a += index * s.a_batch[d];
      b += index * s.b_batch[d];
      c += index * s.c_batch[d];
    }
    for (int32_t i = 0; i < plan.pieces; i++) {
      const GemmPiece& piece = plan.piece[i];
      const ptrdiff_t from = std::max(n0, piece.n0), to = std::min(n1, piece.n1);
      if (from >= to) continue;
      run_piece<T, Isa>(s, piece, a, b, c, static_cast<const T*>(pointers.bias), alpha, m0, m1, from, to,
                        static_cast<T*>(scratch));
    }
  }
}

/// All of C by one register tile, A and B in place.
template <class T, class Isa>
void run_one_tile(const GemmPlan& plan, const GemmPointers& pointers, size_t, void*) {
  constexpr ptrdiff_t kLanes = simd::Vec<T, Isa>::kLanes;
  const GemmShape& s = plan.shape;
  const auto kernel = reinterpret_cast<TileFn<T>>(plan.kernel);
  TileArgs<T> args;
  args.a = static_cast<const T*>(plan.swap ? pointers.b : pointers.a);
  args.a_row = s.a_row;
  args.a_col = s.a_col;
  args.b = static_cast<const T*>(plan.swap ? pointers.a : pointers.b);
  args.b_row = s.b_row;
  args.k = s.k;
  args.last = static_cast<size_t>(plan.kernel_last);
  args.c = static_cast<T*>(pointers.c);
  args.c_row = s.c_row;
  args.alpha = s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);
  args.add = s.accumulate;
  args.raw = nullptr;
  if (plan.kernel_last == kLanes && !s.bias && s.activation == Activation::kNone) return kernel(args);
  alignas(64) T sums[TileShape<Isa>::kMaxAccumulators * kLanes];
  args.raw = sums;
  kernel(args);
  finish<T, Isa>(sums, plan.kernel_vectors * kLanes, s.m, s.n,
                 {args.alpha, s.accumulate, static_cast<const T*>(pointers.bias), s.activation}, args.c, s.c_row);
}

/// All of C by one block of dot products, A and B in place.
template <class T, class Isa>
void run_one_dot(const GemmPlan& plan, const GemmPointers& pointers, size_t, void*) {
  const GemmShape& s = plan.shape;
  constexpr ptrdiff_t kRow = std::max<ptrdiff_t>(simd::Vec<T, Isa>::kLanes, kDotColumns);
  alignas(64) T sums[8 * kRow];
  const T alpha = s.k == 0 ? T(1) : static_cast<T>(pointers.alpha);
  reinterpret_cast<DotFn<T>>(plan.kernel)(static_cast<const T*>(plan.swap ? pointers.b : pointers.a), s.a_row,
                                          static_cast<const T*>(plan.swap ? pointers.a : pointers.b), s.b_col, s.k,
                                          sums, kRow);
  finish<T, Isa>(sums, kRow, s.m, s.n, {alpha, s.accumulate, static_cast<const T*>(pointers.bias), s.activation},
                 static_cast<T*>(pointers.c), s.c_row);
}

template <class T, class Isa>
GemmTraits gemm_traits() {
  using Shape = TileShape<Isa>;
  return {static_cast<int32_t>(sizeof(T)),
          static_cast<int32_t>(simd::Vec<T, Isa>::kLanes),
          Shape::kMaxRows,
          Shape::kMidRows,
          Shape::kLowRows,
          Shape::kMaskedLoads};
}

template <class T, class Isa>
GemmPlan plan_gemm(const GemmShape& shape) {
  using Shape = TileShape<Isa>;
  constexpr ptrdiff_t kLanes = simd::Vec<T, Isa>::kLanes;
  GemmPlan plan = choose_gemm(shape, gemm_traits<T, Isa>());
  plan.run = &run_gemm<T, Isa>;
  const GemmShape& s = plan.shape;
  const GemmPiece& p = plan.piece[0];
  if (plan.parts != 1 || plan.pieces != 1 || plan.batch_count != 1 || p.across || p.pack_a || p.pack_b) return plan;
  if (p.method == GemmMethod::kDots) {
    if (s.n > kDotColumns || s.m > dot_rows(static_cast<int>(s.n))) return plan;
    plan.kernel = reinterpret_cast<void (*)()>(dot_kernel<T, Isa>(static_cast<int>(s.m), static_cast<int>(s.n)));
    plan.run = &run_one_dot<T, Isa>;
    return plan;
  }
  const ptrdiff_t vectors = (s.n + kLanes - 1) / kLanes;
  const bool ragged = s.n % kLanes != 0;
  if (s.m > Shape::kMaxRows || vectors > GemmRunner<T, Isa>::most_vectors(s.m) || (vectors & (vectors - 1)) != 0 ||
      s.k > p.kc || (ragged && !Shape::kMaskedLoads)) {
    return plan;
  }
  const auto rows = static_cast<int>(s.m), width = static_cast<int>(vectors);
  plan.kernel_vectors = width;
  plan.kernel_last = static_cast<int32_t>(s.n - (vectors - 1) * kLanes);
  plan.kernel = reinterpret_cast<void (*)()>(s.a_row == 1 ? tile_kernel<T, Isa, true>(rows, width)
                                                          : tile_kernel<T, Isa, false>(rows, width));
  plan.run = &run_one_tile<T, Isa>;
  return plan;
}

template <class T, class Isa>
GemmFunctions make_gemm_functions() {
  return {gemm_traits<T, Isa>(), &plan_gemm<T, Isa>, &run_gemm<T, Isa>};
}

template <class Isa>
GemmKernels make_gemm() {
  return {make_gemm_functions<float, Isa>(), make_gemm_functions<double, Isa>()};
}

}  // namespace gradsmith::kernels
