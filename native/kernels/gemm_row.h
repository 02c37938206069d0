// One row times a matrix as it lies, row by row: long runs of memory, for matrices that no near cache holds. A tile
// reads a few lines of each row, which is no run that the CPU's own fetching ahead would follow.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_finish.h"
#include "kernels/gemm_tile.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// Bytes of sums that stay in L1 while rows go by.
inline constexpr ptrdiff_t kRowBytes = 4096;

/// Adds the products of kRows terms to `columns` sums, or begins with them.
template <class T, class Isa, int kRows>
GRADSMITH_GUARDED_BY_PAGES void add_rows(const T* x, ptrdiff_t x_step, const T* b, ptrdiff_t b_row, ptrdiff_t columns,
                                         bool first, T* sums) {
  using V = GemmVec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  V factor[kRows];
  const T* row[kRows];
  GRADSMITH_UNROLL(8)
  for (int q = 0; q < kRows; q++) {
    factor[q] = V::splat(x[q * x_step]);
    row[q] = b + q * b_row;
  }
  constexpr int kWide = 4;
  ptrdiff_t j = 0;
  for (; j + kWide * kLanes <= columns; j += kWide * kLanes) {
    V sum[kWide];
    GRADSMITH_UNROLL(4)
    for (int v = 0; v < kWide; v++) sum[v] = first ? V::zero() : V::load(sums + j + v * kLanes);
    GRADSMITH_UNROLL(8)
    for (int q = 0; q < kRows; q++) {
      GRADSMITH_UNROLL(4)
      for (int v = 0; v < kWide; v++) {
        sum[v] = MultiplyAdd<Isa>::run(factor[q], V::load(row[q] + j + v * kLanes), sum[v]);
      }
    }
    GRADSMITH_UNROLL(4)
    for (int v = 0; v < kWide; v++) sum[v].store(sums + j + v * kLanes);
  }
  for (; j < columns; j += kLanes) {
    const auto n = static_cast<size_t>(std::min(kLanes, columns - j));
    V sum = first ? V::zero() : V::load(sums + j);
    GRADSMITH_UNROLL(8)
    for (int q = 0; q < kRows; q++) {
      sum = MultiplyAdd<Isa>::run(factor[q], load_lanes<V>(row[q] + j, n), sum);
    }
    sum.store(sums + j);
  }
}

/// sums[j] = the sum over k terms of x[k·x_step] · b[k·b_row + j], one by one in the order of k as in a tile. Whole
/// vectors are written.
template <class T, class Isa>
void row_times_matrix(const T* x, ptrdiff_t x_step, const T* b, ptrdiff_t b_row, ptrdiff_t columns, ptrdiff_t k,
                      T* sums) {
  constexpr ptrdiff_t kRows = 8;
  ptrdiff_t p = 0;
  for (; p + kRows <= k; p += kRows) {
    add_rows<T, Isa, kRows>(x + p * x_step, x_step, b + p * b_row, b_row, columns, p == 0, sums);
  }
  for (; p < k; p++) add_rows<T, Isa, 1>(x + p * x_step, x_step, b + p * b_row, b_row, columns, p == 0, sums);
}

}  // namespace gradsmith::kernels
