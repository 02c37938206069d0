// What happens to finished sums on their way out of a buffer: alpha, the old C, ragged edges.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm_tile.h"
#include "kernels/gemm_transpose.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

/// f(address in `from`, address in `to`, lanes that exist) for each vector of rows x columns elements.
template <class V, class T, class F>
GRADSMITH_INLINE void each_vector(const T* from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t columns, T* to,
                                  ptrdiff_t to_row, F f) {
  constexpr ptrdiff_t kLanes = V::kLanes;
  for (ptrdiff_t i = 0; i < rows; i++, from += from_row, to += to_row) {
    ptrdiff_t j = 0;
    for (; j + kLanes <= columns; j += kLanes) f(from + j, to + j, V::kLanes);
    if (j < columns) f(from + j, to + j, static_cast<size_t>(columns - j));
  }
}

template <class V, class T>
GRADSMITH_INLINE V load_lanes(const T* p, size_t n) {
  return n == V::kLanes ? V::load(p) : V::load_partial(p, n);
}
template <class V, class T>
GRADSMITH_INLINE void store_lanes(V x, T* p, size_t n) {
  if (n == V::kLanes) return x.store(p);
  x.store_partial(p, n);
}

/// to = alpha·sums, or to + alpha·sums, rounded in between as in a tile. Rows of `sums` are whole vectors; `to` is
/// touched in its `columns` only.
template <class T, class Isa>
void scale(const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns, T alpha, bool add, T* to,
           ptrdiff_t to_row) {
  using V = GemmVec<T, Isa>;
  const V factor = V::splat(alpha);
  each_vector<V>(sums, sums_row, rows, columns, to, to_row, [factor, add](const T* from, T* at, size_t n) {
    const V x = V::load(from) * factor;
    store_lanes(add ? load_lanes<V>(at, n) + x : x, at, n);
  });
}

/// The same for a tile of the transposed product: `to` has `columns` rows and `rows` columns.
template <class T, class Isa>
void scale_across(const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns, T alpha, bool add, T* to,
                  ptrdiff_t to_row) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  // Widest tile: 8 vectors of few rows, or 2 of the most.
  constexpr ptrdiff_t kTwo = 2 * kLanes * (TileShape<Isa>::kMaxRows + kLanes);
  constexpr ptrdiff_t kEight = 8 * kLanes * (TileShape<Isa>::kMidRows + kLanes);
  alignas(64) T turned[std::max(kTwo, kEight)];
  const ptrdiff_t width = (rows + kLanes - 1) / kLanes * kLanes;
  for (ptrdiff_t i = 0; i < rows; i += kLanes) {
    for (ptrdiff_t j = 0; j < columns; j += kLanes) {
      turn<T, Isa>(sums + i * sums_row + j, sums_row, std::min(kLanes, rows - i), kLanes, turned + j * width + i,
                   width);
    }
  }
  scale<T, Isa>(turned, width, columns, rows, alpha, add, to, to_row);
}

/// A tile whose last vector reaches beyond C, where no mask says so: by way of a buffer.
template <class T, class Isa>
void ragged_tile(TileArgs<T>& args, TileFn<T> kernel, int rows, ptrdiff_t columns) {
  constexpr ptrdiff_t kLanes = GemmVec<T, Isa>::kLanes;
  alignas(64) T sums[TileShape<Isa>::kMaxAccumulators * kLanes];
  T* const to = args.to;
  const ptrdiff_t to_row = args.to_row, sums_row = (columns + kLanes - 1) / kLanes * kLanes;
  const T alpha = args.alpha;
  const bool add = args.add;
  if (args.from != nullptr) {
    for (int i = 0; i < rows; i++) {
      std::copy_n(args.from + i * args.from_row, columns, sums + i * sums_row);
      std::fill_n(sums + i * sums_row + columns, sums_row - columns, T(0));
    }
    args.from = sums;
    args.from_row = sums_row;
  }
  args.to = sums;
  args.to_row = sums_row;
  args.alpha = T(1);
  args.add = false;
  kernel(args);
  scale<T, Isa>(sums, sums_row, rows, columns, alpha, add, to, to_row);
}

}  // namespace gradsmith::kernels
