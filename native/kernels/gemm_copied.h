// Products by dot products whose B was rounded to bfloat16 before and is kept so: a weight that stays the same from one
// product to the next is read in half the bytes and rounded once. A's few rows are rounded once a part. The bits are
// those of the same product with B in float.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "kernels/gemm_dot.h"
#include "kernels/gemm_pack.h"
#include "kernels/gemm_part.h"
#include "kernels/gemm_unroll.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// to[i] = the nearest bfloat16 of from[i], as round_bits_to_bf16 has it.
template <class Isa>
void round_elements(const float* from, size_t count, uint16_t* to) {
  for (size_t i = 0; i < count; i++) to[i] = static_cast<uint16_t>(round_bits_to_bf16(from[i]) >> 16);
}

/// gemm_dot with rows of entries (pack_rows) and columns of rounded elements.
template <class Isa, GemmMode kMode, int kRows, int kColumns>
GRADSMITH_GUARDED_BY_PAGES void copied_dot(const float* a, ptrdiff_t a_row, const uint16_t* b, ptrdiff_t b_row,
                                           ptrdiff_t k, float* sums, ptrdiff_t sums_row) {
  using V = GemmVec<float, Isa>;
  using E = Entries<float, Isa, kMode>;
  constexpr ptrdiff_t kLanes = V::kLanes, kStep = kLanes * E::kTerms;
  V acc[kRows][kColumns];
  GRADSMITH_UNROLL(4)
  for (int i = 0; i < kRows; i++) {
    GRADSMITH_UNROLL(8)
    for (int j = 0; j < kColumns; j++) acc[i][j] = V::zero();
  }
  ptrdiff_t p = 0;
  for (; p + kStep <= k; p += kStep, a += kLanes) {
    V x[kRows];
    GRADSMITH_UNROLL(4)
    for (int i = 0; i < kRows; i++) x[i] = V::load(a + i * a_row);
    GRADSMITH_UNROLL(8)
    for (int j = 0; j < kColumns; j++) {
      const V y = E::copied(b + j * b_row + p);
      GRADSMITH_UNROLL(4)
      for (int i = 0; i < kRows; i++) acc[i][j] = MultiplyAdd<Isa>::run(x[i], y, acc[i][j]);
    }
  }
  if (p < k) {
    // Terms that do not exist are 0 on both sides: what lies behind them may be infinite.
    alignas(64) uint16_t last[kColumns][kStep] = {};
    for (int j = 0; j < kColumns; j++) std::memcpy(last[j], b + j * b_row + p, static_cast<size_t>(k - p) * 2);
    GRADSMITH_UNROLL(4)
    for (int i = 0; i < kRows; i++) {
      const V x = V::load(a + i * a_row);
      GRADSMITH_UNROLL(8)
      for (int j = 0; j < kColumns; j++) acc[i][j] = MultiplyAdd<Isa>::run(x, E::copied(last[j]), acc[i][j]);
    }
  }
  if constexpr (kColumns == 8) {
    const V low[4] = {acc[0][0], acc[0][1], acc[0][2], acc[0][3]},
            high[4] = {acc[0][4], acc[0][5], acc[0][6], acc[0][7]};
    add_lanes(low, sums);
    add_lanes(high, sums + 4);
  } else {
    GRADSMITH_UNROLL(4)
    for (int i = 0; i < kRows; i++) add_lanes(acc[i], sums + i * sums_row);
  }
}

using CopiedDotFn = void (*)(const float*, ptrdiff_t, const uint16_t*, ptrdiff_t, ptrdiff_t, float*, ptrdiff_t);

template <class Isa, GemmMode kMode, int kColumns, int... kRowsLess1>
constexpr auto copied_dot_row(std::integer_sequence<int, kRowsLess1...>) {
  return std::array<CopiedDotFn, sizeof...(kRowsLess1)>{&copied_dot<Isa, kMode, kRowsLess1 + 1, kColumns>...};
}

/// Columns of a block, `left` from the end: eight of a single row, whose sums are then enough to hide an FMA's latency.
constexpr int copied_columns(ptrdiff_t rows, ptrdiff_t left) {
  return rows == 1 && left >= 8 ? 8 : static_cast<int>(std::min<ptrdiff_t>(kDotColumns, left));
}
/// Most rows of a block.
template <class Isa>
inline constexpr int kCopiedRows = dot_rows(TileShape<Isa>::kManyRegisters, kDotColumns);

template <class Isa, GemmMode kMode>
GRADSMITH_INLINE CopiedDotFn copied_dot_kernel(int rows, int columns) {
  constexpr auto kRows = std::make_integer_sequence<int, kCopiedRows<Isa>>();
  static constexpr std::array<std::array<CopiedDotFn, static_cast<size_t>(kCopiedRows<Isa>)>, kDotColumns> kernels = {
      copied_dot_row<Isa, kMode, 1>(kRows), copied_dot_row<Isa, kMode, 2>(kRows), copied_dot_row<Isa, kMode, 3>(kRows),
      copied_dot_row<Isa, kMode, 4>(kRows)};
  if (columns == 8) return &copied_dot<Isa, kMode, 1, 8>;
  return kernels[static_cast<size_t>(columns - 1)][static_cast<size_t>(rows - 1)];
}

/// Elements from row to row of A's entries: whole vectors.
template <class Isa, GemmMode kMode>
constexpr ptrdiff_t copied_row(ptrdiff_t k) {
  constexpr ptrdiff_t kLanes = GemmVec<float, Isa>::kLanes;
  return (entries_of<float, Isa, kMode>(k) + kLanes - 1) / kLanes * kLanes;
}

/// Can a plan's product be computed so? By dot products alone, whose columns are B's, each contiguous.
inline bool takes_copy(const GemmPlan& plan) {
  if (plan.parts == 0 || plan.batch_count != 1 || plan.swap || plan.grid_k > 1) return false;
  for (int32_t i = 0; i < plan.pieces; i++) {
    const GemmPiece& p = plan.piece[i];
    if (p.method != GemmMethod::kDots || p.across || p.pack_b) return false;
  }
  return true;
}

/// All dot products of a block's rows, which lie rounded in `a`, with columns [n0, n1) of the copy of B:
/// store(sums, elements from row to row, rows, columns, row of the part, column of the part).
template <class Isa, GemmMode kMode, class T, class Store>
void copied_dots(const GemmPlan& plan, const GemmView<T>& g, const GemmBlock& b, ptrdiff_t n0, ptrdiff_t n1, const T* a,
                 Store store) {
  if constexpr (kMode != GemmMode::kPlain) {
    constexpr ptrdiff_t kRow = std::max<ptrdiff_t>(GemmVec<T, Isa>::kLanes, 8);
    alignas(64) T sums[kCopiedRows<Isa> * kRow];
    int columns;
    for (ptrdiff_t j = n0; j < n1; j += columns) {
      columns = copied_columns(b.i1 - b.i0, n1 - j);
      for (ptrdiff_t i = b.i0; i < b.i1;) {
        const int rows = static_cast<int>(std::min<ptrdiff_t>(kCopiedRows<Isa>, b.i1 - i));
        copied_dot_kernel<Isa, kMode>(rows, columns)(a + i * plan.copied_row, plan.copied_row, g.b_copy + j * g.b_col,
                                                     g.b_col, g.k, sums, kRow);
        store(sums, kRow, rows, columns, i, j);
        i += rows;
      }
    }
  }
}

}  // namespace gradsmith::kernels
