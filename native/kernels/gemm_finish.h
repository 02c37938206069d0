// What happens to finished sums: alpha, the old C, bias, activation, and the store into C with its ragged edges.
#pragma once
#include <algorithm>
#include <cstddef>

#include "kernels/gemm.h"
#include "kernels/gemm_tile.h"
#include "kernels/gemm_transpose.h"
#include "simd/math.h"
#include "simd/vec.h"

namespace gradsmith::kernels {

template <class T>
struct Finish {
  T alpha;
  bool add;       // to what C holds
  const T* bias;  // of C's first column here, or null
  Activation activation;
};

template <Activation kActivation, class V>
GRADSMITH_INLINE V activate(V x) {
  if constexpr (kActivation == Activation::kRelu) return select(x < V::zero(), V::zero(), x);  // NaN stays NaN
  if constexpr (kActivation == Activation::kSigmoid) return simd::sigmoid(x);
  if constexpr (kActivation == Activation::kTanh) return simd::tanh(x);
  return x;
}

template <class T, class Isa, Activation kActivation>
void finish_as(const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns, const Finish<T>& f, T* c,
               ptrdiff_t c_row) {
  using V = simd::Vec<T, Isa>;
  constexpr ptrdiff_t kLanes = V::kLanes;
  const V alpha = V::splat(f.alpha);
  for (ptrdiff_t j = 0; j < columns; j += kLanes) {
    const auto n = static_cast<size_t>(std::min(kLanes, columns - j));
    const bool whole = n == V::kLanes;
    const V bias = f.bias ? (whole ? V::load(f.bias + j) : V::load_partial(f.bias + j, n)) : V::zero();
    for (ptrdiff_t i = 0; i < rows; i++) {
      T* to = c + i * c_row + j;
      V x = V::load(sums + i * sums_row + j);
      if (f.add) {
        x = multiply_add<V, Isa>(x, alpha, whole ? V::load(to) : V::load_partial(to, n));
        if (f.bias) x = x + bias;
      } else if (f.bias) {
        x = multiply_add<V, Isa>(x, alpha, bias);
      } else {
        x = x * alpha;
      }
      x = activate<kActivation>(x);
      if (whole) {
        x.store(to);
      } else {
        x.store_partial(to, n);
      }
    }
  }
}

/// C[i][j] = act(alpha·sums[i][j] [+ C[i][j]] [+ bias[j]]). Rows of `sums` are whole vectors; C is touched in its
/// `columns` only.
template <class T, class Isa>
void finish(const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns, const Finish<T>& f, T* c,
            ptrdiff_t c_row) {
  switch (f.activation) {
    case Activation::kRelu:
      return finish_as<T, Isa, Activation::kRelu>(sums, sums_row, rows, columns, f, c, c_row);
    case Activation::kSigmoid:
      return finish_as<T, Isa, Activation::kSigmoid>(sums, sums_row, rows, columns, f, c, c_row);
    case Activation::kTanh:
      return finish_as<T, Isa, Activation::kTanh>(sums, sums_row, rows, columns, f, c, c_row);
    default:
      return finish_as<T, Isa, Activation::kNone>(sums, sums_row, rows, columns, f, c, c_row);
  }
}

/// The same for a tile of the transposed product: C has `columns` rows and `rows` columns.
template <class T, class Isa>
void finish_across(const T* sums, ptrdiff_t sums_row, ptrdiff_t rows, ptrdiff_t columns, const Finish<T>& f, T* c,
                   ptrdiff_t c_row) {
  constexpr ptrdiff_t kLanes = simd::Vec<T, Isa>::kLanes;
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
  finish<T, Isa>(turned, width, columns, rows, f, c, c_row);
}

}  // namespace gradsmith::kernels
